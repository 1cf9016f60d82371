import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Story, issuer, readOnly, ref, roleARN, roleName, siteOf } from './story.ts';

const boundary = 'arn:aws:iam::111122223333:policy/boundary';

test('creates the role with all that is asked for, by writes alone and each once', async () => {
  const story = new Story({
    role: { management: 'Full', description: 'reads', maxSessionDuration: '2h', permissionsBoundary: boundary },
    tags: { team: 'web' },
  });
  story.iam.policies.add(boundary);
  await story.reconcile();
  expect(story.aws.writes).toEqual(['CreateRole', 'AttachRolePolicy', 'PutRolePolicy']);
  expect(story.aws.reads).toEqual([]);
  expect(story.role).toMatchObject({
    arn: roleARN,
    path: '/irsa/test/default/',
    description: 'reads',
    maxSessionDuration: 7200,
    permissionsBoundary: boundary,
    tags: {
      team: 'web',
      'irsa.giantswarm.io/installation': 'test',
      'irsa.giantswarm.io/cluster': 'abcl0',
      'irsa.giantswarm.io/owner': 'IAMServiceAccount/default/s3-reader',
      'irsa.giantswarm.io/home': 'home-of-test',
    },
  });
  expect(story.status).toMatchObject({ roleARN, roleName, accountID: '111122223333' });
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('takes the name and the path that the user chose', async () => {
  const story = new Story({ role: { management: 'Full', name: 'Reader', path: '/teams/' } });
  await story.reconcile();
  expect(story.status.roleARN).toBe('arn:aws:iam::111122223333:role/teams/Reader');
});

test('is made in the account that the issuer is in', async () => {
  const story = new Story();
  const operator = 'arn:aws:iam::444455556666:role/operator';
  const url = 'https://irsa.abcl0.example.com';
  const provider = {
    url,
    arn: 'arn:aws:iam::444455556666:oidc-provider/irsa.abcl0.example.com',
    audiences: ['sts.amazonaws.com'],
    owned: true,
  };
  story.kube.seed(
    oidcIssuers,
    issuer('abcl0', {
      spec: { account: { roleARN: operator } },
      status: {
        sites: [siteOf(url)],
        accountID: '444455556666',
        providers: [{ ...provider, accountID: '444455556666' }],
      },
    }),
  );
  await story.reconcile();
  expect(story.aws.account('444455556666').roles.has(roleName)).toBe(true);
  expect(story.iam.roles.size).toBe(0);
  expect(story.status).toMatchObject({ accountID: '444455556666', accountRoleARN: operator });
});

test('is reached in its account as its present issuer says', async () => {
  const story = new Story();
  const operator = 'arn:aws:iam::111122223333:role/operator';
  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: { account: { roleARN: operator } } }));
  await story.reconcile();
  expect(story.status.accountRoleARN).toBe(operator);
  story.kube.seed(oidcIssuers, issuer('other'));
  story.edit({ issuerRefs: [{ namespace: '', name: 'other' }] });
  await story.reconcile();
  expect(story.status.accountRoleARN).toBeUndefined();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('leaves a matching role alone, with three reads and one for each inline policy if it is asked to look', async () => {
  const story = new Story();
  await story.reconcile();
  story.askForLook();
  story.forget();
  await story.reconcile();
  expect(story.aws.reads).toEqual(['GetRole', 'ListAttachedRolePolicies', 'ListRolePolicies', 'GetRolePolicy']);
  expect([...story.aws.writes, ...story.workload.writes]).toEqual([]);
});

describe('repairs', () => {
  test('settings, boundary and tags that somebody changed, and keeps the tags of others', async () => {
    const story = new Story({ role: { management: 'Full', description: 'reads' }, tags: { team: 'web' } });
    await story.reconcile();
    Object.assign(story.role, { description: 'mine', maxSessionDuration: 43_200, permissionsBoundary: boundary });
    Object.assign(story.role.tags, { team: 'ops', 'cost-centre': '7' });
    await story.reconcile();
    expect(story.role).toMatchObject({
      description: 'reads',
      maxSessionDuration: 3600,
      permissionsBoundary: undefined,
      tags: { team: 'web', 'cost-centre': '7' },
    });
  });

  test('a role that somebody deleted, policies and all', async () => {
    const story = new Story();
    await story.reconcile();
    await story.clock.advance(minutes(5));
    story.iam.roles.clear();
    await story.reconcile();
    expect(story.role.managed).toEqual(new Set([readOnly]));
    expect([...story.role.inline.keys()]).toEqual(['echo']);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

test('changes description, session length and boundary with the spec', async () => {
  const story = new Story();
  await story.reconcile();
  story.iam.policies.add(boundary);
  story.edit({ role: { description: 'new', maxSessionDuration: '2h', permissionsBoundary: boundary } });
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['UpdateRole', 'PutRolePermissionsBoundary']);
  expect(story.role).toMatchObject({ description: 'new', maxSessionDuration: 7200, permissionsBoundary: boundary });
});

test('refuses tags that the status cannot remember beside those of former specs, before anything is sent to AWS', async () => {
  const story = new Story();
  await story.reconcile();
  const tagKeys = Array.from({ length: 200 }, (_, index) => `former-${index}`);
  await story.kube.patch(iamServiceAccounts, ref, { status: { tagKeys } }, { subresource: 'status' });
  story.edit({ tags: { team: 'web' } });
  story.forget();
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  expect(story.condition('Accepted')?.message).toContain('take the last change of the tags back');
  expect(story.aws.calls).toEqual([]);
  story.edit({ tags: null });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  expect(story.status.tagKeys).toBeUndefined();
});

describe('a tag that left the spec', () => {
  test('leaves the role, and those of others stay', async () => {
    const story = new Story({ tags: { team: 'web', stage: 'test' } });
    await story.reconcile();
    story.role.tags = { ...story.role.tags, 'cost-centre': '7' };
    story.edit({ tags: { stage: null } });
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual(['UntagRole']);
    expect(story.role.tags).toMatchObject({ team: 'web', 'cost-centre': '7' });
    expect(story.role.tags).not.toHaveProperty('stage');
    expect(story.status.tagKeys).toEqual(['team']);
    story.forget();
    await story.reconcile();
    expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
  });

  test('leaves it later where AWS did not answer, also if the spec changed once more meanwhile', async () => {
    const story = new Story({ tags: { stage: 'test' } });
    await story.reconcile();
    story.edit({ tags: { team: 'web', stage: null } });
    story.aws.failNext('UntagRole', new ServiceError('ServiceUnavailable', 503));
    await story.reconcile();
    expect(story.status.tagKeys).toEqual(['stage', 'team']);
    story.edit({ tags: null });
    await story.reconcile();
    expect(story.role.tags).not.toHaveProperty('stage');
    expect(story.role.tags).not.toHaveProperty('team');
    expect(story.status.tagKeys).toBeUndefined();
  });

  test('that only changed its case is the same tag to IAM', async () => {
    const story = new Story({ tags: { team: 'web' } });
    await story.reconcile();
    story.edit({ tags: { team: null, Team: 'web' } });
    story.forget();
    await story.reconcile();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.role.tags).toMatchObject({ team: 'web' });
  });
});

test('gives no role the tags of another', async () => {
  const story = new Story({ tags: { team: 'web' } });
  story.apply({ role: { management: 'Full', name: 'other' } }, 'other');
  await story.reconcile();
  await story.reconcile('other');
  expect(story.iam.roles.get('other')?.tags).not.toHaveProperty('team');
});

describe('waits', () => {
  test('for an issuer that does not exist, and asks AWS nothing', async () => {
    const story = new Story({ issuerRefs: [{ namespace: '', name: 'later' }] });
    const { requeueAfter } = await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False', reason: 'IssuerNotFound' });
    // The issuer's own change wakes it.
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'DependencyNotReady' });
    expect(story.aws.calls).toEqual([]);
    expect(requeueAfter).toBe(story.settings.intervals.resync);
  });

  test('for an issuer whose provider is not there, and goes on when it is', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { status: { issuerURL: 'https://irsa.abcl0.example.com' } }));
    await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False', reason: 'IssuerNotReady' });
    expect(story.aws.calls).toEqual([]);
    story.kube.seed(oidcIssuers, issuer());
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('for a new role that IAM does not know everywhere, and makes no second one', async () => {
    const story = new Story();
    await story.reconcile();
    story.iam.roles.clear();
    story.forget();
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    expect(story.aws.writes).toEqual([]);
    await story.clock.advance(minutes(2));
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('for the tags of its new role, which IAM may show later than the role', async () => {
    const story = new Story();
    await story.reconcile();
    const { tags } = story.role;
    story.role.tags = {};
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    expect(story.condition('Stalled')).toBeUndefined();
    story.role.tags = tags;
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('while it is suspended', async () => {
    const story = new Story({ suspend: true });
    await story.reconcile();
    expect(story.status).toEqual({ observedGeneration: 1 });
    expect(story.aws.calls).toEqual([]);
  });
});

describe('refuses', () => {
  test('a role of that name that somebody else made, and touches nothing of it', async () => {
    const story = new Story();
    story.iam.CreateRole({ RoleName: roleName, Path: '/', AssumeRolePolicyDocument: '{"Statement":[]}' });
    story.iam.AttachRolePolicy({ RoleName: roleName, PolicyArn: readOnly });
    const before = structuredClone(story.role);
    await story.clock.advance(minutes(1));
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.condition('Stalled')).toMatchObject({ status: 'True', reason: 'NotOwned' });
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'NotOwned' }));
    expect(story.annotations()).toEqual({});
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.role).toEqual(before);
  });

  test('a role whose tags name another installation', async () => {
    const story = new Story();
    await story.reconcile();
    story.role.tags['irsa.giantswarm.io/installation'] = 'other';
    story.forget();
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
    expect(story.aws.writes).toEqual([]);
  });

  test('to pretend that a role moved to another path', async () => {
    const story = new Story({ deletionPolicy: 'Retain', role: { management: 'Full', name: roleName, path: '/old/' } });
    await story.reconcile();
    story.delete();
    await story.reconcile();
    story.apply({ role: { management: 'Full', name: roleName, path: '/new/' } });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'ImmutableField' });
  });
});

test('finds its own role again when the object comes back without its status', async () => {
  const story = new Story({ deletionPolicy: 'Retain' });
  await story.reconcile();
  story.delete();
  await story.reconcile();
  story.apply();
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['CreateRole']);
  expect(story.status.roleARN).toBe(roleARN);
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

describe('a permissions boundary that does not exist', () => {
  const boundary = 'arn:aws:iam::111122223333:policy/boundary';
  const role = { management: 'Full' as const, permissionsBoundary: boundary };
  const message = expect.stringContaining(`spec.role.permissionsBoundary: policy ${boundary} does not exist`);

  test('is named, and the role is made once it is there', async () => {
    const story = new Story({ role });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'PolicyNotFound', message });
    story.iam.policies.add(boundary);
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is named also where an old role is to get it', async () => {
    const story = new Story();
    await story.reconcile();
    await story.clock.advance(minutes(2));
    story.edit({ role });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'PolicyNotFound', message });
    expect(story.condition('Stalled')).toMatchObject({ status: 'True', message });
  });

  test('is named with the Guardrail that forces it, which no tenant can mend', async () => {
    const story = new Story();
    story.admission.role = () => ({ allowed: true, guardrail: 'team-a', permissionsBoundary: boundary });
    await story.reconcile();
    const forced = expect.stringContaining(`Guardrail team-a puts on roles: policy ${boundary} does not exist`);
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'PolicyNotFound', message: forced });
  });
});

describe('an account that has all the roles it may have', () => {
  const full = () => new ServiceError('LimitExceededException', 409, 'Cannot exceed quota for RolesPerAccount: 1000');

  test('is told with the quota, its value and the remedy, and the role is made once there is room', async () => {
    const story = new Story();
    story.aws.failNext('CreateRole', full());
    await story.reconcile();
    const message = expect.stringContaining(
      'account 111122223333 takes 1000, and no more (IAM\'s quota "Roles per account"): delete roles that nobody needs, or ask AWS for a higher quota',
    );
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'LimitExceeded', message });
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'LimitExceeded', message }));
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is told also if the operator may not read the quotas', async () => {
    const story = new Story();
    story.aws.failNext('CreateRole', full());
    story.aws.failNext('GetAccountSummary', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({
      reason: 'LimitExceeded',
      message: expect.stringMatching(/takes no more \(IAM's quota "Roles per account"\).*RolesPerAccount: 1000/),
    });
  });
});

test('names the missing action and the account when AWS refuses, and goes on when it does not', async () => {
  const story = new Story();
  story.aws.failNext('CreateRole', new ServiceError('AccessDenied', 403));
  expect(await story.reconcile()).toEqual({ failed: true });
  const message = expect.stringMatching(/iam:CreateRole.*111122223333/);
  expect(story.condition('RoleReady')).toMatchObject({ reason: 'AccessDenied', message });
  expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'AccessDenied', message }));
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});
