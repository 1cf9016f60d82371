import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { conditionTypes, reasons } from '../../src/api/conditions.ts';

const page = readFileSync('docs/conditions.md', 'utf8');
const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

test.each([...conditionTypes])('docs/conditions.md explains the condition %s', (type) => {
  expect(page).toMatch(new RegExp(`^\\| \`${type}\` +\\|`, 'm'));
});

test.each([...reasons])('docs/conditions.md says what to do about %s', (reason) => {
  expect(page).toMatch(new RegExp(`^\\| \`${reason}\` +\\|`, 'm'));
});

test.each([...reasons])('the reason %s is given somewhere', (reason) => {
  // Once where it is declared, and once more at least.
  expect(sources.split(`'${reason}'`).length - 1).toBeGreaterThan(1);
});

const eventReasons = [
  ...sources.matchAll(/event\(\s*'(?:Normal|Warning)',\s*'(\w+)'/g),
  ...sources.matchAll(/type: '(?:Normal|Warning)', reason: '(\w+)'/g),
].map(([, reason]) => reason!);

test.each([...new Set(eventReasons)])('docs/conditions.md explains the event %s', (reason) => {
  expect(page).toMatch(new RegExp(`^\\| \`${reason}\` +\\|`, 'm'));
});

const pages = [
  'README.md',
  ...execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'docs/*.md', 'config/**/*.md'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n'),
];

test.each(pages)('the links of %s lead to files that are there', (file) => {
  const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target!);
  expect(links.filter((target) => !existsSync(join(dirname(file), target)))).toEqual([]);
});
