import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import {
  domain,
  iamServiceAccount,
  inlinePolicies,
  managedPolicies,
  type Manifest,
  mayWrite,
  oidcIssuer,
  serviceAccount,
} from './objects.ts';
import { observeRole } from './observed-role.ts';
import { operatorRequests, ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const name = 'changing';
const boundary = 'arn:aws:iam::aws:policy/PowerUserAccess';

let environment: Environment;
let workspace: Workspace;
let account: Clients;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  account = await workspace.account(ownAccountID);
  await environment.startOperator();
  await workspace.apply(
    oidcIssuer('abcl0', { cluster: { inCluster: {} } }),
    serviceAccount(name),
    serviceAccount('second'),
    iamServiceAccount(name, 'abcl0', {
      policies: { managed: managedPolicies.slice(0, 1), inline: inlinePolicies(1) },
    }),
  );
  await workspace.ready('oidcissuer/abcl0', `iamserviceaccount/${name}`);
});

afterAll(() => environment?.stop());

async function roleName(): Promise<string> {
  const { status } = await workspace.get<{ roleName: string }>('iamserviceaccount', name);
  return status?.roleName ?? '';
}

const policies = (names: readonly string[], documents: readonly { name: string; document: string }[]) => ({
  policies: { managed: names, inline: documents },
});
const p0 = mayWrite('acme-echo', '0/');
const changed = mayWrite('acme-echo', 'changed/');

test.each([
  {
    field: 'the description and the session duration',
    spec: { role: { description: 'new', maxSessionDuration: '2h' } },
    writes: ['UpdateRole'],
    role: { Description: 'new', MaxSessionDuration: 7200 },
  },
  {
    field: 'the permissions boundary, set',
    spec: { role: { permissionsBoundary: boundary } },
    writes: ['PutRolePermissionsBoundary'],
    role: { boundary },
  },
  {
    field: 'the permissions boundary, taken away',
    spec: { role: { permissionsBoundary: null } },
    writes: ['DeleteRolePermissionsBoundary'],
    role: { Description: 'new', boundary: undefined },
  },
  {
    field: 'the tags',
    spec: { tags: { team: 'acme', stage: 'test' } },
    writes: ['TagRole'],
    role: {
      Tags: expect.arrayContaining([
        { Key: 'team', Value: 'acme' },
        { Key: 'stage', Value: 'test' },
      ]),
    },
  },
  {
    field: 'the managed policies',
    spec: policies(managedPolicies.slice(1), inlinePolicies(1)),
    writes: ['AttachRolePolicy', 'AttachRolePolicy', 'DetachRolePolicy'],
    role: { managed: managedPolicies.slice(1).sort() },
  },
  {
    field: 'an inline policy, added',
    spec: policies(managedPolicies.slice(1), inlinePolicies(2)),
    writes: ['PutRolePolicy'],
    role: { inline: { p0, p1: mayWrite('acme-echo', '1/') } },
  },
  {
    field: 'the text of an inline policy',
    spec: policies(managedPolicies.slice(1), [{ name: 'p0', document: changed }, ...inlinePolicies(2).slice(1)]),
    writes: ['PutRolePolicy'],
    role: { inline: { p0: changed, p1: mayWrite('acme-echo', '1/') } },
  },
  {
    field: 'the policies, which are then more than a page holds',
    spec: policies(managedPolicies, [{ name: 'p0', document: changed }, ...inlinePolicies(3).slice(1)]),
    writes: ['AttachRolePolicy', 'PutRolePolicy'],
    role: { managed: managedPolicies.toSorted() },
  },
  {
    field: 'the policies, all taken away',
    spec: policies([], []),
    writes: [...Array(3).fill('DeleteRolePolicy'), ...Array(3).fill('DetachRolePolicy')],
    role: { managed: [], inline: {} },
  },
  {
    field: 'the subjects',
    spec: {
      subjects: [
        { namespace: 'default', name },
        { namespace: 'default', name: 'second' },
      ],
    },
    writes: ['UpdateAssumeRolePolicy'],
    role: { AssumeRolePolicyDocument: expect.stringContaining('system%3Aserviceaccount%3Adefault%3Asecond') },
  },
  {
    field: 'the session, which is said to pods only',
    spec: { session: { regionalSTS: true, tokenExpiration: '2h' } },
    writes: [],
    role: {},
  },
])('a change of $field takes the fewest writes', async ({ spec, writes, role }) => {
  environment.front.clearCalls();
  await workspace.patch('iamserviceaccount', name, { spec });
  await workspace.ready(`iamserviceaccount/${name}`);
  const sent = environment.front.writes().map(({ operation }) => operation);
  expect(sent.sort()).toEqual(writes);
  expect(await observeRole(account, await roleName())).toMatchObject(role);
});

test('a change of the session or the subjects is seen by new pods', async () => {
  const { metadata } = await workspace.environment
    .kubectl(['get', 'serviceaccount', 'second', '-n', 'default', '-o', 'json'])
    .then((json) => JSON.parse(json) as { metadata: { annotations: Record<string, string> } });
  expect(metadata.annotations).toMatchObject({
    'eks.amazonaws.com/role-arn': (await observeRole(account, await roleName())).Arn,
    'eks.amazonaws.com/sts-regional-endpoints': 'true',
    'eks.amazonaws.com/token-expiration': '7200',
  });
});

const planAnnotation = 'irsa.giantswarm.io/plan';
const withPlan = (manifest: Manifest): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, annotations: { [planAnnotation]: 'true' } },
});

/** The plan of that object once it has such a line. */
const planOf = (kind: string, object: string, line: RegExp) =>
  until(`plan of ${kind} ${object}`, async () => {
    const { status } = await workspace.get<{ plan?: readonly string[] }>(kind, object);
    return status?.plan?.some((each) => line.test(each)) ? status.plan : undefined;
  });

test('a plan of new objects, of an edit and of a deletion writes nothing until its annotation is taken away', async () => {
  environment.front.clearCalls();
  const { next } = await environment.controlPlane.audit();
  await workspace.apply(
    serviceAccount('planned'),
    withPlan(oidcIssuer('planned')),
    withPlan(iamServiceAccount('planned', 'abcl0', { policies: { managed: managedPolicies.slice(0, 1) } })),
  );
  await workspace.kubectl(['annotate', 'iamserviceaccount', name, `${planAnnotation}=true`]);
  await workspace.patch('iamserviceaccount', name, { spec: policies(managedPolicies.slice(0, 1), []) });

  const role = await roleName();
  const attaching = 'attaching policy arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess to role';
  expect(await planOf('iamserviceaccount', name, /^attaching/)).toEqual([`${attaching} ${role}`]);
  expect(await planOf('iamserviceaccount', 'planned', /^creating/)).toEqual([
    expect.stringMatching(/^creating role planned-[0-9a-f]{16}$/),
    expect.stringContaining(attaching),
    'applying ServiceAccount default/planned',
  ]);
  expect(await planOf('oidcissuer', 'planned', /^creating/)).toEqual(
    expect.arrayContaining([
      `creating Secret ${namespace}/planned-key`,
      expect.stringMatching(/^creating bucket planned-/),
      `requesting a certificate for irsa.planned.k8s.${domain}`,
    ]),
  );
  await workspace.kubectl(['delete', 'iamserviceaccount', name, '--wait=false']);
  expect(await planOf('iamserviceaccount', name, /^letting/)).toEqual([
    'applying ServiceAccount default/changing',
    'applying ServiceAccount default/second',
    `deleting role ${role}`,
    'letting the object go',
  ]);

  expect(environment.front.writes()).toEqual([]);
  const { requests } = await operatorRequests(environment, next);
  const written = requests.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
  const places = written.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.subresource}`);
  expect(new Set(places)).toEqual(new Set(['patch oidcissuers/status', 'patch iamserviceaccounts/status']));

  await workspace.kubectl(['annotate', 'iamserviceaccount', name, 'planned', `${planAnnotation}-`]);
  await workspace.gone('iamserviceaccount', name);
  await workspace.ready('iamserviceaccount/planned');
  const { status } = await workspace.get<{ plan?: readonly string[] }>('iamserviceaccount', 'planned');
  expect(status?.plan).toBeUndefined();
});

test('a new value of the annotation reconcile-at makes a pass at once', async () => {
  environment.front.clearCalls();
  await workspace.kubectl(['annotate', 'oidcissuer', 'abcl0', 'irsa.giantswarm.io/reconcile-at=now']);
  const handled = '--for=jsonpath={.status.lastHandledReconcileAt}=now';
  await workspace.kubectl(['wait', 'oidcissuer/abcl0', handled, '--timeout=20s']);
  expect(environment.front.calls.map(({ operation }) => operation)).toContain('GetBucketTagging');
  expect(environment.front.writes()).toEqual([]);
});
