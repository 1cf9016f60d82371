import { expect, test } from '@jest/globals';
import type { ChangeKind } from '../../../src/runtime/informer.ts';
import { Index } from '../../../src/runtime/lookup.ts';

/** Objects that are their own keys. */
const index = () =>
  new Index<readonly string[], readonly string[]>({ select: (keys) => keys, keys: (_, keys) => keys });
const ref = (name: string) => ({ namespace: 'default', name });
const change = (name: string, selected: readonly string[], kind: ChangeKind = 'changed') => ({
  ...{ ref: ref(name), selected, kind },
  pending: false,
});

test('finds objects under each of their keys', () => {
  const roles = index();
  roles.changed(change('one', ['a', 'b']));
  roles.changed(change('two', ['b']));
  expect(roles.under('a')).toEqual([[ref('one'), ['a', 'b']]]);
  expect(roles.under('b').map(([{ name }]) => name)).toEqual(['one', 'two']);
  expect(roles.under('c')).toEqual([]);
});

test('forgets the keys that an object has no more, and objects that are gone', () => {
  const roles = index();
  roles.changed(change('one', ['a', 'b']));
  roles.changed(change('one', ['b', 'c']));
  expect(roles.under('a')).toEqual([]);
  expect(roles.under('c')).toEqual([[ref('one'), ['b', 'c']]]);
  roles.changed(change('one', ['b', 'c'], 'deleted'));
  expect([...roles.under('b'), ...roles.under('c')]).toEqual([]);
});

test('gives what it held when it was asked', () => {
  const roles = index();
  roles.changed(change('one', ['a']));
  const held = roles.under('a');
  roles.changed(change('one', [], 'deleted'));
  expect(held).toHaveLength(1);
});
