import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ListRolesCommand } from '@aws-sdk/client-iam';
import type { AuditEvent } from '../backends/control-plane/audit.ts';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { defaultTiming } from '../backends/aws/state.ts';
import { awsCluster, credential, iamServiceAccount, inlinePolicies, oidcIssuer, serviceAccount } from './objects.ts';
import { ReadLog } from './read-log.ts';
import { operatorRequests, ownAccountID, passesOverRoles, Workspace } from './workspace.ts';

jest.setTimeout(240_000);

const namespace = 'org-acme';
const clusterAccountID = '111122223333';
/** By name of the object: how many inline policies the role has. */
const roles = { empty: 0, reader: 0, writer: 1, echoer: 3 } as const;

let environment: Environment;
let workspace: Workspace;
let reads: ReadLog;
/** What was asked of AWS about roles meanwhile, of all together and of each. */
let atRest: { readonly sweeps: ReadonlyMap<string, string[][]>; readonly ofRoles: readonly string[][] };
/** What was asked of the API server while everything was read on AWS twice more. */
let requests: AuditEvent[];

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  reads = new ReadLog(environment.front);
  environment.front.state.timing.rolesOnPage = 1;
  workspace = await Workspace.create(environment, namespace);
  await environment.startOperator({ intervals: { resync: '1s' } });
  await Promise.all([workspace.account(clusterAccountID), workspace.account(ownAccountID)]);
  const kubeconfig = await workloadKubeconfig(environment, { namespace, cluster: 'abcl0' });
  await environment.kubectl(['apply', '-f', '-'], kubeconfig);
  await workspace.apply(
    credential(clusterAccountID),
    awsCluster(namespace, 'abcl0', { release: '19.0.0' }),
    oidcIssuer('homelab', { cluster: { inCluster: {} } }),
    ...Object.keys(roles).map(serviceAccount),
    iamServiceAccount('empty', 'abcl0'),
    iamServiceAccount('reader', 'homelab', { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
    iamServiceAccount('writer', 'abcl0', { tags: { team: 'a' }, policies: { inline: inlinePolicies(1) } }),
    iamServiceAccount('echoer', 'homelab', {
      policies: { managed: ['AWSXrayWriteOnlyAccess'], inline: inlinePolicies(3) },
      session: { regionalSTS: true },
    }),
  );
  await workspace.event('AWSCluster', 'abcl0', 'IssuerReady');
  await workspace.ready('oidcissuer/homelab', ...Object.keys(roles).map((name) => `iamserviceaccount/${name}`));

  await everythingReadAgain();
  environment.front.clearCalls();
  const { next } = await environment.controlPlane.audit();
  await everythingReadAgain();
  ({ requests } = await operatorRequests(environment, next));
  atRest = {
    sweeps: new Map([clusterAccountID, ownAccountID].map((id) => [id, reads.sweeps(id)])),
    ofRoles: Object.keys(roles).flatMap((name) => reads.rolePasses(name)),
  };
});

afterAll(() => environment?.stop());

/** Begins anew and waits until the operator has looked at each object on AWS, twice. */
async function everythingReadAgain(): Promise<void> {
  reads.clear();
  const { next } = await environment.controlPlane.audit();
  const twoPasses = async () => {
    const passes = [clusterAccountID, ownAccountID].map((accountID) => reads.issuerPasses(accountID).length);
    const overRoles = await passesOverRoles(environment, next, Object.keys(roles));
    return Math.min(overRoles - 1, ...passes) >= 2 ? true : undefined;
  };
  await until('two passes over each object', twoPasses, 60);
}

test('nothing is written on AWS', () => {
  expect(environment.front.writes()).toEqual([]);
  expect(environment.front.calls.length).toBeGreaterThan(0);
});

test('nothing is written to Kubernetes', () => {
  const verbs = new Set(requests.map(({ verb }) => verb));
  expect([...verbs].filter((verb) => !['get', 'list', 'watch'].includes(verb))).toEqual([]);
  const read = requests.map(({ objectRef }) => objectRef?.resource);
  expect(read).toEqual(
    expect.arrayContaining(['awsclusters', 'oidcissuers', 'iamserviceaccounts', 'serviceaccounts', 'configmaps']),
  );
});

test('a look at a role reads its object, its issuer, its service account and how to reach that, each once', () => {
  const gets = (resource: string, ...names: readonly string[]) =>
    requests.filter(
      ({ verb, objectRef }) =>
        verb === 'get' && objectRef?.resource === resource && names.includes(objectRef.name ?? ''),
    ).length;
  // One look at each end of the time may be cut.
  const cut = 1;
  const ofIssuer = { abcl0: ['empty', 'writer'], homelab: ['reader', 'echoer'] };
  for (const name of Object.keys(roles)) {
    const looks = gets('iamserviceaccounts', name);
    expect(looks).toBeGreaterThanOrEqual(2);
    expect(Math.abs(gets('serviceaccounts', name) - looks)).toBeLessThanOrEqual(cut);
  }
  // The issuer takes the same way to the cluster, to compare its tokens with what is published.
  const compared = requests.filter(
    ({ requestURI, user }) =>
      requestURI === '/.well-known/openid-configuration' && user.username.endsWith(':service-account-annotator'),
  ).length;
  expect(compared).toBeGreaterThanOrEqual(1);
  const looks = gets('iamserviceaccounts', ...ofIssuer.abcl0) + compared;
  expect(Math.abs(gets('secrets', 'abcl0-kubeconfig') - looks)).toBeLessThanOrEqual(3 * cut);
  // The issuer reads itself and its key.
  const others = gets('iamserviceaccounts', ...ofIssuer.homelab) + gets('secrets', 'homelab-key');
  expect(gets('oidcissuers', 'homelab')).toBeLessThanOrEqual(others + 2 * cut);
});

test('nothing is listed', () => {
  // Whether a kind is installed by now can only be found out by asking for it.
  const isThere = ({ responseStatus }: AuditEvent) => responseStatus?.code !== 404;
  expect(requests.filter(({ verb }) => verb === 'list').filter(isThere)).toEqual([]);
});

const { policiesOnPage } = defaultTiming;

test.each([clusterAccountID, ownAccountID])(
  'the roles of account %s are looked at together, by two calls and one for each further page',
  async (accountID) => {
    const { iam } = await environment.account(accountID);
    environment.front.state.timing.rolesOnPage = 1000;
    const { Roles = [] } = await iam.send(new ListRolesCommand({}));
    const ours = Roles.filter(({ Path }) => Path?.startsWith('/irsa/'));
    expect(ours).toHaveLength(2);
    expect(atRest.sweeps.get(accountID)?.length).toBeGreaterThanOrEqual(1);
    for (const sweep of atRest.sweeps.get(accountID) ?? []) {
      expect(sweep).toEqual([...Roles.map(() => 'GetAccountAuthorizationDetails'), ...ours.map(() => 'ListRoles')]);
    }
    expect(atRest.ofRoles).toEqual([]);
  },
);

test.each([
  { issuer: 'of the AWSCluster, with the provider of its distribution', accountID: clusterAccountID, providers: 2 },
  { issuer: 'made by hand', accountID: ownAccountID, providers: 1 },
])(
  'a look at the issuer $issuer is at most 11 reads, one of its zone and one a provider',
  ({ accountID, providers }) => {
    for (const pass of reads.issuerPasses(accountID)) {
      const count = (operation: RegExp) => pass.filter((name) => operation.test(name)).length;
      expect(count(/OpenIDConnectProvider/)).toBe(providers);
      expect(count(/ListResourceRecordSets/)).toBe(1);
      expect(pass.length - providers - 1).toBeLessThanOrEqual(11);
    }
  },
);

// The last, for it takes a permission away.
test.each(Object.entries(roles))(
  'without the permission a look at role %s with %i inline policies is 3+M reads, and one for each further page of the list',
  async (name, inlineCount) => {
    environment.access.withhold('iam:GetAccountAuthorizationDetails');
    reads.clear();
    await until('two looks at the role', () => reads.rolePasses(name).length >= 2 || undefined, 60);
    for (const pass of reads.rolePasses(name)) {
      expect(pass.sort()).toEqual(
        [
          ...Array.from({ length: inlineCount }, () => 'GetRolePolicy'),
          'GetRole',
          'ListAttachedRolePolicies',
          ...Array.from({ length: Math.max(1, Math.ceil(inlineCount / policiesOnPage)) }, () => 'ListRolePolicies'),
        ].sort(),
      );
    }
  },
);
