import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Accounts } from '../../../src/aws/accounts.ts';
import { sessionName } from '../../../src/aws/credentials.ts';
import * as errors from '../../../src/aws/errors.ts';
import { settled } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { FakeAws, scope, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const roleARN = 'arn:aws:iam::999988887777:role/GiantSwarmAWSOperator';
const minute = 60_000;

let aws: FakeAws;
let now: number;
let accounts: Accounts;
const namespace = 'org-acme';
/** The account of that role, else the own one. */
const get = (arn?: string, from = accounts) => from.get({ roleARN: arn, namespace }, scope());
beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  aws = new FakeAws({ now: () => now });
  accounts = aws.accounts();
});

function count(operation: string): number {
  return aws.calls.filter((call) => call.operation === operation).length;
}

describe('the own account', () => {
  test('is asked for once', async () => {
    const found = await Promise.all([get(), get()]);
    await get();

    expect(found.map(({ id, roleARN }) => [id, roleARN])).toEqual([
      ['111122223333', undefined],
      ['111122223333', undefined],
    ]);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
  });

  test('is asked for again after a failure', async () => {
    aws.failNext('GetCallerIdentity', new ServiceError('ExpiredToken', 403));
    const error = await failure(get());
    expect(errors.describe(error)).toMatchObject({ kind: 'unauthenticated', action: 'sts:GetCallerIdentity' });

    expect((await get()).id).toBe('111122223333');
  });
});

test('each call that is sent is counted by its action and by how it ended, and those that are not are not', async () => {
  const counts: string[] = [];
  const counting = aws.accounts({ count: (action, result) => counts.push(`${action} ${result}`) });
  const account = await get(roleARN, counting);
  const { roles, providers } = account;
  await account.open();
  await providers.create({ url: 'https://irsa.example.com', audiences: [], tags: {} });
  expect(await roles.find('nobody')).toBeUndefined();
  aws.failNext('GetRole', new ServiceError('Throttling', 400));
  await failure(roles.find('nobody'));
  aws.failNext('GetRole', new ServiceError('AccessDenied', 403));
  await failure(roles.find('nobody'));
  const aborted = await counting
    .get({ roleARN, namespace }, { ...scope(), signal: AbortSignal.abort(new Error('over')) })
    .catch(() => undefined);
  await aborted?.roles.find('nobody').catch(() => undefined);
  expect(counts).toEqual([
    'sts:AssumeRole success',
    'iam:CreateOpenIDConnectProvider success',
    'iam:GetRole notFound',
    'iam:GetRole throttled',
    'iam:GetRole error',
  ]);
});

describe('the account of a role', () => {
  test('is known from its ARN, without a call', async () => {
    const account = await get(roleARN);

    expect(account).toMatchObject({ id: '999988887777', roleARN, partition: { name: 'aws' } });
    expect(aws.calls).toEqual([]);
  });

  test('is where its calls go', async () => {
    const account = await get(roleARN);
    await account.providers.create({ url: 'https://irsa.example.com', audiences: [], tags: {} });

    expect(aws.account('999988887777').providers.size).toBe(1);
    expect(aws.account('111122223333').providers.size).toBe(0);
  });

  test('is opened by its credentials, which are then those of all calls', async () => {
    const account = await get(roleARN);
    await account.open();
    await account.open();
    await account.roles.find('r');
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['AssumeRole', 'GetRole']);
  });

  test('is shut where AWS does not let us assume the role, by name', async () => {
    const account = await get(roleARN);
    aws.failNext('AssumeRole', new ServiceError('AccessDenied', 403));
    expect(errors.isShutOut(await failure(account.open()))).toBe(true);
    aws.failNext('AssumeRole', new ServiceError('Unknown', 403));
    expect(errors.isShutOut(await failure(account.open()))).toBe(false);
    aws.failNext('GetRole', new ServiceError('AccessDenied', 403));
    expect(errors.isShutOut(await failure(account.roles.find('r')))).toBe(false);
  });

  test.each(['arn:aws:iam::123:role/x', 'arn:aws:iam::999988887777:user/x', 'x'])('%s is no role', async (arn) => {
    const error = await failure(get(arn));
    expect(error.message).toBe(`${arn} is not the ARN of an IAM role`);
    expect(errors.isShutOut(error)).toBe(true);
  });

  test('is of the partition that the credentials are of', async () => {
    const error = await failure(get('arn:aws-cn:iam::999988887777:role/x'));
    expect(error.message).toContain('is in partition aws-cn');
    expect(aws.calls).toEqual([]);
  });
});

describe('credentials of a role', () => {
  async function useAll(): Promise<void> {
    const account = await get(roleARN);
    await Promise.all([
      account.roles.find('r'),
      account.distributions.find('E0'),
      account.dns.findZones('example.com'),
      account.certificates.findByDomain('example.com'),
      account.buckets('eu-central-1').find('b'),
      account.buckets('us-east-1').find('b'),
    ]);
  }

  test('cost one AssumeRole an hour for all services together', async () => {
    await useAll();
    expect(count('AssumeRole')).toBe(1);
    expect(aws.calls[0]?.input).toEqual({
      RoleArn: roleARN,
      RoleSessionName: 'irsa-operator-test',
      ExternalId: 'test/org-acme',
    });

    now += 49 * minute;
    await useAll();
    expect(count('AssumeRole')).toBe(1);

    now += minute;
    await useAll();
    expect(count('AssumeRole')).toBe(2);
  });

  test('are renewed by how much time has passed, whatever time of day the machine shows', async () => {
    let passed = 0;
    const shared = aws.accounts({ now: () => passed });
    const use = async () => (await get(roleARN, shared)).roles.find('r');
    await use();
    passed += 49 * minute;
    await use();
    expect(count('AssumeRole')).toBe(1);
    passed += minute;
    await use();
    expect(count('AssumeRole')).toBe(2);
  });

  test('that are refused are named as that, and not remembered', async () => {
    const { roles } = await get(roleARN);
    aws.failNext('AssumeRole', new ServiceError('AccessDenied', 403));
    const error = await failure(roles.find('r'));

    expect(errors.describe(error)).toEqual({ code: 'AccessDenied', action: 'sts:AssumeRole', kind: 'accessDenied' });
    expect(error.message).toMatch(`assuming role ${roleARN}: AccessDenied`);

    expect(await roles.find('r')).toBeUndefined();
    expect(count('AssumeRole')).toBe(2);
  });

  test.each([
    ['ginger', 'irsa-operator-ginger'],
    ['a b/c', 'irsa-operator-a-b-c'],
  ])('of installation %p are used in session %s', (installation, name) => {
    expect(sessionName(installation)).toBe(name);
  });

  test('have a session name that STS takes, however long the installation', () => {
    expect(sessionName('x'.repeat(100))).toHaveLength(64);
  });
});

describe('a scope that is aborted', () => {
  test('sends no call any more', async () => {
    const stop = new AbortController();
    const ref = { roleARN, namespace };
    const { roles } = await accounts.get(ref, scope({ signal: stop.signal }));
    stop.abort(new Error('the lease is lost'));

    expect((await failure(roles.find('r'))).message).toContain('the lease is lost');
    expect((await failure(accounts.get(ref, scope({ signal: stop.signal })))).message).toContain('the lease is lost');
    expect(aws.calls).toEqual([]);
  });

  test('does not make the service look silent to others, although its time is over', async () => {
    const clients = aws.clients();
    let isSilent = true;
    const forCredentials: typeof clients.forCredentials = (source) => {
      const given = clients.forCredentials(source);
      const send: typeof given.iam.send = (command, options) =>
        isSilent ? new Promise<never>(() => {}) : given.iam.send(command, options);
      return { ...given, iam: { send } };
    };
    const shared = aws.accounts({ clients: { ...clients, forCredentials } });
    const pass = new AbortController();
    const first = await shared.get({ roleARN, namespace }, scope({ signal: pass.signal }));
    const call = failure(first.roles.find('r'));
    await settled();
    pass.abort(new DOMException('not done within 120 s', 'TimeoutError'));
    expect((await call).message).toContain('not done within 120 s');
    isSilent = false;
    expect(await (await get(roleARN, shared)).roles.find('r')).toBeUndefined();
  });

  test('does not take the credentials from another that waits for them too', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const clients = aws.clients();
    const { sts } = clients;
    const send: typeof sts.send = async (command, options) => {
      await answered;
      return sts.send(command, options);
    };
    const shared = aws.accounts({ clients: { ...clients, sts: { send } } });
    const stop = new AbortController();
    const first = await shared.get({ roleARN, namespace }, scope({ signal: stop.signal }));
    const second = await get(roleARN, shared);
    const calls = [failure(first.roles.find('r')), second.roles.find('r')] as const;
    stop.abort(new Error('the pass has had its time'));

    expect((await calls[0]).message).toContain('the pass has had its time');
    answer();
    expect(await calls[1]).toBeUndefined();
    expect(count('AssumeRole')).toBe(1);
  });
});

describe('namespaces', () => {
  const findRole = async (from: string) => (await accounts.get({ roleARN, namespace: from }, scope())).roles.find('r');

  test('never share a session, for the trust policy may allow only one of them', async () => {
    aws.pinned.set(roleARN, 'test/org-acme');
    expect(await findRole('org-acme')).toBeUndefined();

    expect(errors.describe(await failure(findRole('org-evil')))).toMatchObject({
      action: 'sts:AssumeRole',
      kind: 'accessDenied',
    });
    expect(await findRole('org-acme')).toBeUndefined();
    expect(aws.calls.filter(({ operation }) => operation === 'GetRole')).toHaveLength(2);
  });

  test('cost one AssumeRole each, and none for the own account', async () => {
    for (const each of ['org-acme', 'org-acme', 'org-other']) await findRole(each);
    expect(aws.calls.flatMap(({ input }) => input['ExternalId'] ?? [])).toEqual(['test/org-acme', 'test/org-other']);

    for (const each of ['org-acme', 'org-other'])
      await (await accounts.get({ roleARN: undefined, namespace: each }, scope())).roles.find('r');
    expect(count('AssumeRole')).toBe(2);
    expect(count('GetCallerIdentity')).toBe(1);
  });
});

describe('limits', () => {
  const slow = { concurrency: 1, callsPerSecond: Infinity };
  const limits = { acm: slow, cloudfront: slow, iam: slow, route53: slow, s3: slow, sts: slow };

  test('hold for an account and service together, whatever role leads there', async () => {
    const clients = aws.clients();
    let running = 0;
    let most = 0;
    const counted = aws.accounts({
      limits,
      clients: {
        ...clients,
        forCredentials: (credentials) => {
          const made = clients.forCredentials(credentials);
          const { iam } = made;
          const send: typeof iam.send = async (command, options) => {
            most = Math.max(most, (running += 1));
            await new Promise((resolve) => setTimeout(resolve, 5));
            running -= 1;
            return iam.send(command, options);
          };
          return { ...made, iam: { send } };
        },
      },
    });
    const reached = [await get(roleARN, counted), await get(`${roleARN}2`, counted)];
    await Promise.all(reached.flatMap(({ roles }) => [roles.find('a'), roles.find('b')]));
    expect(most).toBe(1);

    const other = await get('arn:aws:iam::444455556666:role/x', counted);
    await Promise.all([...reached, other].map(({ roles }) => roles.find('a')));
    expect(most).toBe(2);
  });

  test('let the calls of an urgent pass go before those of others, which came first', async () => {
    const limited = aws.accounts({ limits });
    const find = async (urgency: 'high' | 'normal' | 'low', name: string) =>
      (await limited.get({ roleARN: undefined, namespace }, scope({ urgency }))).roles.find(name);
    await find('low', 'before');
    aws.forgetCalls();
    await Promise.all([find('low', 'a'), find('low', 'b'), find('normal', 'c'), find('high', 'd')]);
    // The first call found nobody waiting.
    expect(aws.calls.map(({ input }) => input['RoleName'])).toEqual(['a', 'd', 'c', 'b']);
  });
});

test('each change of AWS is logged once, with the object that it is for, and a read is not', async () => {
  const logger = new FakeLogger().child({ name: 's3-reader' });
  const { lines } = logger as FakeLogger;
  const account = await accounts.get({ roleARN: undefined, namespace }, scope({ logger }));
  await account.roles.find('reader');
  await account.roles.create({
    name: 'reader',
    path: '/',
    trustPolicy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
    },
    description: undefined,
    maxSessionDurationSeconds: undefined,
    permissionsBoundary: undefined,
    tags: {},
  });
  expect(lines).toEqual([
    {
      name: 's3-reader',
      level: 'info',
      message: 'changed AWS',
      account: account.id,
      action: 'iam:CreateRole',
      doing: 'creating role reader',
    },
  ]);
});
