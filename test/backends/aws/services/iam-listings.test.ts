import { beforeEach, expect, test } from '@jest/globals';
import {
  AttachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  ListRolesCommand,
  type RoleDetail,
} from '@aws-sdk/client-iam';
import { makeRole, putPolicy, readPolicy, trustPolicy } from '../rules/iam-samples.ts';
import { withFront } from '../with-front.ts';

const world = withFront();
const Path = '/irsa/demo/org-acme/';
const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';

beforeEach(async () => {
  await makeRole(world.aws, {
    ...{ Path, Description: 'reads', MaxSessionDuration: 7200, Tags: [{ Key: 'team', Value: 'a' }] },
    PermissionsBoundary: PolicyArn,
  });
});

async function details(): Promise<RoleDetail[]> {
  const { RoleDetailList = [] } = await world.aws.iam.send(
    new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }),
  );
  return RoleDetailList;
}

test('the details of a role hold its policies, boundary and tags, and neither description nor session duration', async () => {
  const document = readPolicy({ Resource: 'arn:aws:s3:::a+b/%41*' });
  await putPolicy(world.aws, 'own', document);
  await world.aws.iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));

  const [role, ...others] = await details();

  expect(others).toEqual([]);
  expect(role).toMatchObject({
    RoleName: 'reader',
    Path,
    Tags: [{ Key: 'team', Value: 'a' }],
    PermissionsBoundary: { PermissionsBoundaryArn: PolicyArn },
    AttachedManagedPolicies: [{ PolicyArn }],
  });
  expect(role).not.toHaveProperty('Description');
  expect(role).not.toHaveProperty('MaxSessionDuration');
  const inline = role?.RolePolicyList?.map(({ PolicyName, PolicyDocument = '' }) => [PolicyName, PolicyDocument]);
  expect(inline).toEqual([['own', expect.stringMatching(/^%7B/)]]);
  expect(JSON.parse(decodeURIComponent(inline?.[0]?.[1] ?? ''))).toEqual(JSON.parse(document));
  expect(role?.AssumeRolePolicyDocument).toMatch(/^%7B/);
  expect(JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? ''))).toEqual(JSON.parse(trustPolicy()));
});

test('a list of roles holds description and session duration, and neither tags nor boundary', async () => {
  await makeRole(world.aws, { RoleName: 'elsewhere' });
  const { Roles = [] } = await world.aws.iam.send(new ListRolesCommand({ PathPrefix: '/irsa/demo/' }));

  expect(Roles).toMatchObject([{ RoleName: 'reader', Description: 'reads', MaxSessionDuration: 7200 }]);
  expect(Roles[0]).not.toHaveProperty('Tags');
  expect(Roles[0]).not.toHaveProperty('PermissionsBoundary');
  expect(Roles[0]?.AssumeRolePolicyDocument).toMatch(/^%7B/);
});

interface Page {
  readonly length: number;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}
type Input = { readonly MaxItems: number; readonly Marker?: string | undefined };

test.each<{ name: string; list: (input: Input) => Promise<Page> }>([
  {
    name: 'details',
    async list(input) {
      const command = new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'], ...input });
      const { RoleDetailList = [], IsTruncated, Marker } = await world.aws.iam.send(command);
      return { length: RoleDetailList.length, IsTruncated, Marker };
    },
  },
  {
    name: 'a list',
    async list(input) {
      const { Roles = [], IsTruncated, Marker } = await world.aws.iam.send(new ListRolesCommand(input));
      return { length: Roles.length, IsTruncated, Marker };
    },
  },
])('$name of roles comes in pages, which may be shorter than was asked for', async ({ list }) => {
  for (const RoleName of ['b', 'c']) await makeRole(world.aws, { RoleName });
  world.front.state.timing.rolesOnPage = 2;

  const first = await list({ MaxItems: 1000 });
  expect(first).toMatchObject({ length: 2, IsTruncated: true });
  const rest = await list({ MaxItems: 1000, Marker: first.Marker });
  expect(rest).toEqual({ length: 1, IsTruncated: false, Marker: undefined });
  expect((await list({ MaxItems: 1 })).length).toBe(1);
  await expect(list({ MaxItems: 1001 })).rejects.toMatchObject({ name: 'ValidationError' });
});

test('details show the tags of a new role as late as GetRole does', async () => {
  world.front.state.timing.readsWithoutTags = 1;
  await makeRole(world.aws, { RoleName: 'new', Tags: [{ Key: 'team', Value: 'a' }] });
  const tags = async () => (await details()).find(({ RoleName }) => RoleName === 'new')?.Tags ?? [];

  expect(await tags()).toEqual([]);
  expect(await tags()).toEqual([{ Key: 'team', Value: 'a' }]);
});

test('the summary of an account holds its quotas and how many roles there are', async () => {
  const { SummaryMap } = await world.aws.iam.send(new GetAccountSummaryCommand({}));
  expect(SummaryMap).toMatchObject({
    ...{ Roles: 1, RolesQuota: 1000, AttachedPoliciesPerRoleQuota: 10, AssumeRolePolicySizeQuota: 2048 },
    RolePolicySizeQuota: 10_240,
  });
});
