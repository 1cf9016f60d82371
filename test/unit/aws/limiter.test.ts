import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Limiter, type Limit, type LimiterClock, systemLimiterClock, type Urgency } from '../../../src/aws/limiter.ts';
import { serviceLimits, withRates } from '../../../src/aws/limits.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';
import { ServiceError } from '../../fakes/aws/index.ts';

const seconds = (count: number) => count * 1000;
const latency = 50;

let clock: FakeClock;
let time: LimiterClock;
beforeEach(() => {
  clock = new FakeClock();
  time = { now: () => clock.now().getTime(), after: (wait, callback) => clock.after(wait, callback) };
});

/** An account with a token bucket for one second of calls, as IAM has. */
class FakeAccount {
  answered = 0;
  throttled = 0;
  #tokens: number;
  #counted = time.now();

  constructor(public callsPerSecond: number) {
    this.#tokens = callsPerSecond;
  }

  readonly call = async (): Promise<void> => {
    await new Promise<void>((resolve) => clock.after(latency, resolve));
    const now = time.now();
    this.#tokens = Math.min(this.callsPerSecond, this.#tokens + ((now - this.#counted) / 1000) * this.callsPerSecond);
    this.#counted = now;
    if (this.#tokens < 1) {
      this.throttled++;
      throw new ServiceError('Throttling', 400);
    }
    this.#tokens--;
    this.answered++;
  };

  forget(): void {
    this.answered = this.throttled = 0;
  }
}

/** There is always more to do than the account takes. */
function keepBusy(limiter: Limiter, account: FakeAccount): void {
  const again = () => void limiter.add(account.call).then(again, again);
  for (let lane = 0; lane < 50; lane++) again();
}

const iam: Limit = { concurrency: 20, callsPerSecond: 100 };

describe('a limiter of an account that takes 10 calls a second', () => {
  let limiter: Limiter, account: FakeAccount;
  beforeEach(async () => {
    limiter = new Limiter(iam, time);
    account = new FakeAccount(10);
    keepBusy(limiter, account);
    await clock.advance(seconds(20));
  });

  test('settles near that, and is hardly throttled any more', async () => {
    expect(limiter.rate).toBeGreaterThan(4);
    expect(limiter.rate).toBeLessThan(15);
    account.forget();
    await clock.advance(seconds(120));
    expect(account.answered / 120).toBeGreaterThan(6);
    expect(account.throttled / account.answered).toBeLessThan(0.05);
  });

  test('is at its full rate again within a minute when the account takes it', async () => {
    account.callsPerSecond = 1_000;
    await clock.advance(seconds(60));
    expect(limiter.rate).toBe(iam.callsPerSecond);
    account.forget();
    await clock.advance(seconds(10));
    expect(account.answered / 10).toBeGreaterThan(95);
    expect(account.throttled).toBe(0);
  });

  test('does not fall to nothing when the account takes nothing at all, and finds out when it does', async () => {
    account.callsPerSecond = 0;
    await clock.advance(seconds(300));
    expect(limiter.rate).toBeGreaterThanOrEqual(0.5);
    account.callsPerSecond = 10;
    await clock.advance(seconds(40));
    account.forget();
    await clock.advance(seconds(60));
    expect(account.answered / 60).toBeGreaterThan(6);
  });
});

test('calls that were under way together and are all throttled halve the rate once', async () => {
  const limiter = new Limiter(iam, time);
  const throttle = async () => {
    await new Promise<void>((resolve) => clock.after(latency, resolve));
    throw new ServiceError('Throttling', 400);
  };
  const calls = Array.from({ length: 20 }, () => limiter.add(throttle).catch(() => 'throttled'));
  await clock.advance(latency);
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'throttled'));
  expect(limiter.rate).toBe(50);
});

test('another failure than a throttle changes no rate', async () => {
  const limiter = new Limiter(iam, time);
  const deny = () => Promise.reject(new ServiceError('AccessDenied', 403));
  await expect(limiter.add(deny)).rejects.toThrow();
  expect(limiter.rate).toBe(100);
});

describe('of calls that wait', () => {
  /** The order in which calls start, one a second. */
  async function order(waiting: readonly (readonly [Urgency, number])[], past: number): Promise<string[]> {
    const limiter = new Limiter({ concurrency: 1, callsPerSecond: 1 }, time);
    const started: string[] = [];
    void limiter.add(async () => {});
    let now = 0;
    for (const [urgency, at] of waiting) {
      await clock.advance(at - now);
      now = at;
      void limiter.add(async () => void started.push(urgency), { urgency });
    }
    await clock.advance(past);
    return started;
  }

  test('deletions and new objects go first, and resyncs last', async () => {
    const waiting = (['low', 'low', 'normal', 'high', 'high'] as const).map((urgency) => [urgency, 0] as const);
    expect(await order(waiting, seconds(10))).toEqual(['high', 'high', 'normal', 'low', 'low']);
  });

  test('one of eight is the one that has waited longest, so that no urgency shuts out another', async () => {
    const busy = Array.from({ length: 60 }, (_, index) => ['high', index * 900] as const);
    const started = await order([['low', 0] as const, ...busy], seconds(5));
    expect(started.indexOf('low')).toBe(6);
  });

  test('a whole pass at low urgency ends while more urgent calls never cease', async () => {
    const limiter = new Limiter(iam, time);
    const call = () => new Promise<void>((resolve) => clock.after(latency, resolve));
    const again = () => void limiter.add(call, { urgency: 'high' }).then(again);
    for (let lane = 0; lane < 100; lane++) again();
    let done = 0;
    const pass = async () => {
      for (; done < 6; done++) await limiter.add(call, { urgency: 'low' });
    };
    void pass();
    await clock.advance(seconds(15));
    expect(done).toBe(6);
  });

  test('one whose scope ends is refused with its reason, and is never made', async () => {
    const limiter = new Limiter({ concurrency: 1, callsPerSecond: 1 }, time);
    void limiter.add(async () => {});
    const stop = new AbortController();
    let made = 0;
    const call = limiter.add(async () => made++, { signal: stop.signal });
    stop.abort(new Error('the pass ends'));
    await expect(call).rejects.toThrow('the pass ends');
    await expect(limiter.add(async () => made++, { signal: stop.signal })).rejects.toThrow('the pass ends');
    await clock.advance(seconds(5));
    expect(made).toBe(0);
    expect(limiter.isIdle).toBe(true);
  });
});

test('the configuration changes the rate of the services that it names, and of no other', () => {
  const { iam, s3 } = withRates({ iam: 2.5, acm: undefined });
  expect(iam).toEqual({ ...serviceLimits.iam, callsPerSecond: 2.5 });
  expect(s3).toEqual(serviceLimits.s3);
});

test('Route 53 gets at most 4 of its 5 calls a second, and one at a time', async () => {
  const limiter = new Limiter(serviceLimits.route53, time);
  let running = 0;
  let most = 0;
  let done = 0;
  const call = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => clock.after(10, resolve));
    running--;
    done++;
  };
  for (let index = 0; index < 100; index++) void limiter.add(call);
  await clock.advance(seconds(10));
  expect(most).toBe(1);
  // What a quiet second before has left counts too.
  expect(done).toBeLessThanOrEqual(44);
  expect(done).toBeGreaterThanOrEqual(40);
  await settled();
});

test('time goes on when somebody sets the clock of the machine back', () => {
  jest.useFakeTimers();
  try {
    const before = systemLimiterClock.now();
    jest.setSystemTime(Date.now() - seconds(3600));
    jest.advanceTimersByTime(seconds(1));
    expect(systemLimiterClock.now() - before).toBe(seconds(1));
  } finally {
    jest.useRealTimers();
  }
});
