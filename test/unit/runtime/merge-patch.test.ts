import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { sameJson } from '../../../src/runtime/json.ts';
import { mergePatch } from '../../../src/runtime/merge-patch.ts';
import { mergePatch as apply } from '../../fakes/kube/merge.ts';

const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
const key = fc.constantFrom('a', 'b', 'c');
const { tree: object } = fc.letrec<{ tree: Record<string, unknown>; node: unknown }>((tie) => ({
  tree: fc.dictionary(key, tie('node'), { maxKeys: 3, noNullPrototype: true }),
  node: fc.oneof({ maxDepth: 3 }, leaf, tie('tree')),
}));

test('the patch turns one object into the other, and there is none between equals', () => {
  fc.assert(
    fc.property(object, object, (from, to) => {
      const patch = mergePatch(from, to);
      expect(apply(from, patch ?? {})).toEqual(to);
      expect(patch === undefined).toBe(sameJson(from, to));
      expect(mergePatch(to, structuredClone(to))).toBeUndefined();
    }),
  );
});

test('a field that is gone is null, a list is replaced as a whole, and nothing else is sent', () => {
  const from = { status: { a: 1, list: [1, 2], same: { deep: true }, gone: 'x' } };
  const to = { status: { a: 1, list: [2], same: { deep: true }, gone: undefined } };
  expect(mergePatch(from, to)).toEqual({ status: { list: [2], gone: null } });
});

test('the order of keys and keys without a value make no difference', () => {
  expect(sameJson({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2, d: undefined }], a: 1 })).toBe(true);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson({}, [])).toBe(false);
  expect(sameJson(null, {})).toBe(false);
});
