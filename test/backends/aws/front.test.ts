import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ListCertificatesCommand } from '@aws-sdk/client-acm';
import { ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import {
  CreateRoleCommand,
  GetRoleCommand,
  ListRolesCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { GetHostedZoneCommand, ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { GetBucketWebsiteCommand, HeadBucketCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { AwsFront } from './front.ts';
import { Clients } from './clients.ts';
import { withFront } from './with-front.ts';

const world = withFront();

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const reader = new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust });
const getReader = new GetRoleCommand({ RoleName: 'reader' });

/** What is answered to a path that the SDK would not send. */
async function statusAt(url: string, path: string): Promise<number | undefined> {
  const [response] = (await once(get(url, { path, agent: false }), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('counting', () => {
  test('counts calls by operation and tells writes from reads', async () => {
    await world.aws.iam.send(reader);
    await world.aws.iam.send(getReader);
    await world.aws.iam.send(getReader);
    expect(world.front.count()).toEqual({ 'iam:CreateRole': 1, 'iam:GetRole': 2 });
    expect(world.front.count('GetRole')).toEqual({ 'iam:GetRole': 2 });
    expect(world.front.writes().map(({ operation, status }) => [operation, status])).toEqual([['CreateRole', 200]]);
  });

  test('starts at nothing again when the calls are cleared, and keeps what was made', async () => {
    await world.aws.iam.send(reader);
    world.front.clearCalls();
    expect(world.front.count()).toEqual({});
    await expect(world.aws.iam.send(getReader)).resolves.toBeDefined();
  });

  test('forgets everything at a reset', async () => {
    await world.aws.iam.send(reader);
    await world.front.reset();
    expect(world.front.calls).toEqual([]);
    await expect(world.aws.iam.send(getReader)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('knows how many calls were in flight at a time, and how long moto worked', async () => {
    world.front.latency = 20;
    const busy = world.front.emulatorBusy;
    await Promise.all(Array.from({ length: 3 }, () => world.aws.iam.send(new ListRolesCommand({}))));
    world.front.latency = 0;
    expect(world.front.mostInFlight).toBe(3);
    expect(world.front.emulatorBusy).toBeGreaterThan(busy);
    await world.aws.iam.send(new ListRolesCommand({}));
    world.front.clearCalls();
    await world.aws.iam.send(new ListRolesCommand({}));
    expect(world.front.mostInFlight).toBe(1);
  });

  test('knows in which account and region a call was made', async () => {
    const other = await world.aws.at('eu-central-1').in('111122223333');
    await other.sts.send(new GetCallerIdentityCommand({}));
    expect(world.front.calls.map(({ operation, accountID, region }) => ({ operation, accountID, region }))).toEqual([
      { operation: 'AssumeRole', accountID: '123456789012', region: 'eu-central-1' },
      { operation: 'GetCallerIdentity', accountID: '111122223333', region: 'eu-central-1' },
    ]);
  });

  test('keeps the objects of each account apart', async () => {
    const other = await world.aws.in('111122223333');
    await other.iam.send(reader);
    await expect(world.aws.iam.send(getReader)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    await expect(other.iam.send(getReader)).resolves.toMatchObject({
      Role: { Arn: 'arn:aws:iam::111122223333:role/reader' },
    });
  });

  test('refuses a call that it cannot name, and counts it as a write', async () => {
    await expect(world.aws.s3.send(new GetBucketWebsiteCommand({ Bucket: 'some-bucket' }))).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
    expect(world.front.writes()).toHaveLength(1);
    expect(world.front.takeUnknown()).toEqual(world.front.writes());
  });

  test('remembers a call that it cannot name over a reset, until somebody takes it', async () => {
    await expect(world.aws.s3.send(new GetBucketWebsiteCommand({ Bucket: 'some-bucket' }))).rejects.toThrow();
    world.front.clearCalls();
    await world.front.reset();
    expect(world.front.takeUnknown()).toMatchObject([{ service: 's3', operation: 'Unknown', status: 501 }]);
    expect(world.front.takeUnknown()).toEqual([]);
  });

  test('complains at its end of a call that it could not name, and stops all the same', async () => {
    const own = await AwsFront.start({ motoUrl: world.motoUrl });
    const { url } = own;
    const clients = new Clients(own);
    await expect(clients.s3.send(new GetBucketWebsiteCommand({ Bucket: 'some-bucket' }))).rejects.toThrow();
    await own.reset();
    clients.destroy();
    await expect(own.stop()).rejects.toThrow('the front could not name calls to s3');
    await expect(statusAt(url, '/')).rejects.toThrow('ECONNREFUSED');
  });

  test.each(['/some-bucket/%zz', '/%', '//some-host/some-bucket/%zz'])(
    'cannot name a call of the path %s',
    async (path) => {
      expect(await statusAt(world.front.url, path)).toBe(501);
      expect(world.front.takeUnknown()).toMatchObject([{ operation: 'Unknown', write: true }]);
    },
  );

  test('says clearly what moto cannot do', async () => {
    const simulate = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: 'arn:aws:iam::123456789012:role/x',
      ActionNames: ['s3:GetObject'],
    });
    await expect(world.aws.iam.send(simulate)).rejects.toMatchObject({
      name: 'EmulatorFailure',
      message: expect.stringContaining('iam:SimulatePrincipalPolicy'),
    });
  });
});

test('passes calls on one at a time, for moto is not thread-safe', async () => {
  let open = 0;
  const seen: number[] = [];
  const slow = createServer((_incoming, outgoing) => {
    seen.push(++open);
    setTimeout(() => {
      open--;
      outgoing.writeHead(200, { 'content-type': 'text/xml' }).end('<ListRolesResponse/>');
    }, 20);
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const own = await AwsFront.start({ motoUrl: `http://127.0.0.1:${(slow.address() as AddressInfo).port}` });
  const clients = new Clients(own);
  await Promise.all([1, 2, 3, 4].map(() => clients.iam.send(new ListRolesCommand({}))));
  expect(seen).toEqual([1, 1, 1, 1]);
  clients.destroy();
  await own.stop();
  slow.close();
});

describe('hooks', () => {
  test('lets a handler take an operation over', async () => {
    const own = await AwsFront.start({ motoUrl: world.motoUrl });
    own.handle('iam:GetRole', () => ({ status: 418, headers: { 'content-type': 'text/xml' }, body: '<x/>' }));
    const clients = new Clients(own);
    await expect(clients.iam.send(getReader)).rejects.toMatchObject({ $metadata: { httpStatusCode: 418 } });
    clients.destroy();
    await own.stop();
  });

  test('asks whether a call is authorized, and answers as AWS when it is not', async () => {
    const own = await AwsFront.start({ motoUrl: world.motoUrl });
    own.authorize = async ({ operation }, { accessKeyID }) => ({ message: `${accessKeyID} may not ${operation}` });
    const clients = new Clients(own);
    const put = new PutObjectCommand({ Bucket: 'some-bucket', Key: 'key', Body: 'text' });
    await expect(clients.s3.send(put)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'AKIAIOSFODNN7EXAMPLE may not PutObject',
      $metadata: { httpStatusCode: 403 },
    });
    clients.destroy();
    await own.stop();
  });
});

describe('faults', () => {
  test.each([
    ['iam', 'ListRoles', () => world.aws.iam.send(new ListRolesCommand({})), 'Throttling', 400],
    ['sts', 'GetCallerIdentity', () => world.aws.sts.send(new GetCallerIdentityCommand({})), 'Throttling', 400],
    ['route53', 'ListHostedZones', () => world.aws.route53.send(new ListHostedZonesCommand({})), 'Throttling', 400],
    [
      'cloudfront',
      'ListDistributions',
      () => world.aws.cloudFront.send(new ListDistributionsCommand({})),
      'Throttling',
      400,
    ],
    ['acm', 'ListCertificates', () => world.aws.acm.send(new ListCertificatesCommand({})), 'ThrottlingException', 400],
    ['s3', 'ListBuckets', () => world.aws.s3.send(new ListBucketsCommand({})), 'SlowDown', 503],
  ])('throttles %s in its own words', async (service, operation, call, name, status) => {
    world.front.fail(`${service}:${operation}`, { kind: 'throttle' });
    await expect(call()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    await expect(call()).resolves.toBeDefined();
  });

  test.each([
    ['iam', () => world.aws.iam.send(getReader), 'NoSuchEntity', 404, 'NoSuchEntityException'],
    [
      'route53',
      () => world.aws.route53.send(new GetHostedZoneCommand({ Id: 'Z1' })),
      'NoSuchHostedZone',
      404,
      'NoSuchHostedZone',
    ],
    ['s3', () => world.aws.s3.send(new ListBucketsCommand({})), 'AccessDenied', 403, 'AccessDenied'],
    [
      'acm',
      () => world.aws.acm.send(new ListCertificatesCommand({})),
      'ValidationException',
      400,
      'ValidationException',
    ],
    [
      'cloudfront',
      () => world.aws.cloudFront.send(new ListDistributionsCommand({})),
      'AccessDenied',
      403,
      'AccessDenied',
    ],
  ])('answers any error of %s so that the SDK reads its name', async (service, call, code, status, name) => {
    world.front.fail(operationOf[service] ?? '', { kind: 'error', code, status });
    await expect(call()).rejects.toMatchObject({
      name,
      message: 'injected by the test',
      $metadata: { httpStatusCode: status },
    });
  });

  test('answers a HEAD without a body, as S3 does', async () => {
    world.front.fail('HeadBucket', { kind: 'error', code: 'AccessDenied', status: 403 });
    await expect(world.aws.s3.send(new HeadBucketCommand({ Bucket: 'some-bucket' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('breaks a call as often as it is told', async () => {
    world.front.fail('ListRoles', { kind: 'serverError', status: 503 }, 2);
    const list = () => world.aws.iam.send(new ListRolesCommand({}));
    await expect(list()).rejects.toMatchObject({ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } });
    await expect(list()).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
    await expect(list()).resolves.toBeDefined();
  });

  test('answers as a load balancer does', async () => {
    world.front.fail('ListRoles', { kind: 'serverError', status: 503, html: true });
    await expect(world.aws.iam.send(new ListRolesCommand({}))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    });
  });

  test('resets the connection before the call takes effect', async () => {
    world.front.fail('CreateRole', { kind: 'reset' });
    await expect(world.aws.iam.send(reader)).rejects.toThrow('socket hang up');
    await expect(world.aws.iam.send(getReader)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    expect(world.front.calls[0]).toMatchObject({ operation: 'CreateRole', status: 0 });
  });

  test('breaks an answer off after the call took effect', async () => {
    world.front.fail('CreateRole', { kind: 'truncate' });
    await expect(world.aws.iam.send(reader)).rejects.toThrow();
    await expect(world.aws.iam.send(getReader)).resolves.toBeDefined();
  });

  test('lets a call lie, and drops it when the caller has gone', async () => {
    world.front.fail('CreateRole', { kind: 'stall', ms: 200 });
    await expect(world.aws.iam.send(reader, { abortSignal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await new Promise((resolve) => setTimeout(resolve, 250));
    await expect(world.aws.iam.send(getReader)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('lets a call take effect, tells the test, and never answers', async () => {
    let existed = false;
    world.front.fail('CreateRole', {
      kind: 'tookEffect',
      then: async () => {
        existed = (await world.aws.iam.send(getReader)).Role !== undefined;
      },
    });
    await expect(world.aws.iam.send(reader)).rejects.toThrow('socket hang up');
    expect(existed).toBe(true);
  });

  test('loses a call, and tells the test first', async () => {
    const fired: string[] = [];
    world.front.fail('CreateRole', { kind: 'lost', then: () => void fired.push('then') });
    await expect(world.aws.iam.send(reader)).rejects.toThrow('socket hang up');
    expect(fired).toEqual(['then']);
    await expect(world.aws.iam.send(getReader)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('waits on while the call is refused, for then it took no effect', async () => {
    const fired: string[] = [];
    world.front.fail('CreateRole', { kind: 'tookEffect', then: () => void fired.push('then') });
    const malformed = new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: '{}' });
    await expect(world.aws.iam.send(malformed)).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
    expect(fired).toEqual([]);
    await expect(world.aws.iam.send(reader)).rejects.toThrow('socket hang up');
    expect(fired).toEqual(['then']);
  });

  test('answers the caller where what the test does in between fails', async () => {
    const then = () => Promise.reject(new Error('the test is wrong'));
    world.front.fail('CreateRole', { kind: 'tookEffect', then });
    await expect(world.aws.iam.send(reader)).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  });
});

const operationOf: Readonly<Record<string, string>> = {
  iam: 'GetRole',
  route53: 'GetHostedZone',
  s3: 'ListBuckets',
  acm: 'ListCertificates',
  cloudfront: 'ListDistributions',
};
