import { expect, test } from '@jest/globals';
import { Limiter } from '../../../src/aws/limiter.ts';
import { serviceLimits } from '../../../src/aws/limits.ts';
import { Breaker } from '../../../src/runtime/breaker.ts';
import { sleep } from '../../../src/runtime/clock.ts';
import { withDeadline } from '../../../src/runtime/deadline.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { Pacer } from '../../../src/runtime/pacer.ts';
import type { Result, Turn } from '../../../src/runtime/reconciler.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';

const resync = minutes(5);
const clusterDeadline = seconds(10);
const awsDeadline = minutes(1);
const goodPass = seconds(0.2);

/** Passes over roles that are well, and over roles that wait for a cluster or an AWS account which takes connections and says nothing. */
class Roles {
  readonly clock = new FakeClock();
  /** When each role that is well was looked at, in milliseconds. */
  readonly looks = new Map<string, number[]>();
  readonly queue: WorkQueue;
  readonly #cluster = this.#breaker();
  readonly #account = this.#breaker();

  constructor() {
    this.queue = new WorkQueue({ concurrency: 8, clock: this.clock, random: () => 0.5, run: this.#run });
  }

  get now(): number {
    return this.clock.now().getTime();
  }

  readonly #run = async (key: string, { signal }: Turn): Promise<Result> => {
    if (key.startsWith('cluster')) return this.#silence(this.#cluster, clusterDeadline, signal);
    if (key.startsWith('account')) return this.#silence(this.#account, awsDeadline, signal);
    await sleep(this.clock, goodPass, signal);
    this.looks.set(key, [...(this.looks.get(key) ?? []), this.now]);
    return { requeueAfter: resync, settled: true };
  };

  async #silence(breaker: Breaker, deadline: number, signal: AbortSignal): Promise<Result> {
    const call = async () => {
      await sleep(this.clock, deadline, signal);
      throw new Error('no answer');
    };
    await breaker.run(call, { signal });
    return {};
  }

  #breaker(): Breaker {
    return new Breaker({ clock: this.clock, isSilence: () => true });
  }
}

test('roles on a silent cluster and a silent account hold up neither the changes nor the resyncs of the others', async () => {
  const roles = new Roles();
  const { clock, looks, queue } = roles;
  const healthy = Array.from({ length: 1000 }, (_, index) => `healthy-${index}`);
  // As at a start, and the silent ones come first.
  for (const neighbour of ['cluster', 'account']) {
    for (let index = 0; index < 300; index++) queue.add(`${neighbour}-${index}`, 'low');
  }
  for (const key of healthy) queue.add(key, 'low');

  let slowest = 0;
  for (let minute = 0; minute < 60; minute++) {
    const changed = healthy[(minute * 17) % healthy.length] ?? '';
    const at = roles.now;
    queue.add(changed);
    await clock.advance(minutes(1));
    const seen = looks.get(changed)?.find((time) => time > at) ?? Infinity;
    slowest = Math.max(slowest, seen - at);
  }

  expect(slowest).toBeLessThanOrEqual(seconds(5));
  const gaps = healthy.flatMap((key) => {
    const times = looks.get(key) ?? [];
    return [...times.slice(1), roles.now].map((time, index) => time - (times[index] ?? 0));
  });
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.5 * resync);
  const stopped = queue.stop(0);
  await settled();
  await clock.advance(minutes(2));
  await stopped;
}, 60_000);

test('a tenant whose service accounts never cease to change keeps no role of others in the account from its pass', async () => {
  const clock = new FakeClock();
  const limiter = new Limiter(serviceLimits.iam, {
    now: () => clock.elapsed(),
    after: (wait, callback) => clock.after(wait, callback),
  });
  const call = () => new Promise<void>((resolve) => clock.after(60, resolve));
  const looked = new Set<string>();
  let failures = 0;
  const pass = (key: string, { signal, priority }: Turn) =>
    withDeadline({ clock, milliseconds: minutes(2), signal }, async (ends) => {
      // A role with three inline policies.
      for (let count = 0; count < 6; count++) await limiter.add(call, { signal: ends.signal, urgency: priority });
      looked.add(key);
      return { requeueAfter: resync, settled: true };
    }).catch(() => {
      failures++;
      return { failed: true };
    });
  const queue = new WorkQueue({ concurrency: 32, clock, random: () => 0.5, run: pass });
  const tenant = new Pacer<string>({
    clock,
    most: 6,
    interval: minutes(2),
    keyOf: (key) => key,
    passOn: (key) => queue.add(key),
  });
  for (let role = 0; role < 200; role++) queue.add(`other-${role}`, 'low');
  for (let second = 0; second < 60; second++) {
    for (let role = 0; role < 50; role++) tenant.add(`tenant-${role}`);
    await clock.advance(seconds(1));
  }
  expect([...looked].filter((key) => key.startsWith('other'))).toHaveLength(200);
  expect(failures).toBe(0);
  const stopped = queue.stop(0);
  await clock.advance(seconds(10));
  await stopped;
});
