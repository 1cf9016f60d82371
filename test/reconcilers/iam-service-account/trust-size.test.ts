import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { issuer, Story } from './story.ts';

const subjectsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ namespace: 'default', name: `service-account-${index}` }));
const unread = { serviceAccountPolicy: 'Ignore' as const };

describe('a trust policy over the account’s quota', () => {
  test('is refused before IAM does, with the quota, its value and how many subjects would fit', async () => {
    const story = new Story({ ...unread, subjects: subjectsOf(60) });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'LimitExceeded' });
    const { message = '' } = story.condition('RoleReady') ?? {};
    expect(message).toMatch(
      /has \d{4} characters, and account 111122223333 takes 2048 \(IAM's quota "Role trust policy length"\)/,
    );
    const [, fitting] = /the first (\d+) would fit/.exec(message) ?? [];
    expect(story.aws.writes).toEqual([]);
    story.edit({ subjects: subjectsOf(Number(fitting) + 1) });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ reason: 'LimitExceeded' });
    story.edit({ subjects: subjectsOf(Number(fitting)) });
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.trusted).toHaveLength(Number(fitting));
  });

  test('leaves the role as it is, and says how many issuers would fit', async () => {
    const names = ['abcl0', 'b', 'c'];
    const story = new Story({ ...unread, subjects: subjectsOf(12) });
    for (const name of names) story.kube.seed(oidcIssuers, issuer(name));
    await story.reconcile();
    const before = story.role.trustPolicy;
    story.edit({ issuerRefs: names.map((name) => ({ namespace: '', name })) });
    await story.reconcile();
    expect(story.condition('TrustReady')).toMatchObject({
      reason: 'LimitExceeded',
      message: expect.stringContaining('of its 3 issuer URLs with these subjects 2 would fit'),
    });
    expect(story.role.trustPolicy).toBe(before);
  });

  test('is written where the account has a higher quota', async () => {
    const story = new Story({ ...unread, subjects: subjectsOf(60) });
    story.iam.quotas.AssumeRolePolicySizeQuota = 8192;
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is judged by IAM where the operator may not read the quota', async () => {
    const story = new Story({ ...unread, subjects: subjectsOf(60) });
    story.aws.failNext('GetAccountSummary', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({
      reason: 'LimitExceeded',
      message: expect.stringContaining('ACLSizePerRole: 2048'),
    });
    // It is not the number of roles that is over a quota.
    expect(story.condition('RoleReady')?.message).not.toContain('Roles per account');
  });
});

test('the quota is read only for a policy that is larger than every account takes', async () => {
  const story = new Story();
  await story.reconcile();
  expect(story.aws.calls.map(({ operation }) => operation)).not.toContain('GetAccountSummary');
});
