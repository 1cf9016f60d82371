import { expect, test } from '@jest/globals';
import { Breaker } from '../../../src/runtime/breaker.ts';
import { sleep } from '../../../src/runtime/clock.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
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
