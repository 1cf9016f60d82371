import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'generated-types-'));
  for (const part of ['.prettierrc.json', 'crds', 'config/pod-identity', 'src/api/generated'])
    cpSync(part, join(copy, part), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true }));

const generateTypes = (...args: string[]) =>
  spawnSync(resolve('node_modules/.bin/tsx'), [resolve('scripts/generate-types.ts'), ...args], {
    cwd: copy,
    encoding: 'utf8',
  });

test('the generated types follow from the CRDs', () => {
  expect(generateTypes('--check')).toMatchObject({ status: 0, stderr: '' });
});

test('a change of a CRD shows until the types are generated again', () => {
  const crd = join(copy, 'crds/oidcissuers.yaml');
  writeFileSync(crd, readFileSync(crd, 'utf8').replace('keyRetention:', 'keepKeysFor:'));

  const check = generateTypes('--check');
  expect(check.status).toBe(1);
  expect(check.stderr).toBe(
    'src/api/generated/oidc-issuer.ts does not follow from crds/oidcissuers.yaml: run `npm run generate`\n',
  );

  expect(generateTypes().status).toBe(0);
  expect(generateTypes('--check').status).toBe(0);
  expect(readFileSync(join(copy, 'src/api/generated/oidc-issuer.ts'), 'utf8')).toContain('keepKeysFor?: string;');
});
