import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyIdOf } from '../../../src/runtime/token-key.ts';

const encoded = (header: unknown) => Buffer.from(JSON.stringify(header)).toString('base64url');
const tokenOf = (header: unknown) => `${encoded(header)}.${encoded({ sub: 'x' })}.c2lnbmF0dXJl`;

test('a token names the key that signed it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 500 }), (kid) => {
      expect(keyIdOf(tokenOf({ alg: 'RS256', kid }))).toBe(kid);
    }),
  );
});

test('as long a key id as an external signer may give is read, and no longer one', () => {
  expect(keyIdOf(tokenOf({ alg: 'RS256', kid: 'k'.repeat(1024) }))).toHaveLength(1024);
  expect(keyIdOf(tokenOf({ alg: 'RS256', kid: 'k'.repeat(1025) }))).toBeUndefined();
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['no text', { kid: 'a' }],
  ['an empty text', ''],
  ['a text without a dot', encoded({ kid: 'a' })],
  ['no header', '.payload.signature'],
  ['a header that is no JSON', 'eyJraWQ.payload.signature'],
  ['a header that is null', tokenOf(null)],
  ['a header without a key id', tokenOf({ alg: 'RS256' })],
  ['a key id that is no text', tokenOf({ kid: { a: 'b' } })],
  ['an empty key id', tokenOf({ kid: '' })],
  ['a header without end', `${'a'.repeat(1_000_000)}.payload.signature`],
])('%s names none', (_, token) => {
  expect(keyIdOf(token)).toBeUndefined();
});

test('whatever somebody sends, nothing breaks', () => {
  const header = fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(encoded));
  fc.assert(
    fc.property(header, fc.string(), (first, rest) => {
      expect(['string', 'undefined']).toContain(typeof keyIdOf(`${first}.${rest}`));
    }),
  );
});
