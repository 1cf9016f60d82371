import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Accounts } from '../../../src/aws/accounts.ts';
import type { AccountSummary } from '../../../src/aws/quotas.ts';
import { FakeAws, scope, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const minute = 60_000;
const quotas = { trustPolicySize: 2048, inlinePolicySize: 10_240, attachedPoliciesPerRole: 10, roles: 1000 };

let aws: FakeAws;
let now: number;
let heard: [accountID: string, summary: AccountSummary][];
let accounts: Accounts;
beforeEach(() => {
  now = 0;
  aws = new FakeAws({ now: () => now });
  heard = [];
  accounts = aws.accounts({ observer: { summarized: (...summary) => heard.push(summary) } });
});

async function read(options: Parameters<typeof scope>[0] = {}) {
  const account = await accounts.get({ roleARN: undefined, namespace: 'default' }, scope(options));
  return account.quotas();
}
const count = () => aws.calls.filter(({ operation }) => operation === 'GetAccountSummary').length;

test('are what IAM takes in the account', async () => {
  expect(await read()).toEqual(quotas);
});

test('are read once by all passes that ask within an hour, and again after that', async () => {
  await Promise.all([read(), read()]);
  now += 59 * minute;
  await read();
  expect(count()).toBe(1);

  now += minute;
  aws.account().iam.quotas.AssumeRolePolicySizeQuota = 4096;
  expect(await read()).toEqual({ ...quotas, trustPolicySize: 4096 });
  expect(count()).toBe(2);
});

test('are told to whoever measures, with what is used, each time they are read', async () => {
  await (await aws.connect()).providers.create({ url: 'https://irsa.example.com', audiences: [], tags: {} });
  await read();
  await read();

  expect(heard).toEqual([['111122223333', { quotas, used: { roles: 0, providers: 1 } }]]);
});

describe.each([
  { name: 'may not be read', error: new ServiceError('AccessDenied', 403) },
  { name: 'are not answered', error: new ServiceError('Throttling', 400) },
])('if they $name', ({ error }) => {
  test('nothing fails, and they are asked for again only after some minutes', async () => {
    aws.failNext('GetAccountSummary', error);
    expect(await read()).toBeUndefined();
    now += 4 * minute;
    expect(await read()).toBeUndefined();
    expect([count(), heard]).toEqual([1, []]);

    now += minute;
    expect(await read()).toEqual(quotas);
  });
});

test('a pass that ends does not take them from the others', async () => {
  const pass = new AbortController();
  const [given, ended] = [read(), failure(read({ signal: pass.signal }))];
  pass.abort(new Error('the pass is over'));

  expect((await ended).message).toBe('the pass is over');
  expect(await given).toEqual(quotas);
  expect(count()).toBe(1);
});
