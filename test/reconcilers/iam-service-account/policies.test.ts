import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Story, document, readOnly, roleName } from './story.ts';

const own = 'arn:aws:iam::111122223333:policy/teams/web';

test('gives the role its policies, the inline ones byte for byte as the user wrote them', async () => {
  const story = new Story({
    policies: {
      managed: ['AmazonS3ReadOnlyAccess', readOnly, 'service-role/AWSBatchServiceRole', own],
      inline: [{ name: 'echo', document }],
    },
  });
  story.iam.policies.add(own);
  await story.reconcile();
  expect([...story.role.managed]).toEqual([readOnly, 'arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole', own]);
  expect(story.role.inline.get('echo')).toBe(document);
  expect(story.aws.writes).toHaveLength(1 + 3 + 1);
  expect(story.aws.reads).toEqual([]);
  expect(story.condition('PoliciesReady')).toMatchObject({ status: 'True' });
});

test.each([
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
  ['aws-iso', 'us-iso-east-1'],
  ['aws-iso-b', 'us-isob-east-1'],
  ['aws-iso-e', 'eu-isoe-west-1'],
  ['aws-iso-f', 'us-isof-south-1'],
  ['aws-eusc', 'eusc-de-east-1'],
])('a policy that is named without an ARN is the one of the partition %s', async (partition, region) => {
  const story = new Story({ policies: { managed: ['AmazonS3ReadOnlyAccess'] } });
  story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { region, hosting: { s3: {} } } });
  story.aws.region = region;
  story.accounts = story.aws.accounts();
  story.restart();
  await story.reconcile();
  expect([...story.role.managed]).toEqual([`arn:${partition}:iam::aws:policy/AmazonS3ReadOnlyAccess`]);
  expect(story.status.roleARN).toBe(`arn:${partition}:iam::111122223333:role/irsa/test/default/${roleName}`);
});

test('leaves an inline policy alone that IAM gives back in other words', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.inline.set('echo', JSON.stringify(JSON.parse(document), undefined, 2));
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
});

test('repairs what somebody attached, detached, wrote and changed, and writes only that', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.managed.clear();
  story.role.managed.add('arn:aws:iam::aws:policy/AdministratorAccess');
  story.role.inline.set('echo', '{"Version":"2012-10-17","Statement":[]}').set('theirs', '{}');
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['AttachRolePolicy', 'PutRolePolicy', 'DetachRolePolicy', 'DeleteRolePolicy']);
  expect([...story.role.managed]).toEqual([readOnly]);
  expect([...story.role.inline]).toEqual([['echo', document]]);
});

test('sees all policies, however many pages IAM needs for them', async () => {
  const story = new Story();
  await story.reconcile();
  story.aws.pageSize = 1;
  for (const name of ['A', 'B', 'C']) {
    story.role.managed.add(`arn:aws:iam::aws:policy/${name}`);
    story.role.inline.set(name, '{}');
  }
  await story.reconcile();
  expect([...story.role.managed]).toEqual([readOnly]);
  expect([...story.role.inline.keys()]).toEqual(['echo']);
});

test('has nothing against names in another case, which are the same to IAM', async () => {
  const story = new Story({
    policies: { managed: [own.toUpperCase().replace(/^ARN:AWS:IAM::(\d+):POLICY/, 'arn:aws:iam::$1:policy')] },
  });
  story.iam.policies.add(own);
  await story.reconcile();
  expect([...story.role.managed]).toEqual([own]);
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
});

test.each([
  [
    'inline',
    {
      inline: [
        { name: 'read', document },
        { name: 'Read', document },
      ],
    },
    'spec.policies.inline: IAM takes read and Read for one name',
  ],
  ['managed', { managed: ['AmazonS3ReadOnlyAccess', 'amazons3readonlyaccess'] }, 'spec.policies.managed: IAM takes'],
])('refuses two %s policies whose names IAM takes for one', async (_, policies, message) => {
  const story = new Story({ policies });
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  expect(story.condition('Accepted')?.message).toContain(message);
  expect(story.aws.writes).toEqual([]);
});

test('follows the spec', async () => {
  const story = new Story();
  await story.reconcile();
  story.edit({ policies: { managed: [], inline: [{ name: 'other', document }] } });
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['PutRolePolicy', 'DetachRolePolicy', 'DeleteRolePolicy']);
  expect([...story.role.managed]).toEqual([]);
  expect([...story.role.inline.keys()]).toEqual(['other']);
});

test.each([
  ['UpdateRole', { role: { management: 'Full', description: 'reads' } }],
  ['UpdateAssumeRolePolicy', { subjects: [{ namespace: 'default', name: 'other' }] }],
  ['AttachRolePolicy', { policies: { managed: ['AmazonS3ReadOnlyAccess', 'AWSXrayWriteOnlyAccess'] } }],
] as const)(
  'takes a refusal of %s for a missing permission only when the role is not new any more',
  async (operation, spec) => {
    const story = new Story();
    await story.reconcile();
    story.edit(spec);
    story.aws.failNext(operation, new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    expect(story.said).toEqual([expect.objectContaining({ reason: 'Ready' })]);
    await story.clock.advance(minutes(2));
    story.aws.failNext(operation, new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
  },
);

test('waits where parts of IAM do not know the policies of the new role yet', async () => {
  const story = new Story();
  await story.reconcile();
  story.askForLook();
  story.aws.failNext('ListRolePolicies', new ServiceError('NoSuchEntityException', 404));
  await story.reconcile();
  expect(story.condition('PoliciesReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('swaps one of as many policies as a role may have', async () => {
  const managed = Array.from({ length: 10 }, (_, index) => `Policy${index}`);
  const story = new Story({ policies: { managed } });
  await story.reconcile();
  story.edit({ policies: { managed: ['Another', ...managed.slice(1)] } });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  expect([...story.role.managed]).toContain('arn:aws:iam::aws:policy/Another');
});

describe('a managed policy that does not exist', () => {
  async function withMissing(): Promise<Story> {
    const story = new Story();
    story.iam.unknownPolicies.add(readOnly);
    await story.reconcile();
    return story;
  }

  test('is waited for while the role is new: IAM does not tell which of the two it misses', async () => {
    const story = await withMissing();
    expect(story.condition('PoliciesReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    expect(story.condition('Stalled')).toBeUndefined();
  });

  test('is then named, and the service account is annotated nevertheless', async () => {
    const story = await withMissing();
    await story.clock.advance(minutes(2));
    await story.reconcile();
    const message = expect.stringContaining(readOnly);
    expect(story.condition('PoliciesReady')).toMatchObject({ status: 'False', reason: 'PolicyNotFound', message });
    expect(story.condition('Stalled')).toMatchObject({ status: 'True', message });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True' });
  });

  test('is attached once it exists', async () => {
    const story = await withMissing();
    story.iam.unknownPolicies.clear();
    await story.reconcile();
    expect([...story.role.managed]).toEqual([readOnly]);
    expect([...story.role.inline.keys()]).toEqual(['echo']);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

test('takes away what the spec took away, although something that it adds does not exist', async () => {
  const story = new Story({ policies: { managed: ['AdministratorAccess'], inline: [{ name: 'echo', document }] } });
  await story.reconcile();
  await story.clock.advance(minutes(5));
  story.iam.unknownPolicies.add('arn:aws:iam::aws:policy/AmazonS3ReadOnlyAcces');
  story.edit({ policies: { managed: ['AmazonS3ReadOnlyAcces'], inline: [{ name: 'other', document }] } });
  await story.reconcile();
  expect(story.condition('PoliciesReady')).toMatchObject({ status: 'False', reason: 'PolicyNotFound' });
  expect([...story.role.managed]).toEqual([]);
  expect([...story.role.inline.keys()]).toEqual(['other']);
});

test.each([
  ['is throttled', new ServiceError('ThrottlingException', 400)],
  ['fails', new ServiceError('ServiceFailureException', 500)],
  ['is refused', new ServiceError('AccessDenied', 403)],
])('keeps a policy under its old name while putting it under the new one %s', async (_, fault) => {
  const story = new Story();
  await story.reconcile();
  story.edit({ policies: { inline: [{ name: 'renamed', document }] } });
  story.aws.failNext('PutRolePolicy', fault);
  await story.reconcile();
  expect([...story.role.inline.keys()]).toEqual(['echo']);
  await story.reconcile();
  expect([...story.role.inline.keys()]).toEqual(['renamed']);
});

test('says which limit of AWS is reached', async () => {
  const managed = Array.from({ length: 11 }, (_, index) => `Policy${index}`);
  const story = new Story({ policies: { managed } });
  await story.reconcile();
  expect(story.condition('PoliciesReady')).toMatchObject({
    reason: 'LimitExceeded',
    message: expect.stringContaining(
      'spec.policies.managed: account 111122223333 takes 10, and no more (IAM\'s quota "Managed policies per role"): name fewer policies, or ask AWS for a higher quota',
    ),
  });
  expect(story.condition('Stalled')).toMatchObject({ status: 'True', reason: 'LimitExceeded' });
});

test('is throttled without being stalled', async () => {
  const story = new Story();
  story.aws.failNext('AttachRolePolicy', new ServiceError('ThrottlingException', 400));
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('PoliciesReady')).toMatchObject({ status: 'False', reason: 'Throttled' });
  expect(story.condition('Stalled')).toBeUndefined();
});

test('goes with the role, also what somebody added', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.inline.set('theirs', '{}');
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.iam.roles.has(roleName)).toBe(false);
});
