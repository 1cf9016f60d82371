import { beforeEach, expect, test } from '@jest/globals';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { Pacer } from '../../../src/runtime/pacer.ts';
import { FakeClock } from '../../fakes/clock.ts';

let clock: FakeClock, passed: string[], pacer: Pacer<string>;
beforeEach(() => {
  clock = new FakeClock();
  passed = [];
  pacer = new Pacer({
    clock,
    most: 3,
    interval: minutes(1),
    keyOf: (thing) => thing,
    passOn: (thing) => passed.push(thing),
  });
});

test('what comes is passed on at once, and what comes too often once the interval is over', async () => {
  for (let time = 0; time < 10; time++) pacer.add('a');
  pacer.add('b');
  expect(passed).toEqual(['a', 'a', 'a', 'b']);
  await clock.advance(minutes(1) - 1);
  expect(passed).toHaveLength(4);
  await clock.advance(1);
  expect(passed).toEqual(['a', 'a', 'a', 'b', 'a']);
});

test('what never ceases to come is passed on three times an interval', async () => {
  for (let second = 0; second < 300; second++) {
    pacer.add('a');
    await clock.advance(seconds(1));
  }
  expect(passed).toHaveLength(16);
});

test('what comes seldom leaves nothing behind', async () => {
  pacer.add('a');
  await clock.advance(minutes(1));
  expect(clock.pending).toBe(0);
  expect(passed).toEqual(['a']);
});
