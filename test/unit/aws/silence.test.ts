import { beforeEach, expect, test } from '@jest/globals';
import type { Accounts } from '../../../src/aws/accounts.ts';
import type { Clients } from '../../../src/aws/clients.ts';
import { isSilence } from '../../../src/aws/errors.ts';
import type { LimiterClock } from '../../../src/aws/limiter.ts';
import { serviceLimits } from '../../../src/aws/limits.ts';
import { Breaker } from '../../../src/runtime/breaker.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';
import { FakeAws, scope } from '../../fakes/aws/index.ts';

const roleOf = (account: number) => `arn:aws:iam::${100_000_000_000 + account}:role/operator`;

let clock: FakeClock, limiterClock: LimiterClock, aws: FakeAws;
beforeEach(() => {
  clock = new FakeClock();
  limiterClock = { now: () => clock.elapsed(), after: (wait, callback) => clock.after(wait, callback) };
  aws = new FakeAws({ now: () => clock.elapsed() });
});

/** AWS in the limits and with the breakers of the operator. */
const accountsOf = (clients: Clients): Accounts =>
  aws.accounts({
    clients,
    limiterClock,
    limits: serviceLimits,
    breaker: () => new Breaker({ clock, isSilence }),
  });

const wait = (milliseconds: number) => new Promise<void>((resolve) => clock.after(milliseconds, resolve));

/** As the SDK ends a call to nobody. */
const silence = async (): Promise<never> => {
  await wait(seconds(15));
  throw Object.assign(new Error('connect timed out'), { name: 'TimeoutError' });
};

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: Error) => error.message,
  );

test('a region in which S3 is silent takes S3 of no other region away', async () => {
  const clients = aws.clients();
  const accounts = accountsOf({
    ...clients,
    forCredentials: (credentials) => {
      const made = clients.forCredentials(credentials);
      return { ...made, s3: (region) => (region === 'ap-south-2' ? { send: silence } : made.s3(region)) };
    },
  });
  const account = await accounts.get({ roleARN: undefined, namespace: 'org-acme' }, scope());
  const look = (region: string) => outcome(account.buckets(region).find('bucket'));
  // More at a time than S3's limit.
  const lost = Array.from({ length: 20 }, () => look('ap-south-2'));
  await settled();
  expect(await look('eu-central-1')).toBe('answered');
  await clock.advance(seconds(15));
  await Promise.all(lost);
  expect(await look('ap-south-2')).toContain('does not answer');
  expect(await look('eu-central-1')).toBe('answered');
});

test('a wait for credentials says nothing about the service that needs them, and takes no turn of it', async () => {
  const clients = aws.clients();
  let isSilent = false;
  const accounts = accountsOf({
    ...clients,
    sts: { send: (command, options) => (isSilent ? silence() : clients.sts.send(command, options)) },
  });
  const find = async (namespace: string) =>
    outcome((await accounts.get({ roleARN: roleOf(1), namespace }, scope())).roles.find('r'));
  expect(await find('org-known')).toBe('answered');
  isSilent = true;
  // As many as IAM takes at a time.
  const waiting = Array.from({ length: 20 }, () => find('org-new'));
  await settled();
  expect(await find('org-known')).toBe('answered');
  await clock.advance(seconds(15));
  expect((await Promise.all(waiting)).every((each) => each.includes('assuming role'))).toBe(true);
  expect(await find('org-known')).toBe('answered');
});

test("a wait for the operator's own credentials says nothing about the services either", async () => {
  let isSilent = true;
  const clients = aws.clients();
  const accounts = accountsOf({
    ...clients,
    ownCredentials: () => (isSilent ? silence() : clients.ownCredentials()),
  });
  const { roles } = await accounts.get({ roleARN: undefined, namespace: 'org-acme' }, scope());
  const lost = outcome(roles.find('r'));
  await clock.advance(seconds(15));
  expect(await lost).toContain('connect timed out');
  isSilent = false;
  expect(await outcome(roles.find('r'))).toBe('answered');
});

test('many roles that are assumed at once make no account count as silent', async () => {
  const clients = aws.clients();
  const send = async (...[command, options]: Parameters<typeof clients.sts.send>) => {
    await wait(100);
    return clients.sts.send(command, options);
  };
  const accounts = accountsOf({ ...clients, sts: { send: send as typeof clients.sts.send } });
  const find = async (account: number) =>
    outcome((await accounts.get({ roleARN: roleOf(account), namespace: 'org-acme' }, scope())).roles.find('r'));
  // STS takes 20 a second, so that the last waits longer than a breaker has patience.
  const calls = Array.from({ length: 250 }, (_, account) => find(account));
  await clock.advance(seconds(11));
  calls.push(find(249));
  await clock.advance(minutes(1));
  expect([...new Set(await Promise.all(calls))]).toEqual(['answered']);
});

test('calls that are given up because nobody answers leave no turns behind for which a later call would wait', async () => {
  const clients = aws.clients();
  let isSilent = true;
  const accounts = accountsOf({
    ...clients,
    forCredentials: (credentials) => {
      const made = clients.forCredentials(credentials);
      return {
        ...made,
        route53: { send: (command, options) => (isSilent ? silence() : made.route53.send(command, options)) },
      };
    },
  });
  const account = await accounts.get({ roleARN: undefined, namespace: 'org-acme' }, scope());
  const find = () => outcome(account.dns.findZones('example.com'));
  const given = Array.from({ length: 400 }, find);
  await clock.advance(seconds(45));
  await Promise.all(given);
  isSilent = false;
  let found: string | undefined;
  void find().then((result) => (found = result));
  await clock.advance(seconds(1));
  expect(found).toBe('answered');
});
