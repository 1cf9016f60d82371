import { describe, expect, test } from '@jest/globals';
import { minutes, seconds } from '../../../../src/runtime/duration.ts';
import { WorkQueue } from '../../../../src/runtime/work-queue.ts';
import { FakeClock, settled } from '../../../fakes/clock.ts';
import { harness } from './harness.ts';

describe('adding', () => {
  test('a key that waits already runs only once', async () => {
    const { queue, started, finish } = harness(1);
    for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
    await finish('a');
    await finish('b');
    expect(started).toEqual(['a', 'b']);
  });

  test('a key that is added while it runs runs once more afterwards, not beside itself', async () => {
    const { queue, started, finish, overlapped } = harness(4);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(started).toEqual(['a']);
    await finish('a');
    expect(started).toEqual(['a', 'a']);
    await finish('a');
    expect(started).toHaveLength(2);
    expect(overlapped()).toBe(false);
  });

  test('as many run at once as the concurrency says', () => {
    const { queue, started } = harness(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(started).toEqual(['a', 'b']);
  });

  test('higher priority goes first, and a later add can raise it', async () => {
    const { queue, started, finish } = harness(1);
    queue.add('first');
    queue.add('resync', 'low');
    queue.add('raised', 'low');
    queue.add('change');
    queue.add('deletion', 'high');
    queue.add('raised', 'high');
    for (const key of ['first', 'deletion', 'raised', 'change', 'resync']) await finish(key);
    expect(started).toEqual(['first', 'deletion', 'raised', 'change', 'resync']);
  });
});

describe('nothing starves', () => {
  test('one start in eight goes to what has waited longest, whatever comes with a higher priority', async () => {
    const { queue, started, finish } = harness(1);
    queue.add('first');
    queue.add('resync', 'low');
    for (let next = 0; !started.includes('resync'); next++) {
      expect(next).toBeLessThan(8);
      queue.add(`deletion-${next}`, 'high');
      await finish(started.at(-1) ?? '');
    }
    expect(started.indexOf('resync')).toBe(7);
  });

  test('a run that takes longer than two seconds gives its place to others and is still the only one of its key', async () => {
    const { clock, queue, started, finish } = harness(1);
    queue.add('hanging');
    queue.add('a');
    await clock.advance(seconds(2) - 1);
    expect(started).toEqual(['hanging']);
    await clock.advance(1);
    expect(started).toEqual(['hanging', 'a']);
    await finish('a');
    queue.add('hanging');
    await clock.advance(minutes(1));
    expect(started).toEqual(['hanging', 'a']);
    await finish('hanging');
    expect(started).toEqual(['hanging', 'a', 'hanging']);
  });

  test('not more than eight times the places run without one', async () => {
    const { clock, queue, running } = harness(2);
    for (let index = 0; index < 100; index++) queue.add(`hanging-${index}`);
    await clock.advance(minutes(10));
    expect(running.size).toBeGreaterThan(10);
    expect(running.size).toBeLessThanOrEqual(16 + 2);
  });
});

describe('before its start', () => {
  test('keys are taken, and run in their order when it comes', async () => {
    const start = Promise.withResolvers<void>();
    const { queue, started } = harness(2, start.promise);
    queue.add('resync', 'low');
    queue.add('deletion', 'high');
    await settled();
    expect(started).toEqual([]);
    start.resolve();
    await settled();
    expect(started).toEqual(['deletion', 'resync']);
  });

  test('a stop waits for nothing, and nothing runs afterwards', async () => {
    const start = Promise.withResolvers<void>();
    const { queue, started } = harness(2, start.promise);
    queue.add('a');
    await queue.stop(minutes(1));
    start.resolve();
    await settled();
    expect(started).toEqual([]);
  });
});

describe('delays', () => {
  test('a run says when to come back', async () => {
    const { clock, queue, started, turns, finish } = harness();
    queue.add('a');
    await finish('a', { requeueAfter: seconds(30) });
    await clock.advance(seconds(30) - 1);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    expect(started).toHaveLength(2);
    expect(turns.map(({ isReturn }) => isReturn)).toEqual([false, true]);
  });

  test('an add takes the place of a return, and is a change and no return', async () => {
    const { clock, queue, started, turns, finish } = harness();
    queue.add('a');
    await finish('a', { requeueAfter: seconds(5) });
    queue.add('a', 'low');
    await finish('a');
    await clock.advance(minutes(1));
    expect(started).toEqual(['a', 'a']);
    // The higher priority counts, and the return had the normal one.
    expect(turns.at(-1)).toMatchObject({ isReturn: false, priority: 'normal' });
    expect(clock.pending).toBe(0);
  });

  test('an add to a return that waits for its place makes it a change', async () => {
    const { clock, queue, turns, finish } = harness(1);
    queue.add('a');
    await finish('a', { requeueAfter: seconds(1) });
    queue.add('busy');
    await clock.advance(seconds(1));
    queue.add('a');
    await finish('busy');
    expect(turns.map(({ isReturn }) => isReturn)).toEqual([false, false, false]);
  });

  test('a resync gives way to what else is due', async () => {
    const { clock, queue, started, finish } = harness(1);
    queue.add('well');
    await finish('well', { requeueAfter: seconds(1), settled: true });
    queue.add('waiting');
    await finish('waiting', { requeueAfter: seconds(2) });
    queue.add('busy');
    await clock.advance(seconds(3));
    await finish('busy');
    await finish('waiting');
    expect(started).toEqual(['well', 'waiting', 'busy', 'waiting', 'well']);
  });
});

describe('failures', () => {
  test('come back after 1, 2, 4 … seconds, at most 5 minutes, and from the start after a success', async () => {
    const { clock, queue, started, finish } = harness();
    queue.add('a');
    for (const expected of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      await finish('a', { failed: true });
      const before = started.length;
      await clock.advance(seconds(expected) - 1);
      expect(started).toHaveLength(before);
      await clock.advance(1);
      expect(started).toHaveLength(before + 1);
    }
    await finish('a');
    queue.add('a');
    await finish('a', { failed: true });
    await clock.advance(seconds(1));
    expect(started).toHaveLength(14);
  });

  test('are jittered', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const queue = new WorkQueue({
      concurrency: 1,
      clock,
      random: () => 1,
      run: async () => {
        runs++;
        throw new Error('a rejection counts as a failure');
      },
    });
    queue.add('a');
    await clock.advance(seconds(1.1) - 1);
    expect(runs).toBe(1);
    await clock.advance(1);
    expect(runs).toBe(2);
  });

  test('do not hold up a change', async () => {
    const { queue, started, finish } = harness();
    queue.add('a');
    await finish('a', { failed: true });
    queue.add('a');
    expect(started).toHaveLength(2);
  });
});

describe('stopping', () => {
  test('waits for what runs, drops what waits, and takes nothing new', async () => {
    const { clock, queue, started, finish, aborted } = harness(1);
    queue.add('c');
    await finish('c', { requeueAfter: seconds(1) });
    queue.add('a');
    queue.add('b');
    let stopped = false;
    const stop = queue.stop(seconds(10)).then(() => (stopped = true));
    queue.add('d');
    await clock.advance(seconds(5));
    expect(stopped).toBe(false);
    await finish('a', { requeueAfter: 1 });
    await stop;
    await clock.advance(minutes(10));
    expect(started).toEqual(['c', 'a']);
    expect(clock.pending).toBe(0);
    expect(aborted()).toBe(true);
  });

  test('aborts what still runs after the grace, and does not wait for ever', async () => {
    const { clock, queue, aborted } = harness(1);
    queue.add('a');
    let stopped = false;
    void queue.stop(seconds(10)).then(() => (stopped = true));
    await clock.advance(seconds(10) - 1);
    expect(aborted()).toBe(false);
    await clock.advance(1);
    expect(aborted()).toBe(true);
    expect(stopped).toBe(false);
    await clock.advance(seconds(5));
    await settled();
    expect(stopped).toBe(true);
  });
});
