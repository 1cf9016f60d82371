import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CreateRoleCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { iamServiceAccount, oidcIssuer, roleARN, type Manifest } from './objects.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

let environment: Environment;
let workspace: Workspace;
let account: Clients;
/** Operations that AWS denies. */
const denied = new Set<string>();

beforeAll(async () => {
  environment = await Environment.start();
  environment.access.addResource('RolesOnOwnPath', 'arn:aws:iam::ACCOUNT:role/payroll');
  environment.access.addResource('Buckets', 'arn:aws:s3:::payroll-slips');
  await environment.install();
  const { front } = environment;
  const judge = front.authorize;
  front.authorize = async (request, credential) =>
    denied.has(request.operation) ? { message: 'denied by the test' } : judge(request, credential);
  workspace = await Workspace.create(environment, 'org-acme');
  account = await workspace.account(ownAccountID);
  await environment.startOperator();
});

afterAll(() => environment?.stop());

const invalid = { type: 'Accepted', reason: 'InvalidSpec' };

describe('a role that IAM would refuse', () => {
  const withPolicy = (document: unknown) =>
    iamServiceAccount('early', 'abcl0', {
      policies: { inline: [{ name: 'mine', document: JSON.stringify(document) }] },
    });

  test.each<{ problem: string; object: Manifest }>([
    { problem: 'has no Statement', object: withPolicy({ Version: '2012-10-17' }) },
    {
      problem: 'has the action "GetObject"',
      object: withPolicy({ Statement: { Effect: 'Allow', Action: 'GetObject', Resource: '*' } }),
    },
  ])('for a policy that $problem says so, with the field, and nothing is sent to AWS', async ({ problem, object }) => {
    const kind = object.kind.toLowerCase();
    environment.front.clearCalls();
    await workspace.apply(object);
    const { status, message } = await workspace.condition(kind, 'early', invalid);
    expect([status, message]).toEqual(['False', expect.stringContaining('spec.policies.inline: the document of mine')]);
    expect(message).toContain(problem);
    expect((await workspace.condition(kind, 'early', { type: 'Stalled', reason: 'InvalidSpec' })).status).toBe('True');
    const { note } = await workspace.event(object.kind, 'early', 'InvalidSpec');
    expect(note).toContain(problem);
    expect((await workspace.get(kind, 'early')).metadata.finalizers).toBeUndefined();
    await workspace.kubectl(['delete', kind, 'early']);
    await workspace.kubectl(['delete', 'events.events.k8s.io', '--all']);
    expect(environment.front.calls).toEqual([]);
  });
});

describe('an issuer that is registered', () => {
  const name = 'registered';
  const doubled = { additionalAccounts: [{ roleARN: roleARN(ownAccountID) }] };
  const refused = { type: 'Accepted', reason: 'InvalidSpec' };

  beforeAll(async () => {
    await workspace.apply(oidcIssuer(name));
    await workspace.ready(`oidcissuer/${name}`);
  });

  test('is told which field of a change is refused, and nothing is written to AWS', async () => {
    environment.front.clearCalls();
    await workspace.patch('oidcissuer', name, { spec: doubled });
    const { status, message } = await workspace.condition('oidcissuer', name, refused);
    expect([status, message]).toEqual(['False', expect.stringContaining('spec.additionalAccounts')]);
    expect((await workspace.event('OIDCIssuer', name, 'InvalidSpec')).note).toContain('spec.additionalAccounts');
    expect(environment.front.writes()).toEqual([]);
  });

  test('is ready again when all is as it was', async () => {
    await workspace.patch('oidcissuer', name, { spec: { additionalAccounts: null } });
    await workspace.ready(`oidcissuer/${name}`);
  });

  const everything = {
    bucket: 1,
    object: 2,
    certificate: 1,
    originAccessControl: 1,
    distribution: 1,
    record: 3,
    provider: 1,
  };
  test.each([
    { deletionPolicy: 'Retain', left: everything },
    { deletionPolicy: 'Delete', left: {} },
  ])('is deleted by its policy $deletionPolicy also while a change is refused', async ({ deletionPolicy, left }) => {
    await workspace.apply(oidcIssuer(name));
    await workspace.ready(`oidcissuer/${name}`);
    await workspace.patch('oidcissuer', name, { spec: { deletionPolicy, ...doubled } });
    await workspace.condition('oidcissuer', name, refused);
    await workspace.kubectl(['delete', 'oidcissuer', name]);
    expect(counts(await holdings(account))).toEqual(left);
    // The next issuer of the name is of the same cluster.
    await workspace.kubectl(['annotate', 'secret', `${name}-key`, 'irsa.giantswarm.io/generated-for-uid-']);
  });
});

describe('with a call denied by AWS', () => {
  test.each([
    {
      object: oidcIssuer('abcl0'),
      operation: 'CreateOriginAccessControl',
      action: 'cloudfront:CreateOriginAccessControl',
      type: 'DistributionReady',
    },
    {
      object: iamServiceAccount('reader', 'abcl0', { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
      operation: 'AttachRolePolicy',
      action: 'iam:AttachRolePolicy',
      type: 'PoliciesReady',
    },
  ])('$object.kind names $action, and goes on by itself when that is allowed', async (row) => {
    const { object, operation, action, type } = row;
    const { kind, metadata } = object;
    denied.add(operation);
    await workspace.apply(object);
    const { status, message } = await workspace.condition(kind, metadata.name, { type, reason: 'AccessDenied' });
    expect([status, message]).toEqual(['False', expect.stringContaining(action)]);
    expect((await workspace.event(kind, metadata.name, 'AccessDenied')).note).toContain(action);
    denied.delete(operation);
    await workspace.ready(`${kind}/${metadata.name}`);
  });
});

describe('what somebody else made', () => {
  test('is no role of ours, and stays as it is', async () => {
    const RoleName = 'payroll';
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }] };
    const Tags = [{ Key: 'team', Value: 'payroll' }];
    const role = { RoleName, Path: '/', AssumeRolePolicyDocument: JSON.stringify(trust), Tags };
    await account.iam.send(new CreateRoleCommand(role));
    const before = await account.iam.send(new GetRoleCommand({ RoleName }));
    environment.front.clearCalls();
    await workspace.apply(
      iamServiceAccount('payroll', 'abcl0', {
        role: { name: RoleName, path: '/', description: 'ours' },
        policies: { managed: ['AdministratorAccess'] },
      }),
    );
    const refused = await workspace.condition('iamserviceaccount', 'payroll', {
      type: 'RoleReady',
      reason: 'NotOwned',
    });
    expect(refused.message).toContain(`role ${RoleName} exists`);
    await workspace.kubectl(['delete', 'iamserviceaccount', 'payroll']);
    const after = await account.iam.send(new GetRoleCommand({ RoleName }));
    expect(after.Role).toEqual(before.Role);
    const changed = environment.front
      .writes()
      .filter(({ operation }) => /^(Attach|Detach|Update|Tag|Delete).*Role/.test(operation));
    expect(changed).toEqual([]);
  });

  test('is no bucket of ours, and stays as it is', async () => {
    const Bucket = 'payroll-slips';
    await account.s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
    );
    const TagSet = [{ Key: 'team', Value: 'payroll' }];
    await account.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    await workspace.apply(oidcIssuer('thief', { bucket: { name: Bucket } }));
    const refused = await workspace.condition('oidcissuer', 'thief', { type: 'BucketReady', reason: 'NotOwned' });
    expect(refused.message).toContain(`bucket ${Bucket} exists`);
    await workspace.kubectl(['delete', 'oidcissuer', 'thief']);
    expect(await holdings(account)).toContainEqual({ kind: 'bucket', name: Bucket, tags: { team: 'payroll' } });
  });
});

describe('bad input', () => {
  const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const publicKeys = {
    good: pem(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    short: pem(generateKeyPairSync('rsa', { modulusLength: 1024 })),
    curve: pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
  };
  const fromSecret = (name: string, key: string) => ({
    hosting: { s3: {} },
    signingKeys: { secretRef: { name, key } },
  });
  const inBucket = (name: string) => ({ ...fromSecret('keys', 'good'), bucket: { name } });
  const byHand = (name: string, spec: object): Manifest => {
    const { spec: _, ...rest } = oidcIssuer(name);
    return { ...rest, spec: { region: 'eu-central-1', ...spec } };
  };
  const elsewhere = `elsewhere-${ownAccountID}-bucket`;
  const held = `held-${ownAccountID}-bucket`;
  const strangers = `strangers-${ownAccountID}-bucket`;
  const inputs = [
    [
      'no-secret',
      { ...fromSecret('nowhere', 'pub'), bucket: { name: held } },
      'SigningKeysReady SecretNotFound',
      'Secret org-acme/nowhere does not',
    ],
    ['no-entry', fromSecret('keys', 'none'), 'SigningKeysReady SecretNotFound', 'entry none of Secret org-acme/keys'],
    ['short-key', fromSecret('keys', 'short'), 'SigningKeysReady InvalidKey', '1024 bits'],
    ['other-curve', fromSecret('keys', 'curve'), 'SigningKeysReady InvalidKey', 'secp256k1'],
    [
      'elsewhere',
      inBucket(elsewhere),
      'BucketReady BucketNameTaken',
      'in another region: choose another spec.bucket.name',
    ],
    [
      'strangers',
      inBucket(strangers),
      'BucketReady BucketNameTaken',
      `another account has bucket ${strangers}: choose`,
    ],
    [
      'sthree-one',
      fromSecret('keys', 'good'),
      'Accepted InvalidSpec',
      'S3 reserves names of buckets that begin with sthree-',
    ],
    ['younger', { ...inBucket(held), clusterName: 'younger' }, 'Accepted NameHeld', `spec.bucket.name ${held}`],
    [
      'same-name',
      { ...fromSecret('keys', 'good'), clusterName: 'no-secret' },
      'Accepted NameHeld',
      'spec.clusterName no-secret',
    ],
  ] as const;

  beforeAll(async () => {
    const buckets = [
      { aws: account.at('eu-west-1'), Bucket: elsewhere, LocationConstraint: 'eu-west-1' },
      { aws: await environment.account('999988887777'), Bucket: strangers, LocationConstraint: 'eu-central-1' },
    ] as const;
    for (const { aws, Bucket, LocationConstraint } of buckets) {
      await aws.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
    }
    const isYounger = (name: string) => ['younger', 'same-name'].includes(name);
    const objects = inputs.map(([name, spec]) => byHand(name, spec));
    await workspace.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: publicKeys },
      ...objects.filter(({ metadata }) => !isYounger(metadata.name)),
    );
    await workspace.condition('oidcissuer', 'no-secret', { type: 'Accepted', reason: 'Accepted' });
    await workspace.condition('oidcissuer', 'elsewhere', { type: 'Accepted', reason: 'Accepted' });
    await workspace.apply(...objects.filter(({ metadata }) => isYounger(metadata.name)));
  });

  test.each(inputs)('%s is told what is wrong, by a condition and by an event', async (name, _, told, words) => {
    const [type = '', reason = ''] = told.split(' ');
    const { status, message } = await workspace.condition('oidcissuer', name, { type, reason });
    expect([status, message]).toEqual(['False', expect.stringContaining(words)]);
    expect((await workspace.event('OIDCIssuer', name, reason)).note).toContain(words);
  });
});

describe("a kubeconfig that leads to an address of the operator's own", () => {
  const reader = { namespace: 'default', name: 'probe' };
  const kubeconfig = (server: string) =>
    JSON.stringify({
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'probe' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    });

  /** Gives the issuer's cluster this server, and has the role looked at again by a change of its spec. */
  async function leadTo(server: string): Promise<void> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'probe' } };
    await workspace.apply({ ...secret, stringData: { value: kubeconfig(server) } });
    await workspace.apply(
      oidcIssuer('probe', { cluster: { kubeconfigSecretRef: { name: 'probe', key: 'value' } } }),
      iamServiceAccount('probe', 'probe', { subjects: [reader], role: { description: server.replace(/\W/g, ' ') } }),
    );
  }

  test.each(['https://169.254.169.254', 'https://[::ffff:a9fe:a9fe]', 'https://2852039166', 'https://0'])(
    '%s is refused as InvalidKubeconfig, and is not connected to',
    async (server) => {
      await leadTo(server);
      const refused = { type: 'ServiceAccountsReady', reason: 'InvalidKubeconfig' };
      const { message } = await workspace.condition('iamserviceaccount', 'probe', refused);
      expect(message).toMatch(/^server must not be /);
    },
  );

  test('a port that nobody listens on is told of in one word', async () => {
    await leadTo('https://127.0.0.1:1');
    const refused = { type: 'ServiceAccountsReady', reason: 'ClusterUnreachable' };
    const { message } = await workspace.condition('iamserviceaccount', 'probe', refused);
    expect(message).toBe('reading ServiceAccount default/probe: Unreachable');
  });
});

// The last of all: the fault waits for more calls than this issuer makes.
test('a full quota of IAM OIDC providers is told by its code', async () => {
  const fault = { kind: 'error', code: 'LimitExceeded', status: 409 } as const;
  environment.front.fail('CreateOpenIDConnectProvider', fault, 100);
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stringData = { pub: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  await workspace.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'quota' }, stringData });
  const { spec: _, ...rest } = oidcIssuer('quota');
  const signingKeys = { secretRef: { name: 'quota', key: 'pub' } };
  await workspace.apply({ ...rest, spec: { region: 'eu-central-1', hosting: { s3: {} }, signingKeys } });
  const full = { type: 'ProvidersReady', reason: 'LimitExceeded' };
  expect((await workspace.condition('oidcissuer', 'quota', full)).message).toContain('quota L-858F3967');
});
