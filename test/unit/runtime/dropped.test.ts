import { expect, test } from '@jest/globals';
import { findDropped } from '../../../src/runtime/dropped.ts';

test.each<[string, Record<string, unknown>, unknown, string | undefined]>([
  ['nothing, where the answer has more', { a: 1 }, { a: 1, b: 2 }, undefined],
  ['nothing, where a field was taken away', { a: null, b: undefined }, {}, undefined],
  ['nothing, where a default came to an item', { a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, undefined],
  ['nothing of another order', { a: ['x', 'y'] }, { a: ['y', 'x'] }, undefined],
  ['a field', { status: { a: 1, b: [] } }, { status: { a: 1 } }, 'status.b'],
  ['all fields', { status: { a: 1 } }, {}, 'status'],
  ['a field of an item', { a: [{ b: 1 }, { b: 1, c: 2 }] }, { a: [{ b: 1 }, { b: 1 }] }, 'a.c'],
])('finds that the API server dropped %s', (_, patch, kept, dropped) => {
  expect(findDropped(patch, kept)).toBe(dropped);
});
