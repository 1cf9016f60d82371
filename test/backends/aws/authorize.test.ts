import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Clients } from './clients.ts';
import { account, HandMadeIssuer, makeBucket, region, trustPolicy, withoutManagedPolicies } from './edge-fixture.ts';
import { startAws, type TestAws } from './edge-start.ts';

let aws: TestAws, issuer: HandMadeIssuer, owner: Clients;
beforeAll(async () => {
  aws = await startAws(withoutManagedPolicies);
});
afterAll(() => aws?.stop());

const RoleName = 's3-reader';
const statement = (Effect: string, Action: string | string[], Resource: string, rest: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action, Resource, ...rest }] });

beforeEach(async () => {
  await aws.front.reset();
  issuer = await HandMadeIssuer.create(aws.front);
  owner = issuer.aws;
  await issuer.register();
  const AssumeRolePolicyDocument = trustPolicy('system:serviceaccount:default:s3-reader');
  await owner.iam.send(new CreateRoleCommand({ RoleName, Path: '/irsa/', AssumeRolePolicyDocument }));
  await makeBucket(owner, 'pods');
});

/** Writes the role's only inline policy. */
const allow = (PolicyDocument: string) =>
  owner.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'access', PolicyDocument }));

async function managedPolicy(PolicyDocument: string): Promise<string> {
  const { Policy } = await owner.iam.send(new CreatePolicyCommand({ PolicyName: 'managed', PolicyDocument }));
  return Policy?.Arn ?? '';
}

/** Client options with credentials that a pod gets for its token. */
async function pod() {
  const sts = new STSClient({ endpoint: aws.front.url, region });
  const { Credentials } = await sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: `arn:aws:iam::${account}:role/irsa/${RoleName}`,
      RoleSessionName: 'pod',
      WebIdentityToken: await issuer.key.token(),
    }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return { endpoint: aws.front.url, region, credentials };
}
const podS3 = async () => new S3Client(await pod());

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: Error) => error.name,
  );
const write = (s3: S3Client, Key: string, Bucket = 'pods') =>
  outcome(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'hello' })));

describe('a pod may write', () => {
  test('what an inline policy of its role allows, and nothing else', async () => {
    await allow(statement('Allow', 's3:PutObject', 'arn:aws:s3:::pods/echo/*'));
    const s3 = await podS3();
    expect(await write(s3, 'echo/1')).toBe('done');
    expect(await write(s3, 'other/1')).toBe('AccessDenied');
    expect(await outcome(s3.send(new GetObjectCommand({ Bucket: 'pods', Key: 'echo/1' })))).toBe('AccessDenied');
  });

  test('what a managed policy allows', async () => {
    const PolicyArn = await managedPolicy(statement('Allow', 's3:PutObject', 'arn:aws:s3:::pods/*'));
    const s3 = await podS3();
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
    await owner.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    expect(await write(s3, 'echo/1')).toBe('done');
    expect(await outcome(s3.send(new ListObjectsV2Command({ Bucket: 'pods' })))).toBe('AccessDenied');
  });

  test('nothing that the boundary does not have', async () => {
    await allow(statement('Allow', 's3:*', '*'));
    const s3 = await podS3();
    expect(await write(s3, 'echo/1')).toBe('done');
    const PermissionsBoundary = await managedPolicy(statement('Allow', 's3:GetObject', '*'));
    await owner.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
    expect(await outcome(s3.send(new GetObjectCommand({ Bucket: 'pods', Key: 'echo/1' })))).toBe('done');
  });

  test('as long as the policy stands, with the same credentials', async () => {
    const s3 = await podS3();
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
    await allow(statement('Allow', 's3:PutObject', 'arn:aws:s3:::pods/*'));
    expect(await write(s3, 'echo/1')).toBe('done');
    await owner.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'access' }));
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
  });

  test('nothing that the bucket policy denies', async () => {
    await allow(statement('Allow', 's3:*', '*'));
    const deny = statement('Deny', 's3:PutObject', 'arn:aws:s3:::pods/*', { Principal: '*' });
    await owner.s3.send(new PutBucketPolicyCommand({ Bucket: 'pods', Policy: deny }));
    expect(await write(await podS3(), 'echo/1')).toBe('AccessDenied');
  });

  test('to the bucket of another account only where both sides allow it', async () => {
    await allow(statement('Allow', 's3:*', '*'));
    const other = await owner.in('444455556666');
    await makeBucket(other, 'theirs');
    const s3 = await podS3();
    expect(await write(s3, 'echo/1', 'theirs')).toBe('AccessDenied');
    const Principal = { AWS: `arn:aws:iam::${account}:role/irsa/${RoleName}` };
    const Policy = statement('Allow', 's3:PutObject', 'arn:aws:s3:::theirs/*', { Principal });
    await other.s3.send(new PutBucketPolicyCommand({ Bucket: 'theirs', Policy }));
    expect(await write(s3, 'echo/1', 'theirs')).toBe('done');
    await owner.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'access' }));
    expect(await write(s3, 'echo/1', 'theirs')).toBe('AccessDenied');
  });
});

test('each call on an object needs its own permission', async () => {
  await allow(statement('Allow', ['s3:PutObject', 's3:DeleteObject'], 'arn:aws:s3:::pods/*'));
  const s3 = await podS3();
  await write(s3, 'echo/1');
  const at = { Bucket: 'pods', Key: 'echo/1' };
  expect(await outcome(s3.send(new GetObjectCommand(at)))).toBe('AccessDenied');
  expect(await outcome(s3.send(new HeadObjectCommand(at)))).not.toBe('done');
  expect(await outcome(s3.send(new ListObjectsV2Command({ Bucket: 'pods' })))).toBe('AccessDenied');
  expect(await outcome(s3.send(new DeleteObjectCommand(at)))).toBe('done');
  await allow(statement('Allow', ['s3:PutObject', 's3:GetObject'], 'arn:aws:s3:::pods/*'));
  await write(s3, 'echo/1');
  expect(await outcome(s3.send(new GetObjectCommand(at)))).toBe('done');
  expect(await outcome(s3.send(new HeadObjectCommand(at)))).toBe('done');
});

test('a call is judged by who makes it', async () => {
  const callers = (role: string) => ({
    Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/${role}` } },
  });
  const s3 = await podS3();
  await allow(statement('Allow', 's3:PutObject', '*', callers(`irsa/${RoleName}`)));
  expect(await write(s3, 'echo/1')).toBe('done');
  await allow(statement('Allow', 's3:PutObject', '*', callers('another')));
  expect(await write(s3, 'echo/1')).toBe('AccessDenied');
});

test('a listing is judged by its prefix', async () => {
  const Condition = { StringLike: { 's3:prefix': 'echo/*' } };
  await allow(statement('Allow', 's3:ListBucket', 'arn:aws:s3:::pods', { Condition }));
  const s3 = await podS3();
  const list = (Prefix?: string) => outcome(s3.send(new ListObjectsV2Command({ Bucket: 'pods', Prefix })));
  expect(await list('echo/')).toBe('done');
  expect(await list('other/')).toBe('AccessDenied');
  expect(await list()).toBe('AccessDenied');
});

test('a pod has no say in IAM, whatever its role allows', async () => {
  await allow(statement('Allow', '*', '*'));
  expect(await outcome(new IAMClient(await pod()).send(new ListRolesCommand({})))).toBe('AccessDenied');
});

describe('credentials are worth nothing', () => {
  const everything = statement('Allow', '*', '*');
  test('without their session token', async () => {
    await allow(everything);
    const options = await pod();
    const credentials = { ...options.credentials, sessionToken: 'guessed' };
    expect(await write(new S3Client({ ...options, credentials }), 'echo/1')).toBe('InvalidToken');
  });
  test('once they have expired', async () => {
    await allow(everything);
    const s3 = await podS3();
    const now = Date.now;
    Date.now = () => now() + 3_601_000;
    try {
      expect(await write(s3, 'echo/1')).toBe('ExpiredToken');
    } finally {
      Date.now = now;
    }
  });
  test('once their role is gone, even if there is one of its name again', async () => {
    const s3 = await podS3();
    await owner.iam.send(new DeleteRoleCommand({ RoleName }));
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
    const AssumeRolePolicyDocument = trustPolicy('system:serviceaccount:default:s3-reader');
    await owner.iam.send(new CreateRoleCommand({ RoleName, Path: '/irsa/', AssumeRolePolicyDocument }));
    await allow(everything);
    expect(await write(s3, 'echo/1')).toBe('AccessDenied');
    expect(await write(await podS3(), 'echo/1')).toBe('done');
  });
  test('once AWS has forgotten them', async () => {
    const s3 = await podS3();
    await aws.front.reset();
    await makeBucket(await new Clients(aws.front, region).in(account), 'pods');
    expect(await write(s3, 'echo/1')).toBe('InvalidAccessKeyId');
  });
});
