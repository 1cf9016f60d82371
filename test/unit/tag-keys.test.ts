import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { forgetTagKeys, recordTagKeys, tooManyTagKeys } from '../../src/controllers/tag-keys.ts';

const tags = (from: number, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${from + index}`, 'v']));

test.each(['oidcissuers', 'iamserviceaccounts'])('no more keys are recorded than status.tagKeys of %s takes', (crd) => {
  const { spec } = parse(readFileSync(`crds/${crd}.yaml`, 'utf8')) as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { status: { properties: object } } } } }[] };
  };
  const { status } = spec.versions[0]!.schema.openAPIV3Schema.properties;
  const { maxItems } = (status.properties as { tagKeys: { maxItems: number } }).tagKeys;
  const full = { tagKeys: Object.keys(tags(0, maxItems - 1)) };
  expect(tooManyTagKeys(full, tags(0, 40))).toBeUndefined();
  expect(tooManyTagKeys(full, tags(maxItems - 1, 1))).toBeUndefined();
  expect(tooManyTagKeys(full, tags(maxItems - 1, 2))).toContain(`more than ${maxItems}`);
});

test('keys that are forgotten make room', () => {
  const status: { tagKeys?: string[] } = {};
  for (let edit = 0; edit < 5; edit++) recordTagKeys(status, tags(edit * 40, 40));
  expect(tooManyTagKeys(status, tags(200, 40))).toContain('take the last change of the tags back');
  forgetTagKeys(status, tags(160, 40));
  expect(tooManyTagKeys(status, tags(200, 40))).toBeUndefined();
});
