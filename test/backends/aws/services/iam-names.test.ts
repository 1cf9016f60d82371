import { describe, expect, test } from '@jest/globals';
import {
  AttachRolePolicyCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  DeleteOpenIDConnectProviderCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProviderTagsCommand,
  ListRolePoliciesCommand,
  TagOpenIDConnectProviderCommand,
  TagRoleCommand,
  UntagOpenIDConnectProviderCommand,
  UntagRoleCommand,
} from '@aws-sdk/client-iam';
import { makeRole, putPolicy, readPolicy, trustPolicy } from '../rules/iam-samples.ts';
import { withFront } from '../with-front.ts';

const world = withFront();
const RoleName = 'reader';

describe('IAM, which tells names apart without regard to case,', () => {
  test('finds a role under its name in another case, and shows it as it was made', async () => {
    await makeRole(world.aws);
    const { Role } = await world.aws.iam.send(new GetRoleCommand({ RoleName: 'READER' }));
    expect(Role).toMatchObject({ RoleName, Arn: 'arn:aws:iam::123456789012:role/reader' });
  });

  test('has one inline policy of a name, under the name that it was first put with', async () => {
    const { iam } = world.aws;
    await makeRole(world.aws);
    await putPolicy(world.aws, 'Read', readPolicy());
    await putPolicy(world.aws, 'READ', readPolicy({ Sid: 'second' }));
    const names = async () => (await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames;
    expect(await names()).toEqual(['Read']);
    const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'read' }));
    expect(decodeURIComponent(PolicyDocument)).toContain('second');
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'rEAD' }));
    expect(await names()).toEqual([]);
  });

  test('attaches a managed policy once, and shows it by its own name', async () => {
    const { iam } = world.aws;
    await makeRole(world.aws);
    const made = await iam.send(new CreatePolicyCommand({ PolicyName: 'Read', PolicyDocument: readPolicy() }));
    const PolicyArn = 'arn:aws:iam::123456789012:policy/read';
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    const attached = async () => (await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies;
    expect(await attached()).toEqual([{ PolicyName: 'Read', PolicyArn: made.Policy?.Arn }]);
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: PolicyArn.toLowerCase() }));
    expect(await attached()).toEqual([]);
  });
});

describe('tags of a role, whose keys are told apart without regard to case,', () => {
  const tags = async () => (await world.aws.iam.send(new GetRoleCommand({ RoleName }))).Role?.Tags ?? [];
  const tag = (...keys: string[]) =>
    world.aws.iam.send(new TagRoleCommand({ RoleName, Tags: keys.map((Key) => ({ Key, Value: `of ${Key}` })) }));

  test('take the place of one whose key differs only in case', async () => {
    await makeRole(world.aws, { Tags: [{ Key: 'Env', Value: 'a' }] });
    await tag('env');
    expect(await tags()).toEqual([{ Key: 'env', Value: 'of env' }]);
    await tag('ENV', 'team');
    expect(await tags()).toEqual([
      { Key: 'ENV', Value: 'of ENV' },
      { Key: 'team', Value: 'of team' },
    ]);
  });

  test('go under a key in another case', async () => {
    await makeRole(world.aws, { Tags: [{ Key: 'Env', Value: 'a' }] });
    await world.aws.iam.send(new UntagRoleCommand({ RoleName, TagKeys: ['other'] }));
    expect(await tags()).toHaveLength(1);
    await world.aws.iam.send(new UntagRoleCommand({ RoleName, TagKeys: ['eNV'] }));
    expect(await tags()).toEqual([]);
  });

  test('are refused where one call has two such keys, as AWS words it', async () => {
    const refused = { name: 'InvalidInputException', message: expect.stringContaining('Duplicate tag keys found') };
    await makeRole(world.aws);
    await expect(tag('Env', 'env')).rejects.toMatchObject(refused);
    const Tags = ['Env', 'env'].map((Key) => ({ Key, Value: '' }));
    const made = makeRole(world.aws, { RoleName: 'other', AssumeRolePolicyDocument: trustPolicy(), Tags });
    await expect(made).rejects.toMatchObject(refused);
  });
});

test('tags of an OIDC provider are several where their keys differ only in case', async () => {
  const { iam } = world.aws;
  const OpenIDConnectProviderArn = 'arn:aws:iam::123456789012:oidc-provider/irsa.example.com';
  const shown = async () => (await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).Tags;
  const Url = 'https://irsa.example.com';
  const Tags = ['Env', 'env'].map((Key) => ({ Key, Value: 'first' }));
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url, Tags }));
  expect(await shown()).toEqual(Tags);
  const changed = { Key: 'Env', Value: 'second' };
  await iam.send(new TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: [changed] }));
  expect(await shown()).toEqual([changed, { Key: 'env', Value: 'first' }]);
  await iam.send(new UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys: ['env', 'ENV'] }));
  const listed = await iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }));
  expect(listed.Tags).toEqual([changed]);
  const other = await world.aws.in('111122223333');
  const foreign = other.iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }));
  await expect(foreign).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  await expect(shown()).rejects.toMatchObject({ name: 'NoSuchEntityException' });
});
