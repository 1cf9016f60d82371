import { describe, expect, test } from '@jest/globals';
import { Breaker, NoAnswer } from '../../../src/runtime/breaker.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';

class Silence extends Error {}

/** Of a caller who waits for as long as it takes. */
const { signal } = new AbortController();

function world() {
  const clock = new FakeClock();
  const breaker = new Breaker({ clock, isSilence: (error) => error instanceof Silence });
  let calls = 0;
  const call = (outcome: 'answer' | 'refusal' | 'silence') => {
    const run = breaker.run(
      async () => {
        calls++;
        if (outcome === 'silence') throw new Silence();
        if (outcome === 'refusal') throw new Error('refused');
        return 'answer';
      },
      { signal },
    );
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
  const trying = breaker.run(() => attempt.promise, { signal });
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

test('a clock that somebody sets back does not make the pause longer', async () => {
  const { call, clock } = world();
  await call('silence');
  clock.setBack(minutes(60));
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
    const hanging = breaker.run(() => late.promise, { signal });
    await clock.advance(seconds(10) - 1);
    expect(await call('answer')).toBe('answer');
    await clock.advance(1);
    expect(await call('answer')).toBe('answer');
    const other = Promise.withResolvers<string>();
    void breaker.run(() => other.promise, { signal });
    await clock.advance(seconds(10));
    expect(await call('answer')).toBe('not called');
    late.resolve('answer');
    expect(await hanging).toBe('answer');
    expect(await call('answer')).toBe('answer');
  });

  test('says nothing about a side that answered others meanwhile', async () => {
    const { breaker, call, clock } = world();
    void breaker.run(() => new Promise(() => {}), { signal });
    await clock.advance(seconds(5));
    await call('answer');
    await clock.advance(minutes(1));
    expect(await call('answer')).toBe('answer');
  });
});

describe('a call that waits for its turn', () => {
  const never = (_work: unknown, signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });

  test('fails as soon as nobody answers, and not before', async () => {
    const { breaker, call } = world();
    const outcomes: string[] = [];
    const waiting = breaker
      .run(async () => 'made', { turn: never, signal })
      .catch((error: unknown) => outcomes.push(error instanceof NoAnswer ? 'no answer' : 'failed'));
    await call('answer');
    await settled();
    expect(outcomes).toEqual([]);
    await call('silence');
    await waiting;
    expect(outcomes).toEqual(['no answer']);
    await expect(breaker.run(async () => 'made', { turn: never, signal })).rejects.toThrow(NoAnswer);
  });

  test('is not made when its turn comes at the moment in which it fails', async () => {
    const { breaker, call, calls } = world();
    const turn = Promise.withResolvers<void>();
    let made = false;
    const waiting = breaker.run(
      async () => {
        made = true;
      },
      { turn: (work) => turn.promise.then(work), signal },
    );
    await call('silence');
    turn.resolve();
    await expect(waiting).rejects.toThrow(NoAnswer);
    expect(made).toBe(false);
    expect(calls()).toBe(1);
  });

  test('waits no longer when its caller gives it up', async () => {
    const { breaker, call } = world();
    const caller = new AbortController();
    const waiting = breaker.run(async () => 'made', { turn: never, signal: caller.signal });
    caller.abort(new Error('the pass has had its time'));
    await expect(waiting).rejects.toThrow('the pass has had its time');
    expect(await call('answer')).toBe('answer');
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
    await expect(breaker.run(fails, { turn: slowly, signal })).rejects.toThrow('reset');
  });
});

describe('a call that we give up ourselves', () => {
  /** A call that hangs until its caller gives it up with this error. */
  const givenUp = async (breaker: Breaker, error: Error) => {
    const caller = new AbortController();
    const aborted = Promise.withResolvers<never>();
    const run = expect(breaker.run(() => aborted.promise, { signal: caller.signal })).rejects.toBe(error);
    caller.abort(error);
    aborted.reject(error);
    await run;
  };

  test('is no silence, although it ends as a timeout', async () => {
    const { breaker, call } = world();
    await givenUp(breaker, new Silence('the pass has had its time'));
    expect(await call('answer')).toBe('answer');
  });

  test('is no answer, and the next call tries', async () => {
    const { breaker, call, calls, clock } = world();
    await call('silence');
    await clock.advance(seconds(30));
    await givenUp(breaker, new Error('the operator stops'));
    expect(await call('silence')).toBe('failed');
    expect(calls()).toBe(2);
    // The pause goes on to grow, as it would not after an answer.
    await clock.advance(minutes(1) - 1);
    expect(await call('answer')).toBe('not called');
    await clock.advance(1);
    expect(await call('answer')).toBe('answer');
  });

  test('that was made before the silence does not end it', async () => {
    const { breaker, call } = world();
    const caller = new AbortController();
    const aborted = Promise.withResolvers<never>();
    const run = expect(breaker.run(() => aborted.promise, { signal: caller.signal })).rejects.toThrow('stops');
    await call('silence');
    caller.abort();
    aborted.reject(new Error('the operator stops'));
    await run;
    expect(await call('answer')).toBe('not called');
  });
});
