import { expect, test } from '@jest/globals';
import { acmCases } from './rules/acm.cases.ts';
import { bucketCases } from './rules/buckets.cases.ts';
import { bucketPolicyCases } from './rules/bucket-policies.cases.ts';
import { applies } from './rule.ts';
import type { Cases, World } from './rules/case.ts';
import { distributionConfigCases, wrongCertificates } from './rules/distribution-configs.cases.ts';
import { distributionCases } from './rules/distributions.cases.ts';
import { iamTagCases } from './rules/iam-tags.cases.ts';
import { iamPolicyCases, malformedTrustPolicies } from './rules/iam-policies.cases.ts';
import { makeRole } from './rules/iam-samples.ts';
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

test.each(rules.map(({ name }) => name))('%s refuses what AWS refuses', async (name) => {
  const story = cases[name];
  if (!story) throw new Error(`no case shows that ${name} refuses anything`);
  await expect(story.refused(world())).rejects.toMatchObject({
    name: story.error,
    $metadata: { httpStatusCode: story.status },
  });
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

test.each(Object.entries(wrongCertificates))('an alias with %s is refused', async (_what, refused) => {
  await expect(refused(world())).rejects.toMatchObject({ name: 'InvalidViewerCertificate' });
});

test.each(Object.entries(malformedTrustPolicies))('a trust policy with %s is malformed', async (_what, document) => {
  const role = makeRole(given.aws, { AssumeRolePolicyDocument: document });
  await expect(role).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
});

test('no two rules share a name, and each case is one of a rule', () => {
  const names = rules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(cases).filter((name) => !names.includes(name))).toEqual([]);
});
