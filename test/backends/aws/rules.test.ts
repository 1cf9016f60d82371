import { expect, test } from '@jest/globals';
import { acmCases } from './rules/acm.cases.ts';
import { bucketCases } from './rules/buckets.cases.ts';
import { bucketPolicyCases } from './rules/bucket-policies.cases.ts';
import { applies } from './rule.ts';
import type { Cases, World } from './rules/case.ts';
import { distributionConfigCases } from './rules/distribution-configs.cases.ts';
import { distributionCases } from './rules/distributions.cases.ts';
import { functionCases } from './rules/functions.cases.ts';
import { iamTagCases } from './rules/iam-tags.cases.ts';
import { iamPolicyCases } from './rules/iam-policies.cases.ts';
import { rules } from './rules/index.ts';
import { originAccessControlCases } from './rules/origin-access-controls.cases.ts';
import { providerCases } from './rules/providers.cases.ts';
import { roleCases } from './rules/roles.cases.ts';
import { route53Cases } from './rules/route53.cases.ts';
import { withFront } from './with-front.ts';

const cases: Cases = {
  ...acmCases,
  ...bucketCases,
  ...bucketPolicyCases,
  ...distributionCases,
  ...distributionConfigCases,
  ...functionCases,
  ...iamPolicyCases,
  ...iamTagCases,
  ...originAccessControlCases,
  ...providerCases,
  ...roleCases,
  ...route53Cases,
};

const given = withFront();

function world(): World {
  const { front, aws } = given;
  return { front, aws, other: () => aws.in('111122223333') };
}

test('each rule is seen to refuse something, and each case is one of a rule', () => {
  const names = rules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(cases).sort()).toEqual(names.sort());
});

const refusals = Object.entries(cases).flatMap(([name, { error, status, refused, alsoRefused = {} }]) => [
  { name, what: 'what AWS refuses', error, status, refused },
  ...Object.entries(alsoRefused).map(([what, more]) => ({
    ...{ name, what, error, status },
    ...(typeof more === 'function' ? { refused: more } : more),
  })),
]);

test.each(refusals)('$name refuses $what', async ({ name, error, status, refused }) => {
  await expect(refused(world())).rejects.toMatchObject({ name: error, $metadata: { httpStatusCode: status } });
  expect(given.front.refusals).toEqual([name]);
});

test.each(rules.map((rule) => [rule.name, rule] as const))('%s lets pass what AWS does', async (name, rule) => {
  await cases[name]?.allowed(world());
  expect(given.front.refusals).toEqual([]);
  expect(given.front.calls.some((call) => applies(rule, call))).toBe(true);
});

test('each rule names the AWS page it follows', () => {
  const page = expect.stringMatching(/^https:\/\/docs\.aws\.amazon\.com\/\S+\.html(#\S+)?$/);
  expect(rules).toEqual(rules.map(() => expect.objectContaining({ page })));
});
