import { expect, test } from '@jest/globals';
import { persist } from '../../../src/runtime/persist.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';

class Final extends Error {}

function begin(work: () => Promise<string>) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const stop = new AbortController();
  const options = {
    doing: 'reading',
    clock,
    logger,
    signal: stop.signal,
    isFinal: (error: unknown) => error instanceof Final,
  };
  return { clock, logger, stop, result: persist(work, options) };
}

test('tries again, later each time, until it is done', async () => {
  let tries = 0;
  const { clock, logger, result } = begin(async () => {
    if (++tries < 4) throw new Error('refused');
    return 'done';
  });
  await clock.advance(1000);
  expect(tries).toBe(2);
  await clock.advance(10_000);
  expect(await result).toBe('done');
  expect(tries).toBe(4);
  expect(logger.lines.map(({ level, message }) => [level, message])).toEqual(Array(3).fill(['warn', 'not yet']));
});

test('what is final is thrown at once', async () => {
  const { result } = begin(() => Promise.reject(new Final('no')));
  await expect(result).rejects.toThrow(Final);
});

test('ends when the signal aborts, in a try and between two', async () => {
  const between = begin(() => Promise.reject(new Error('refused')));
  await between.clock.advance(0);
  between.stop.abort(new Error('the operator stops'));
  await expect(between.result).rejects.toThrow('the operator stops');

  const held = Promise.withResolvers<string>();
  const during = begin(() => held.promise);
  during.stop.abort(new Error('the operator stops'));
  held.reject(new Error('aborted'));
  await expect(during.result).rejects.toThrow('the operator stops');
});
