import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Accounts } from '../../../src/aws/accounts.ts';
import { sessionName } from '../../../src/aws/credentials.ts';
import * as errors from '../../../src/aws/errors.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const roleARN = 'arn:aws:iam::999988887777:role/GiantSwarmAWSOperator';
const minute = 60_000;

let aws: FakeAws;
let now: number;
let accounts: Accounts;
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
    const found = await Promise.all([accounts.get(undefined), accounts.get(undefined)]);
    await accounts.get(undefined);

    expect(found.map(({ id, roleARN }) => [id, roleARN])).toEqual([
      ['111122223333', undefined],
      ['111122223333', undefined],
    ]);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
  });

  test('is asked for again after a failure', async () => {
    aws.failNext('GetCallerIdentity', new ServiceError('ExpiredToken', 403));
    const error = await failure(accounts.get(undefined));
    expect(errors.describe(error)).toMatchObject({ kind: 'unauthenticated', action: 'sts:GetCallerIdentity' });

    expect((await accounts.get(undefined)).id).toBe('111122223333');
  });
});

describe('the account of a role', () => {
  test('is known from its ARN, without a call', async () => {
    const account = await accounts.get(roleARN);

    expect(account).toMatchObject({ id: '999988887777', roleARN, partition: { name: 'aws' } });
    expect(await accounts.get(roleARN)).toBe(account);
    expect(aws.calls).toEqual([]);
  });

  test('is where its calls go', async () => {
    const account = await accounts.get(roleARN);
    await account.providers.create({ url: 'https://irsa.example.com', audiences: [], tags: {} });

    expect(aws.account('999988887777').providers.size).toBe(1);
    expect(aws.account('111122223333').providers.size).toBe(0);
  });

  test.each(['arn:aws:iam::123:role/x', 'arn:aws:iam::999988887777:user/x', 'x'])('%s is no role', async (arn) => {
    expect((await failure(accounts.get(arn))).message).toBe(`${arn} is not the ARN of an IAM role`);
  });

  test('is of the partition that the credentials are of', async () => {
    const error = await failure(accounts.get('arn:aws-cn:iam::999988887777:role/x'));
    expect(error.message).toContain('is in partition aws-cn');
    expect(aws.calls).toEqual([]);
  });
});

describe('credentials of a role', () => {
  async function useAll(): Promise<void> {
    const account = await accounts.get(roleARN);
    await Promise.all([
      account.roles.find('r'),
      account.distributions.find('E0'),
      account.dns.findZone('example.com'),
      account.certificates.findByDomain('example.com'),
      account.buckets('eu-central-1').find('b'),
      account.buckets('us-east-1').find('b'),
    ]);
  }

  test('cost one AssumeRole an hour for all services together', async () => {
    await useAll();
    expect(count('AssumeRole')).toBe(1);
    expect(aws.calls[0]?.input).toEqual({ RoleArn: roleARN, RoleSessionName: 'irsa-operator-test' });

    now += 49 * minute;
    await useAll();
    expect(count('AssumeRole')).toBe(1);

    now += minute;
    await useAll();
    expect(count('AssumeRole')).toBe(2);
  });

  test('that are refused are named as that, and not remembered', async () => {
    const { roles } = await accounts.get(roleARN);
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

test('after the stop no call goes out', async () => {
  const stop = new AbortController();
  const { roles } = await aws.accounts({ stop: stop.signal }).get(roleARN);
  stop.abort(new Error('the lease is lost'));

  expect((await failure(roles.find('r'))).message).toContain('the lease is lost');
  expect(aws.calls).toEqual([]);
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
    const reached = [await counted.get(roleARN), await counted.get(`${roleARN}2`)];
    await Promise.all(reached.flatMap(({ roles }) => [roles.find('a'), roles.find('b')]));
    expect(most).toBe(1);

    const other = await counted.get('arn:aws:iam::444455556666:role/x');
    await Promise.all([...reached, other].map(({ roles }) => roles.find('a')));
    expect(most).toBe(2);
  });
});

test('each change of AWS is logged once, and a read is not', async () => {
  const logger = new FakeLogger();
  const account = await new FakeAws().accounts({ logger }).get(undefined);
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
  expect(logger.lines).toEqual([
    {
      level: 'info',
      message: 'changed AWS',
      account: account.id,
      action: 'iam:CreateRole',
      doing: 'creating role reader',
    },
  ]);
});
