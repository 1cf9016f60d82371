import {
  AttachRolePolicyCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  CreatePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import type { Operator } from '../environment/operator.ts';
import { readResource } from '../environment/resources.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, mayWrite, oidcIssuer, serviceAccount, type Manifest } from './objects.ts';
import { ReadLog } from './read-log.ts';
import { TokenMaker } from './tokens.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

let environment: Environment;
let workspace: Workspace;
let own: Clients;
let tokens: TokenMaker;
let operator: Operator;
const boundary = `arn:aws:iam::${ownAccountID}:policy/fence`;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  tokens = new TokenMaker(environment.front);
  workspace = await Workspace.create(environment, 'org-acme');
  own = await environment.account(ownAccountID);
  const PolicyDocument = mayWrite('*', '');
  await own.iam.send(new CreatePolicyCommand({ PolicyName: 'fence', PolicyDocument }));
  operator = await environment.startOperator();
  const { spec, ...rest } = oidcIssuer('one', { hosting: { s3: {} }, cluster: { inCluster: {} } });
  const signingKeys = { secretRef: { name: 'keys', key: 'pub' } };
  await workspace.apply(tokens.secret('keys'), { ...rest, spec: { ...(spec as object), signingKeys } });
  await workspace.ready('oidcissuer/one');
});

afterAll(async () => {
  tokens?.stop();
  await environment?.stop();
});

const role = (name: string, change: Parameters<typeof iamServiceAccount>[2] = {}): Manifest =>
  iamServiceAccount(name, 'one', { serviceAccountPolicy: 'Ignore', ...change });
const statusOf = async (name: string) =>
  (await workspace.get<IAMServiceAccountStatus>('iamserviceaccount', name)).status ?? {};
const annotate = (name: string, ...annotations: readonly string[]) =>
  workspace.kubectl(['annotate', 'iamserviceaccount', name, '--overwrite', ...annotations]);

/** Has the operator look at the role itself, and waits until it has. */
async function lookNow(name: string): Promise<void> {
  const now = String(Date.now());
  await annotate(name, `irsa.giantswarm.io/reconcile-at=${now}`);
  await until('the look', async () => ((await statusOf(name)).lastHandledReconcileAt === now ? true : undefined));
}

/** Everything of a role that the operator is to keep. */
async function everythingOf(RoleName: string) {
  const { iam } = own;
  const [{ Role }, attached, inline, tags] = await Promise.all([
    iam.send(new GetRoleCommand({ RoleName })),
    iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
    iam.send(new ListRolePoliciesCommand({ RoleName })),
    iam.send(new ListRoleTagsCommand({ RoleName })),
  ]);
  const documents = (inline.PolicyNames ?? []).map(async (PolicyName) => {
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return [PolicyName, decodeURIComponent(PolicyDocument ?? '')];
  });
  return {
    trust: JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')) as unknown,
    description: Role?.Description,
    session: Role?.MaxSessionDuration,
    boundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
    attached: (attached.AttachedPolicies ?? []).map(({ PolicyName }) => PolicyName).toSorted(),
    inline: Object.fromEntries(await Promise.all(documents)) as Record<string, string>,
    tags: Object.fromEntries((tags.Tags ?? []).map(({ Key, Value }) => [Key, Value])) as Record<string, string>,
  };
}

describe('what somebody changes of a role', () => {
  const name = 'kept';
  // Byte for byte: also with white space that IAM would not need.
  const document = `{ "Version": "2012-10-17",\n  "Statement": [ {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/*"} ] }`;
  let RoleName: string;
  let before: Awaited<ReturnType<typeof everythingOf>>;

  beforeAll(async () => {
    await workspace.apply(
      role(name, {
        role: { description: 'as asked', maxSessionDuration: '2h', permissionsBoundary: boundary },
        policies: { managed: ['AmazonS3ReadOnlyAccess'], inline: [{ name: 'read', document }] },
        tags: { team: 'a' },
      }),
    );
    await workspace.ready(`iamserviceaccount/${name}`);
    RoleName = (await statusOf(name)).roleName ?? '';
    before = await everythingOf(RoleName);
    expect(before).toMatchObject({
      description: 'as asked',
      session: 7200,
      boundary,
      attached: ['AmazonS3ReadOnlyAccess'],
      inline: { read: document },
      tags: { team: 'a' },
    });
  });

  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
  });
  const aws = 'arn:aws:iam::aws:policy';
  test.each<[string, (of: { RoleName: string }) => Promise<unknown>]>([
    ['trust policy', (of) => own.iam.send(new UpdateAssumeRolePolicyCommand({ ...of, PolicyDocument: trust }))],
    ['description', (of) => own.iam.send(new UpdateRoleCommand({ ...of, Description: 'theirs' }))],
    ['session duration', (of) => own.iam.send(new UpdateRoleCommand({ ...of, MaxSessionDuration: 43_200 }))],
    ['boundary', (of) => own.iam.send(new DeleteRolePermissionsBoundaryCommand(of))],
    ['tag', (of) => own.iam.send(new TagRoleCommand({ ...of, Tags: [{ Key: 'team', Value: 'b' }] }))],
    [
      'list of managed policies, which grew',
      (of) => own.iam.send(new AttachRolePolicyCommand({ ...of, PolicyArn: `${aws}/AmazonSQSReadOnlyAccess` })),
    ],
    [
      'list of managed policies, which shrank',
      (of) => own.iam.send(new DetachRolePolicyCommand({ ...of, PolicyArn: `${aws}/AmazonS3ReadOnlyAccess` })),
    ],
    [
      'inline policy',
      (of) =>
        own.iam.send(new PutRolePolicyCommand({ ...of, PolicyName: 'read', PolicyDocument: mayWrite('acme', '') })),
    ],
    [
      'list of inline policies, which shrank',
      (of) => own.iam.send(new DeleteRolePolicyCommand({ ...of, PolicyName: 'read' })),
    ],
    ['tags, which shrank', (of) => own.iam.send(new UntagRoleCommand({ ...of, TagKeys: ['team'] }))],
    [
      'list of inline policies, which grew',
      (of) =>
        own.iam.send(new PutRolePolicyCommand({ ...of, PolicyName: 'more', PolicyDocument: mayWrite('acme', '') })),
    ],
  ])('is put back: its %s', async (_, change) => {
    await change({ RoleName });
    expect(await everythingOf(RoleName)).not.toEqual(before);
    await lookNow(name);
    expect(await everythingOf(RoleName)).toEqual(before);
    await workspace.ready(`iamserviceaccount/${name}`);
  });

  test('stays where it is a tag that the operator did not set', async () => {
    await own.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'cost', Value: 'theirs' }] }));
    await lookNow(name);
    expect((await everythingOf(RoleName)).tags).toEqual({ ...before.tags, cost: 'theirs' });
  });

  test('stays as it is while the object is suspended, and is shown by a plan before it is put back', async () => {
    const changed = { RoleName, Description: 'theirs' };
    await workspace.patch('iamserviceaccount', name, { spec: { suspend: true } });
    await own.iam.send(new UpdateRoleCommand(changed));
    await annotate(name, `irsa.giantswarm.io/plan=true`);
    const plan = await until('the plan', async () => (await statusOf(name)).plan);
    expect(plan.join('\n')).toContain(RoleName);
    await workspace.patch('iamserviceaccount', name, { spec: { suspend: false } });
    await lookNow(name);
    expect((await everythingOf(RoleName)).description).toBe('theirs');
    await annotate(name, 'irsa.giantswarm.io/plan-');
    await until('the repair', async () =>
      (await everythingOf(RoleName)).description === 'as asked' ? true : undefined,
    );
    expect((await statusOf(name)).plan).toBeUndefined();
  });
});

describe('a service account', () => {
  const roleKey = 'eks.amazonaws.com/role-arn';
  const find = async (name: string) =>
    readResource<{
      metadata: { labels?: Record<string, string>; annotations?: Record<string, string>; uid: string };
    }>(environment.controlPlane, { kind: 'serviceaccount', namespace: 'default', name });
  const roleOn = async (name: string) => (await find(name))?.metadata.annotations?.[roleKey];
  const inDefault = (...args: readonly string[]) => environment.kubectl(['--namespace', 'default', ...args]);

  test('that does not exist is waited for, and annotated when it comes, also when it is made anew', async () => {
    await workspace.apply(
      iamServiceAccount('awaited', 'one', { session: { regionalSTS: true, tokenExpiration: '1h' } }),
    );
    const waits = { type: 'ServiceAccountsReady', reason: 'ServiceAccountNotFound' };
    expect((await workspace.condition('iamserviceaccount', 'awaited', waits)).message).toContain('default/awaited');
    await workspace.apply(serviceAccount('awaited'));
    await workspace.ready('iamserviceaccount/awaited');
    const { roleARN } = await statusOf('awaited');
    expect((await find('awaited'))?.metadata.annotations).toMatchObject({
      [roleKey]: roleARN,
      'eks.amazonaws.com/sts-regional-endpoints': 'true',
      'eks.amazonaws.com/token-expiration': '3600',
    });
    await inDefault('delete', 'serviceaccount', 'awaited');
    await workspace.apply(serviceAccount('awaited'));
    await until('the annotation', async () => ((await roleOn('awaited')) === roleARN ? true : undefined));
  });

  test('is made with Create, and goes with the object unless somebody else wrote anything of it', async () => {
    const subjects = ['made', 'shared-since'].map((name) => ({ namespace: 'default', name }));
    await workspace.apply(iamServiceAccount('maker', 'one', { serviceAccountPolicy: 'Create', subjects }));
    await workspace.ready('iamserviceaccount/maker');
    expect((await find('made'))?.metadata.labels).toMatchObject({ 'app.kubernetes.io/managed-by': 'irsa-operator' });
    await inDefault('label', 'serviceaccount', 'shared-since', 'team=a');
    await workspace.kubectl(['delete', 'iamserviceaccount', 'maker']);
    expect(await find('made')).toBeUndefined();
    const left = (await find('shared-since'))?.metadata;
    expect(left?.labels).toMatchObject({ team: 'a' });
    expect(left?.annotations?.[roleKey]).toBeUndefined();
  });

  test('with another role keeps it, and the condition says who wrote it', async () => {
    const theirs = 'arn:aws:iam::111122223333:role/theirs';
    await workspace.apply(serviceAccount('contested'));
    await inDefault('annotate', 'serviceaccount', 'contested', `${roleKey}=${theirs}`, '--field-manager=argocd');
    await workspace.apply(iamServiceAccount('contested', 'one'));
    const refused = { type: 'ServiceAccountsReady', reason: 'AnnotationConflict' };
    const { message } = await workspace.condition('iamserviceaccount', 'contested', refused);
    expect(message).toContain('default/contested');
    expect(message).toContain(theirs);
    expect(message).toContain('argocd');
    expect((await workspace.event('IAMServiceAccount', 'contested', 'AnnotationConflict')).note).toContain('argocd');
    expect(await roleOn('contested')).toBe(theirs);
  });

  test('with the same role from Git shares it, and keeps it when the object goes', async () => {
    await workspace.apply(role('gitops'));
    await workspace.ready('iamserviceaccount/gitops');
    const { roleARN = '' } = await statusOf('gitops');
    await workspace.apply(serviceAccount('gitops'));
    await inDefault('annotate', 'serviceaccount', 'gitops', `${roleKey}=${roleARN}`, '--field-manager=flux');
    await workspace.patch('iamserviceaccount', 'gitops', { spec: { serviceAccountPolicy: 'Annotate' } });
    await workspace.ready('iamserviceaccount/gitops');
    await workspace.kubectl(['delete', 'iamserviceaccount', 'gitops']);
    expect(await roleOn('gitops')).toBe(roleARN);
  });

  test('has its pods counted that run without a token for the role', async () => {
    await workspace.apply(serviceAccount('running'));
    const pod = (name: string, spec: object = {}): Manifest => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { serviceAccountName: 'running', containers: [{ name: 'app', image: 'app' }], ...spec },
    });
    const token = { serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } };
    const volumes = [{ name: 'aws-iam-token', projected: { sources: [token] } }];
    await workspace.apply(pod('old-1'), pod('old-2'), pod('new', { volumes }));
    await workspace.apply(iamServiceAccount('running', 'one'));
    await workspace.ready('iamserviceaccount/running');
    const { serviceAccounts = [], conditions = [] } = await statusOf('running');
    expect(serviceAccounts).toEqual([expect.objectContaining({ name: 'running', podsToRestart: 2 })]);
    expect(conditions.find(({ type }) => type === 'ServiceAccountsReady')?.message).toContain('2');
    const { note } = await workspace.event('IAMServiceAccount', 'running', 'PodsNeedRestart');
    expect(note).toContain('old-1');
    expect(note).toContain('old-2');
    expect(note).not.toContain('new');
  });
});

describe('roles in bulk', () => {
  const names = ['bulk-1', 'bulk-2', 'bulk-3', 'bulk-4'];
  let reads: ReadLog;
  let sweepIsDenied = false;

  beforeAll(async () => {
    await workspace.kubectl(['delete', 'iamserviceaccount', '--all']);
    const { front } = environment;
    const judge = front.authorize;
    front.authorize = async (request, credential) =>
      sweepIsDenied && request.operation === 'GetAccountAuthorizationDetails'
        ? { message: 'denied by the test' }
        : judge(request, credential);
    reads = new ReadLog(front);
    await operator.kill();
    operator = await environment.startOperator({ intervals: { resync: '1s' } });
    await workspace.apply(...names.map((name) => role(name)));
    await workspace.ready(...names.map((name) => `iamserviceaccount/${name}`));
  });

  const drift = async () => {
    const { roleName: RoleName = '' } = await statusOf('bulk-3');
    await own.iam.send(new UpdateRoleCommand({ RoleName, Description: 'theirs' }));
    return RoleName;
  };
  const repaired = (RoleName: string) =>
    until('the repair', async () => ((await everythingOf(RoleName)).description === 'theirs' ? undefined : true), 60);

  test('are swept, and only the one that drifted is read and put right', async () => {
    await until('a sweep', () => (reads.sweeps(ownAccountID).length >= 1 ? true : undefined), 60);
    reads.clear();
    await repaired(await drift());
    await until('two more sweeps', () => (reads.sweeps(ownAccountID).length >= 2 ? true : undefined), 60);
    const readAlone = names.filter((name) => reads.rolePasses(name).length > 0);
    expect(readAlone.filter((name) => name !== 'bulk-3')).toEqual([]);
  });

  test('are read one by one where that is denied, which the log says once', async () => {
    sweepIsDenied = true;
    await repaired(await drift());
    reads.clear();
    await until(
      'a look at each',
      () => (names.every((name) => reads.rolePasses(name).length >= 1) ? true : undefined),
      60,
    );
    const said = operator.output().match(/roles are read one by one/g) ?? [];
    expect(said).toHaveLength(1);
  });
});
