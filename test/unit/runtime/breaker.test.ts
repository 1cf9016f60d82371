import { describe, expect, test } from '@jest/globals';
import { Breaker, NoAnswer } from '../../../src/runtime/breaker.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';

class Silence extends Error {}

function world() {
  const clock = new FakeClock();
  const breaker = new Breaker({ clock, isSilence: (error) => error instanceof Silence });
  let calls = 0;
  const call = (outcome: 'answer' | 'refusal' | 'silence') => {
    const run = breaker.run(async () => {
      calls++;
      if (outcome === 'silence') throw new Silence();
      if (outcome === 'refusal') throw new Error('refused');
      return 'answer';
    });
    return run.catch((error: unknown) => (error instanceof NoAnswer ? 'not called' : 'failed'));
  };
  return { breaker, call, clock, calls: () => calls };
}

test('calls go through while there are answers, good or bad', async () => {
  const { call } = world();
  expect(await call('answer')).toBe('answer');
  expect(await call('refusal')).toBe('failed');
  expect(await call('answer')).toBe('answer');
});

test('after silence no call is made for half a minute, and then one tries while the others still fail', async () => {
  const { breaker, call, calls, clock } = world();
  expect(await call('silence')).toBe('failed');
  await clock.advance(seconds(30) - 1);
  expect(await call('answer')).toBe('not called');
  expect(calls()).toBe(1);
  await clock.advance(1);
  const attempt = Promise.withResolvers<string>();
  const trying = breaker.run(() => attempt.promise);
  expect(await call('answer')).toBe('not called');
  attempt.resolve('answer');
  expect(await trying).toBe('answer');
  expect(await call('answer')).toBe('answer');
});

test('the pauses grow to five minutes while nobody answers, and begin anew after an answer', async () => {
  const { call, clock } = world();
  for (const expected of [30, 60, 120, 240, 300, 300]) {
    expect(await call('silence')).toBe('failed');
    await clock.advance(seconds(expected) - 1);
    expect(await call('silence')).toBe('not called');
    await clock.advance(1);
  }
  expect(await call('answer')).toBe('answer');
  expect(await call('silence')).toBe('failed');
  await clock.advance(seconds(30));
  expect(await call('answer')).toBe('answer');
});

test('calls that fail at the same moment count once', async () => {
  const { call, clock } = world();
  await Promise.all([call('silence'), call('silence'), call('silence')]);
  await clock.advance(seconds(30));
  expect(await call('answer')).toBe('answer');
});

describe('a call that hangs', () => {
  test('counts as silence after ten seconds, and its late answer ends the silence', async () => {
    const { breaker, call, clock } = world();
    const late = Promise.withResolvers<string>();
    const hanging = breaker.run(() => late.promise);
    await clock.advance(seconds(10) - 1);
    expect(await call('answer')).toBe('answer');
    await clock.advance(1);
    expect(await call('answer')).toBe('answer');
    const other = Promise.withResolvers<string>();
    void breaker.run(() => other.promise);
    await clock.advance(seconds(10));
    expect(await call('answer')).toBe('not called');
    late.resolve('answer');
    expect(await hanging).toBe('answer');
    expect(await call('answer')).toBe('answer');
  });

  test('says nothing about a side that answered others meanwhile', async () => {
    const { breaker, call, clock } = world();
    void breaker.run(() => new Promise(() => {}));
    await clock.advance(seconds(5));
    await call('answer');
    await clock.advance(minutes(1));
    expect(await call('answer')).toBe('answer');
  });
});

describe('a call that waits for its turn', () => {
  const never = () => new Promise<never>(() => {});

  test('fails as soon as nobody answers, and not before', async () => {
    const { breaker, call } = world();
    const outcomes: string[] = [];
    const waiting = breaker
      .run(async () => 'made', never)
      .catch((error: unknown) => outcomes.push(error instanceof NoAnswer ? 'no answer' : 'failed'));
    await call('answer');
    await settled();
    expect(outcomes).toEqual([]);
    await call('silence');
    await waiting;
    expect(outcomes).toEqual(['no answer']);
    await expect(breaker.run(async () => 'made', never)).rejects.toThrow(NoAnswer);
  });

  test('is not made when its turn comes after it failed', async () => {
    const { breaker, call, calls, clock } = world();
    const turn = Promise.withResolvers<void>();
    let made = false;
    const waiting = breaker.run(
      async () => {
        made = true;
      },
      async (work) => {
        await turn.promise;
        return work();
      },
    );
    const outcome = expect(waiting).rejects.toThrow(NoAnswer);
    await call('silence');
    await outcome;
    await clock.advance(seconds(30));
    turn.resolve();
    await settled();
    expect(made).toBe(false);
    expect(calls()).toBe(1);
  });

  test('fails with its own error if it is the one that finds out', async () => {
    const { breaker } = world();
    const fails = async () => {
      throw new Silence('reset');
    };
    const slowly = async <T>(work: () => Promise<T>) => {
      await settled();
      return work().finally(settled);
    };
    await expect(breaker.run(fails, slowly)).rejects.toThrow('reset');
  });
});
