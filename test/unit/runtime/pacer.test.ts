import { beforeEach, expect, test } from '@jest/globals';
import { seconds } from '../../../src/runtime/duration.ts';
import { Pacer } from '../../../src/runtime/pacer.ts';
import { FakeClock } from '../../fakes/clock.ts';

let clock: FakeClock, passed: string[], pacer: Pacer<string>;
beforeEach(() => {
  clock = new FakeClock();
  passed = [];
  pacer = new Pacer({
    clock,
    interval: seconds(15),
    keyOf: (thing) => thing,
    passOn: (thing) => passed.push(thing),
  });
});

test('what comes is passed on at once, and what comes again once the interval is over', async () => {
  pacer.add('a');
  pacer.add('b');
  expect(passed).toEqual(['a', 'b']);
  for (let time = 0; time < 10; time++) pacer.add('a');
  await clock.advance(seconds(15) - 1);
  expect(passed).toEqual(['a', 'b']);
  await clock.advance(1);
  expect(passed).toEqual(['a', 'b', 'a']);
});

test('what never ceases to come is passed on once an interval', async () => {
  for (let second = 0; second < 60; second++) {
    pacer.add('a');
    await clock.advance(seconds(1));
  }
  expect(passed).toHaveLength(5);
});

test('what came only once leaves nothing behind', async () => {
  pacer.add('a');
  await clock.advance(seconds(15));
  expect(clock.pending).toBe(0);
  pacer.add('a');
  expect(passed).toEqual(['a', 'a']);
});
