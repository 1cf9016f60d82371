import { describe, expect, jest, test } from '@jest/globals';
import { sleep, systemClock } from '../../../src/runtime/clock.ts';
import { hours, jittered, minutes, seconds } from '../../../src/runtime/duration.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';

describe('sleep', () => {
  async function asleep(milliseconds: number) {
    const clock = new FakeClock();
    const stop = new AbortController();
    let awake = false;
    void sleep(clock, milliseconds, stop.signal).then(() => (awake = true));
    await settled();
    return { clock, stop, awake: () => awake };
  }

  test('ends when its time has come', async () => {
    const { clock, awake } = await asleep(100);
    await clock.advance(99);
    expect(awake()).toBe(false);
    await clock.advance(1);
    expect(awake()).toBe(true);
  });

  test('ends at once when it is aborted, and leaves no timer', async () => {
    const { clock, stop, awake } = await asleep(100);
    stop.abort();
    await settled();
    expect(awake()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('does not begin after the abort', async () => {
    const stop = AbortSignal.abort();
    const clock = new FakeClock();
    await sleep(clock, 100, stop);
    expect(clock.pending).toBe(0);
  });
});

test('the clock of the system calls back, unless it is taken back', async () => {
  const called: string[] = [];
  const cancel = systemClock.after(1, () => called.push('cancelled'));
  cancel();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  expect(called).toEqual([]);
  expect(Math.abs(systemClock.now().getTime() - Date.now())).toBeLessThan(1000);
});

test('the clock of the system tells how long ago something was although somebody sets it back', () => {
  jest.useFakeTimers();
  try {
    const before = systemClock.elapsed();
    jest.setSystemTime(Date.now() - hours(1));
    jest.advanceTimersByTime(seconds(1));
    expect(systemClock.elapsed() - before).toBe(seconds(1));
  } finally {
    jest.useRealTimers();
  }
});

test('the clock of the system keeps to a time that is longer than its timers can be', async () => {
  const called: string[] = [];
  const cancel = systemClock.after(hours(24 * 30), () => called.push('a month'));
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  cancel();
  expect(called).toEqual([]);
});

test('durations are milliseconds, and jitter is a tenth at most', () => {
  expect([seconds(2), minutes(2), hours(2)]).toEqual([2000, 120_000, 7_200_000]);
  expect([jittered(1000, () => 0), jittered(1000, () => 0.5), jittered(1000, () => 1)]).toEqual([900, 1000, 1100]);
});
