import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { cases } from '../crds/cases.ts';
import { examples } from '../crds/examples.ts';
import { established } from '../environment/wait.ts';
import { Objects } from './crd-objects.ts';

let controlPlane: ControlPlane;
let objects: Objects;
const kubectl = (args: readonly string[]) => controlPlane.kubectl(args);

beforeAll(async () => {
  controlPlane = await ControlPlane.start({ oldest: true });
  for (const base of ['config/crd', 'config/default']) await kubectl(['apply', '-k', base]);
  await kubectl(['apply', '-f', 'test/crds']);
  await established(kubectl, '--all');
  await kubectl(['apply', '-f', 'config/samples/namespace.yaml']);
  await kubectl(['create', 'namespace', 'oldest']);
  objects = await Objects.in('oldest', controlPlane);
});

afterAll(async () => {
  objects?.close();
  await controlPlane?.stop();
});

test('is the oldest Kubernetes that README names', async () => {
  const version = JSON.parse(await kubectl(['get', '--raw=/version']));
  expect(`${version.major}.${version.minor}`).toBe('1.32');
});

test('config/default applies, and nothing is left to apply', async () => {
  await expect(kubectl(['diff', '-k', 'config/default'])).resolves.toBe('');
});

test.each(readdirSync('config/components'))('the component %s applies', async (component) => {
  const where = component === 'secrets' ? ['-n', 'oldest'] : [];
  await expect(kubectl(['apply', '-k', `config/components/${component}`, ...where])).resolves.not.toBe('');
});

const samples = readdirSync('config/samples').filter((file) => file !== 'kustomization.yaml');
test.each(samples)('the sample %s applies, and nothing is left to apply', async (file) => {
  await kubectl(['apply', '-f', `config/samples/${file}`]);
  await expect(kubectl(['diff', '-f', `config/samples/${file}`])).resolves.toBe('');
});

test.each(examples())('the example $kind $metadata.name is taken as it is', async (example) => {
  const { object, causes } = await objects.tryNew(example);
  expect(causes).toEqual([]);
  expect(object.spec).toEqual(example.spec);
});

describe('CEL', () => {
  test.each(cases.map((one, index) => ({ ...one, index, verb: one.refusal === undefined ? 'takes' : 'refuses' })))(
    '$kind $verb $title',
    (one) => objects.expectVerdict(one, `case-${one.index}`),
  );
});
