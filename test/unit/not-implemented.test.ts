import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import {
  type Fields,
  findNotBuilt,
  iamServiceAccountFields,
  oidcIssuerFields,
} from '../../src/controllers/not-implemented.ts';

interface Schema {
  readonly type: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

function leaves(schema: Schema, path: string): string[] {
  if (schema.items) return leaves(schema.items, `${path}[]`);
  if (schema.additionalProperties) return [`${path}.*`];
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return [path];
  return fields.flatMap(([name, field]) => leaves(field, path === '' ? name : `${path}.${name}`));
}

describe.each<[string, Fields]>([
  ['iamserviceaccounts', iamServiceAccountFields],
  ['oidcissuers', oidcIssuerFields],
])('the spec of %s', (file, { built, notBuilt }) => {
  const crd = parse(readFileSync(new URL(`../../crds/${file}.yaml`, import.meta.url), 'utf8'));
  const paths = leaves(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec, '');

  test.each(paths)('says of %s whether it is built', (path) => {
    expect([built.includes(path), path in notBuilt]).toContain(true);
    expect(built.includes(path) && path in notBuilt).toBe(false);
  });

  test('has each field that is listed', () => {
    expect([...built, ...Object.keys(notBuilt)].filter((path) => !paths.includes(path))).toEqual([]);
  });
});

describe('a spec', () => {
  const role = { issuerRefs: [{ name: 'a' }], subjects: [], deletionPolicy: 'Delete', suspend: false };

  test.each<[string, object, string | undefined]>([
    ['with only what is built', { ...role, tags: { a: 'b', 'c/d': 'e' } }, undefined],
    [
      'with a default said aloud',
      { ...role, role: { management: 'Full' }, serviceAccountPolicy: 'Annotate' },
      undefined,
    ],
    ['with empty parts', { ...role, tags: {}, policies: {}, session: {}, role: { management: 'Full' } }, undefined],
    ['with a field of a later version', { ...role, later: { on: true } }, 'later.on'],
  ])('%s', (_, spec, field) => expect(findNotBuilt(spec, iamServiceAccountFields)).toBe(field));

  test.each<[string, object, string | undefined]>([
    ['reached in its own cluster', { cluster: { inCluster: {} } }, undefined],
    ['that keeps a policy for pods', { cluster: { inCluster: {}, podIdentity: 'Policy' } }, undefined],
    ['with the API server as source of its keys', { signingKeys: { apiServer: {} } }, undefined],
    ['in a public bucket', { hosting: { s3: {} } }, undefined],
    ['under the name of its distribution', { hosting: { cloudFront: {} } }, undefined],
    ['with records in Route 53', { hosting: { cloudFront: { dns: { route53: {} } } } }, undefined],
    ['with records made by hand', { hosting: { cloudFront: { dns: { manual: {} } } } }, undefined],
    ['whose key never rotates', { signingKeys: { generate: { secretName: 'a', rotateEvery: '0s' } } }, undefined],
    ['whose key rotates', { signingKeys: { generate: { secretName: 'a', rotateEvery: '24h' } } }, undefined],
    ['of two accounts', { additionalAccounts: [{ roleARN: 'x' }] }, undefined],
    ['with an empty list', { later: [] }, undefined],
  ])('of an issuer %s', (_, spec, field) => expect(findNotBuilt(spec, oidcIssuerFields)).toBe(field));
});
