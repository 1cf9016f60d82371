import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Fault } from '../backends/aws/faults.ts';
import { Environment } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, mayWrite, oidcIssuer, roleARN } from './objects.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(120_000);

let environment: Environment;
let workspace: Workspace;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, 'org-acme');
  // So that on a slow machine too what was made counts as new until its tags show.
  await environment.startOperator({ intervals: { propagation: '1m' } });
});

afterAll(() => environment?.stop());

/** Every write that an issuer and a role take, and reads that decide about one. */
const operations = [
  'AssumeRole',
  'CreateBucket',
  'GetBucketTagging',
  'RequestCertificate',
  'AddTagsToCertificate',
  'DescribeCertificate',
  'ListCertificates',
  'ChangeResourceRecordSets',
  'CreateOriginAccessControl',
  'CreateDistributionWithTags',
  'GetDistribution',
  'PutBucketPolicy',
  'PutObject',
  'CreateOpenIDConnectProvider',
  'CreateRole',
  'AttachRolePolicy',
  'PutRolePolicy',
];

/** What an issuer and a role have on AWS. */
const oneOfEach = {
  bucket: 1,
  object: 2,
  certificate: 1,
  originAccessControl: 1,
  distribution: 1,
  // The alias twice, for IPv4 and IPv6, and what proves the domain to ACM.
  record: 3,
  provider: 1,
  role: 1,
};

test.each<{ what: string; name: string; accountID: string; fault: Fault; faulty?: readonly string[] }>([
  {
    what: 'is throttled',
    name: 'throttle',
    accountID: '111111111111',
    fault: { kind: 'throttle' },
    // Not all: the SDK then sends that service no more than a call every other second for a while.
    faulty: ['AssumeRole', 'RequestCertificate', 'CreateRole'],
  },
  {
    what: 'is answered by a load balancer that has no server',
    name: 'html',
    accountID: '222222222222',
    fault: { kind: 'serverError', status: 503, html: true },
  },
  { what: 'ends in a closed connection', name: 'reset', accountID: '333333333333', fault: { kind: 'reset' } },
  {
    what: 'takes effect and is answered by half',
    name: 'truncate',
    accountID: '444444444444',
    fault: { kind: 'truncate' },
  },
  {
    what: 'is not answered until the operator gives up',
    name: 'stall',
    accountID: '555555555555',
    fault: { kind: 'stall', ms: 15_500 },
    // Each takes the operator its patience.
    faulty: ['CreateOpenIDConnectProvider'],
  },
])('a call that $what is made good, once for each operation', async (row) => {
  const { name, accountID, fault, faulty = operations } = row;
  const account = await workspace.account(accountID);
  environment.front.clearCalls();
  for (const operation of faulty) environment.front.fail(operation, fault);
  await workspace.apply(
    oidcIssuer(name, { account: { roleARN: roleARN(accountID) } }),
    iamServiceAccount(name, name, {
      policies: {
        managed: ['AmazonS3ReadOnlyAccess'],
        inline: [{ name: 'write', document: mayWrite('acme-echo', '') }],
      },
    }),
  );
  await workspace.ready(`oidcissuer/${name}`, `iamserviceaccount/${name}`);
  const called = new Set(environment.front.calls.map(({ operation }) => operation));
  expect(faulty.filter((operation) => !called.has(operation))).toEqual([]);
  expect(counts(await holdings(account))).toEqual(oneOfEach);
});

test('what shows its tags late is waited for, and counts neither as a stranger’s nor as gone', async () => {
  const name = 'late';
  const account = await workspace.account('777777777777');
  const { front } = environment;
  front.state.timing.readsWithoutTags = 1;
  // Where the answer is lost, AWS alone knows what was made, and it has to be found again. S3 answers a bucket without a body.
  for (const operation of ['CreateDistributionWithTags', 'CreateOpenIDConnectProvider', 'CreateRole']) {
    front.fail(operation, { kind: 'truncate' });
  }
  front.fail('CreateBucket', { kind: 'tookEffect', then: () => undefined });
  await workspace.apply(
    oidcIssuer(name, { account: { roleARN: roleARN('777777777777') } }),
    iamServiceAccount(name, name, { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
  );
  await workspace.ready(`oidcissuer/${name}`, `iamserviceaccount/${name}`);
  front.state.timing.readsWithoutTags = 0;

  // The operator has read each of the four without its tags.
  expect([...front.state.lateTags.reads.values()]).toEqual([0, 0, 0, 0]);
  const held = await holdings(account);
  expect(counts(held)).toEqual(oneOfEach);
  const owners = {
    bucket: 'OIDCIssuer',
    distribution: 'OIDCIssuer',
    provider: 'OIDCIssuer',
    role: 'IAMServiceAccount',
  };
  for (const [kind, owner] of Object.entries(owners)) {
    const { tags } = held.find((each) => each.kind === kind) ?? {};
    expect(tags).toMatchObject({ 'irsa.giantswarm.io/owner': `${owner}/org-acme/${name}` });
  }
  const { status } = await workspace.get<{ providers: { owned: boolean }[] }>('oidcissuer', name);
  expect(status?.providers).toMatchObject([{ owned: true }]);
  const said = [
    ...(await workspace.events('OIDCIssuer', name)),
    ...(await workspace.events('IAMServiceAccount', name)),
  ];
  expect(said.filter(({ type }) => type === 'Warning')).toEqual([]);
});

test('reads that fail for a while take no condition back and send no warning; the condition says that they fail', async () => {
  const name = 'shaky';
  (await workspace.account('666666666666')).destroy();
  await workspace.apply(
    oidcIssuer(name, { account: { roleARN: roleARN('666666666666') } }),
    iamServiceAccount(name, name, { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
  );
  await workspace.ready(`oidcissuer/${name}`, `iamserviceaccount/${name}`);
  const before = (await workspace.get('iamserviceaccount', name)).status?.conditions;
  const events = () => workspace.events('IAMServiceAccount', name);
  const told = await events();

  // As often as the SDK tries one call, and once more.
  environment.front.fail('GetRole', { kind: 'reset' }, 4);
  await workspace.patch('iamserviceaccount', name, {
    metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': 'now' } },
  });
  const message = await until('the error to be said', async () => {
    const { status } = await workspace.get('iamserviceaccount', name);
    return status?.conditions?.find(({ type }) => type === 'RoleReady')?.message || undefined;
  });
  expect(message).toMatch(/reading role .*(ECONNRESET|socket hang up)/);
  const during = (await workspace.get('iamserviceaccount', name)).status?.conditions;
  const words = (conditions = before) => conditions?.map(({ type, status }) => `${type}=${status}`);
  expect(words(during)).toEqual(words());
  await until('the error to be over', async () => {
    const { status } = await workspace.get('iamserviceaccount', name);
    return status?.conditions?.find(({ type }) => type === 'RoleReady')?.message === '' ? true : undefined;
  });
  expect(await events()).toEqual(told);
});
