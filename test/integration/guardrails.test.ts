import { DeleteRolePermissionsBoundaryCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import type { IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import { Environment } from '../environment/environment.ts';
import { holdings } from '../environment/holdings.ts';
import { until } from '../environment/wait.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { domain, iamServiceAccount, mayWrite, type Manifest, oidcIssuer, roleARN, serviceAccount } from './objects.ts';
import { observeRole } from './observed-role.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const accountID = '222233334444';
const victim = '333344445555';
const [powerUser, readOnly, administrator] = ['PowerUserAccess', 'ReadOnlyAccess', 'AdministratorAccess'].map(
  (name) => `arn:aws:iam::aws:policy/${name}`,
) as [string, string, string];
const guardrail = (name: string, spec: object): Manifest => ({
  apiVersion: 'irsa.giantswarm.io/v1alpha1',
  kind: 'Guardrail',
  metadata: { name },
  spec,
});
const teamA = guardrail('team-a', {
  namespaceSelector: { matchLabels: { team: 'a' } },
  accounts: [roleARN(accountID)],
  issuers: { aliases: [`*.k8s.${domain}`], inCluster: true },
  roles: {
    inlinePolicies: { deniedActions: ['iam:*'] },
    subjectNamespaces: ['default'],
  },
});

let environment: Environment;
let tenant: Workspace;
let stranger: Workspace;
let account: Clients;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  await environment.kubectl(['delete', 'guardrail', '--all']);
  tenant = await Workspace.create(environment, 'team-a');
  stranger = await Workspace.create(environment, 'team-b');
  account = await tenant.account(accountID);
  environment.front.clearCalls();
  await environment.startOperator();
});
afterAll(async () => {
  account?.destroy();
  await environment?.stop();
});

const refusal = (workspace: Workspace, kind: string, name: string) =>
  workspace.condition(kind, name, { type: 'Accepted', reason: 'NotAllowed' });

test('a tenant whom nobody granted anything reaches no account, and is told what an administrator would write', async () => {
  await stranger.apply(
    oidcIssuer('evil', { account: { roleARN: roleARN(victim) } }),
    oidcIssuer('own'),
    iamServiceAccount('evil', 'evil', { policies: { managed: ['AdministratorAccess'] } }),
  );
  const { message } = await refusal(stranger, 'oidcissuer', 'evil');
  expect(message).toContain('no Guardrail selects namespace team-b');
  expect(message).toContain(`"accounts":["${roleARN(victim)}"]`);
  expect((await refusal(stranger, 'oidcissuer', 'own')).message).toContain('"accounts":["Own"]');
  expect((await refusal(stranger, 'iamserviceaccount', 'evil')).message).toContain('AdministratorAccess');
  expect(environment.front.calls).toEqual([]);
});

test('nor does he by deleting what he wrote our finalizer into', async () => {
  for (const kind of ['iamserviceaccount', 'oidcissuer']) {
    await stranger.patch(kind, 'evil', { metadata: { finalizers: ['irsa.giantswarm.io/finalizer'] } });
    await stranger.kubectl(['delete', kind, 'evil', '--wait=false']);
    await stranger.gone(kind, 'evil');
  }
  expect(environment.front.calls).toEqual([]);
});

test('a label and a Guardrail open a namespace without a restart, as far as the Guardrail says', async () => {
  await tenant.apply(
    oidcIssuer('abcl0', { account: { roleARN: roleARN(accountID) }, cluster: { inCluster: {} } }),
    serviceAccount('reader'),
    iamServiceAccount('reader', 'abcl0'),
  );
  await refusal(tenant, 'oidcissuer', 'abcl0');
  await tenant.apply(teamA);
  await environment.kubectl(['label', 'namespace', 'team-a', 'team=a']);
  await tenant.ready('oidcissuer/abcl0', 'iamserviceaccount/reader');
  expect(await tenant.get('iamserviceaccount', 'reader')).toMatchObject({ status: { guardrail: 'team-a' } });
});

test.each([
  ['path', { role: { path: '/irsa/demo/team-b/' } }, 'spec.roles.paths'],
  ['name', { role: { name: 'admin' } }, 'spec.roles.names'],
  ['tag', { tags: { team: 'b' } }, 'spec.roles.tagKeys'],
  ['managed policy', { policies: { managed: ['AdministratorAccess'] } }, 'spec.roles.managedPolicies'],
  [
    'action',
    { policies: { inline: [{ name: 'a', document: mayWrite('b', '').replace('s3:PutObject', 'IAM:*') }] } },
    'deniedActions',
  ],
  ['subject', { subjects: [{ namespace: 'kube-system', name: 'x' }] }, 'spec.roles.subjectNamespaces'],
])('another %s than allowed is refused', async (what, change, rule) => {
  const name = `refused-${what.replace(' ', '-')}`;
  await tenant.apply(iamServiceAccount(name, 'abcl0', change));
  expect((await refusal(tenant, 'iamserviceaccount', name)).message).toContain(rule);
  const roles = (await holdings(account)).filter(({ kind }) => kind.includes('role'));
  expect(roles.map(({ name }) => name).join()).not.toContain('refused');
});

test('a boundary that a Guardrail forces comes to roles that stand, follows the Guardrail, and comes back when somebody takes it', async () => {
  const { spec } = teamA as unknown as { spec: { roles: object } };
  const force = (permissionsBoundary: string) =>
    tenant.apply(guardrail('team-a', { ...spec, roles: { ...spec.roles, permissionsBoundary } }));
  const { status } = await tenant.get<IAMServiceAccountStatus>('iamserviceaccount', 'reader');
  const RoleName = status?.roleName ?? '';
  const bounded = (boundary: string | undefined) =>
    until(`role ${RoleName} to be bounded by ${boundary}`, async () =>
      (await observeRole(account, RoleName)).boundary === boundary ? true : undefined,
    );
  await force(powerUser);
  await bounded(powerUser);
  await account.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  await tenant.kubectl(['annotate', 'iamserviceaccount', 'reader', 'irsa.giantswarm.io/reconcile-at=again']);
  await bounded(powerUser);
  await tenant.apply(iamServiceAccount('unbounded', 'abcl0', { role: { permissionsBoundary: administrator } }));
  expect((await refusal(tenant, 'iamserviceaccount', 'unbounded')).message).toContain(`allows only ${powerUser}`);
  await tenant.kubectl(['delete', 'iamserviceaccount', 'unbounded']);
  await force(readOnly);
  await bounded(readOnly);
  await tenant.apply(teamA);
  await bounded(undefined);
});

test('a tenant of the same account takes nothing of another, whatever his Guardrail lets him name', async () => {
  const neighbour = await Workspace.create(environment, 'team-c');
  const { spec } = teamA as unknown as { spec: { roles: object } };
  await neighbour.apply(
    guardrail('team-c', {
      ...spec,
      namespaces: ['team-c'],
      namespaceSelector: undefined,
      roles: { ...spec.roles, names: ['*'], paths: ['*'] },
    }),
  );
  const [issuer, role] = await Promise.all([
    tenant.get<OIDCIssuerStatus>('oidcissuer', 'abcl0'),
    tenant.get<IAMServiceAccountStatus>('iamserviceaccount', 'reader'),
  ]);
  const before = await holdings(account);
  await tenant.patch('oidcissuer', 'abcl0', { spec: { allowedNamespaces: { from: 'All' } } });
  const inAccount = { account: { roleARN: roleARN(accountID) } };
  await neighbour.apply(
    oidcIssuer('bucket', { ...inAccount, bucket: { name: currentSiteOf(issuer.status)?.bucket?.name ?? '' } }),
    oidcIssuer('alias', { ...inAccount, hosting: { cloudFront: { alias: `irsa.abcl0.k8s.${domain}` } } }),
    iamServiceAccount('taken', '', {
      issuerRefs: [{ namespace: 'team-a', name: 'abcl0' }],
      role: { name: role.status?.roleName ?? '', path: '/irsa/demo/team-a/' },
    }),
  );
  for (const name of ['bucket', 'alias']) {
    const { message } = await neighbour.condition('oidcissuer', name, { type: 'Accepted', reason: 'NameHeld' });
    expect(message).toContain('is held by an OIDCIssuer of another namespace');
  }
  await neighbour.condition('iamserviceaccount', 'taken', { type: 'RoleReady', reason: 'NotOwned' });
  for (const kind of ['iamserviceaccount', 'oidcissuer']) await neighbour.kubectl(['delete', kind, '--all']);
  expect(await holdings(account)).toEqual(before);
  await tenant.ready('oidcissuer/abcl0', 'iamserviceaccount/reader');
});

test('without its Guardrail a tenant keeps what it has, and can only delete it', async () => {
  const before = await holdings(account);
  await environment.kubectl(['delete', 'guardrail', 'team-a']);
  await refusal(tenant, 'oidcissuer', 'abcl0');
  await refusal(tenant, 'iamserviceaccount', 'reader');
  expect(await holdings(account)).toEqual(before);
  expect(await tenant.get('iamserviceaccount', 'reader')).not.toHaveProperty('status.guardrail');
  await tenant.kubectl(['delete', 'iamserviceaccount', '--all']);
  await tenant.kubectl(['delete', 'oidcissuer', '--all']);
  const kinds = (await holdings(account)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => /role|provider|distribution/i.test(kind))).toEqual([]);
});
