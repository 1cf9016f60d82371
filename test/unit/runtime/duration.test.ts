import { expect, test } from '@jest/globals';
import { parseDuration } from '../../../src/runtime/duration.ts';

test.each([
  ['1h', 3_600_000],
  ['90m', 5_400_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['0s', 0],
  ['250ms', 250],
  ['1m500ms', 60_500],
])('%s is %d milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

test.each(['', '1', 'h', '1d', '1h 30m', '-1h'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('is not a duration');
});
