import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Accounts } from '../../../src/aws/accounts.ts';
import { FakeAws, scope, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const roleARN = (number: number) => `arn:aws:iam::999988887777:role/tenant-${number}`;
const numbers = Array.from({ length: 700 }, (_, index) => index);

let aws: FakeAws, accounts: Accounts, clientsMade: number, now: number;
beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  aws = new FakeAws({ now: () => now });
  clientsMade = 0;
  const clients = aws.clients();
  accounts = aws.accounts({
    clients: {
      ...clients,
      forCredentials: (credentials) => {
        clientsMade += 1;
        return clients.forCredentials(credentials);
      },
    },
  });
});

const get = (number: number) => accounts.get({ roleARN: roleARN(number), namespace: 'org-acme' }, scope());
const use = async (number: number) => (await get(number)).roles.find('r');
const count = (operation: string) => aws.calls.filter((call) => call.operation === operation).length;

describe('an object whose account was edited 700 times', () => {
  test('leaves the clients of 500 at most, and those that were used last', async () => {
    for (const number of numbers) await use(number);
    clientsMade = 0;
    for (const number of numbers.slice(-500)) await use(number);
    expect(clientsMade).toBe(0);

    // The last used first, so that what is made for one drops nothing that is asked for later.
    for (const number of numbers.slice(0, -500).reverse()) await use(number);
    expect(clientsMade).toBe(200);
  });

  test('costs one AssumeRole a role and hour all the same', async () => {
    for (const number of [...numbers, ...numbers]) await use(number);
    expect(count('AssumeRole')).toBe(700);
  });

  test('costs one list of zones a role and hour too', async () => {
    aws.account('999988887777').addZone('example.com');
    for (const number of [...numbers, ...numbers]) await (await get(number)).dns.findZones('example.com');
    expect(count('ListHostedZones')).toBe(700);
  });

  test('does not cut off a pass that is under way', async () => {
    const { roles } = await get(0);
    for (const number of numbers.slice(1)) await use(number);
    expect(await roles.find('r')).toBeUndefined();
    expect(await use(0)).toBeUndefined();
    expect(count('AssumeRole')).toBe(700);
  });

  test("does not drop the operator's own account", async () => {
    const own = () => accounts.get({ roleARN: undefined, namespace: 'org-acme' }, scope());
    await own();
    for (const number of numbers) await use(number);
    await own();
    expect(count('GetCallerIdentity')).toBe(1);
  });
});

test('clients of an account that no object names any more go, and those of an account in use stay', async () => {
  const minutes = (count: number) => (now += count * 60_000);
  await use(1);
  await use(2);
  minutes(10);
  await use(2);
  minutes(10);
  clientsMade = 0;
  await use(2);
  expect(clientsMade).toBe(0);
  await use(1);
  expect(clientsMade).toBe(1);
  expect(count('AssumeRole')).toBe(2);
});

test('nothing is kept of a role that cannot be assumed', async () => {
  for (const number of numbers.slice(0, 50)) {
    aws.failNext('AssumeRole', new ServiceError('AccessDenied', 403));
    await failure(use(number));
  }
  clientsMade = 0;
  for (const number of numbers.slice(0, 50)) await get(number);
  expect(clientsMade).toBe(50);
});

test('sessions are bounded too, far above what an operator has', async () => {
  for (let number = 0; number < 5_100; number += 1) await use(number);
  await use(0);
  expect(count('AssumeRole')).toBe(5_101);
  await use(5_099);
  expect(count('AssumeRole')).toBe(5_101);
});
