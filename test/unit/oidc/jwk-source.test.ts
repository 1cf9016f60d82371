import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { keysOfSet, keysOfText } from '../../../src/oidc/jwk-source.ts';
import { InvalidKeyError, kidOf, publicKeys } from '../../../src/oidc/keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const set = (...keys: unknown[]) => JSON.stringify({ keys });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

/** As an API server publishes it. */
const served = jwk(rsa.publicKey, { use: 'sig', alg: 'RS256', kid: kidOf(rsa.publicKey) });

describe('a key set in a Secret', () => {
  test('gives the keys that PEM gives', () => {
    expect(keysOfText(` ${set(served, jwk(ec.publicKey))}\n`)).toEqual(
      publicKeys(pem(rsa.publicKey) + pem(ec.publicKey)),
    );
    expect(keysOfText(pem(ec.publicKey))).toEqual(publicKeys(pem(ec.publicKey)));
  });

  test('keeps an algorithm that STS verifies with such a key', () => {
    expect(keysOfText(set(jwk(rsa.publicKey, { alg: 'RS512' }))).keys).toEqual([
      expect.objectContaining({ alg: 'RS512' }),
    ]);
  });

  test('takes over nothing but the public key', () => {
    const { keys } = keysOfText(set({ ...served, x5c: ['AA=='], key_ops: ['verify'] }));
    expect(keys).toEqual(publicKeys(pem(rsa.publicKey)).keys);
  });

  test.each([
    ['a key id that no token carries', jwk(ec.publicKey, { kid: 'thumbprint' }), kidOf(ec.publicKey)],
    ['a short RSA key', jwk(short.publicKey), '1024 bits'],
    ['Ed25519', jwk(generateKeyPairSync('ed25519').publicKey), 'ed25519'],
    [
      'a curve that STS does not verify',
      jwk(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      'secp256k1',
    ],
    ['an algorithm that STS does not verify', jwk(rsa.publicKey, { alg: 'PS256' }), 'RS256 is needed'],
    ['an algorithm of another curve', jwk(ec.publicKey, { alg: 'ES256' }), 'ES384 is needed'],
    ['a key for encryption', jwk(rsa.publicKey, { use: 'enc' }), '"use"'],
    ['a broken key', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'cannot be read'],
    ['what is no key', 'text', 'not an object'],
  ])('leaves out %s, and says which key and why', (_, entry, why) => {
    const { keys, leftOut } = keysOfText(set(entry, served));
    expect(keys.map(({ kid }) => kid)).toEqual([served.kid]);
    expect(leftOut).toEqual([expect.stringMatching(/^keys\[0\]: /)]);
    expect(leftOut[0]).toContain(why);
    expect(() => keysOfText(set(entry))).toThrow(InvalidKeyError);
  });

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi'] as const)(
    'with the private member %s is refused whole, and named without its value',
    (member) => {
      const value = rsa.privateKey.export({ format: 'jwk' })[member];
      const text = set(served, jwk(rsa.publicKey, { [member]: value }));
      expect(() => keysOfText(text)).toThrow(InvalidKeyError);
      expect(() => keysOfText(text)).toThrow(`keys[1].${member} is part of a private key`);
      expect(() => keysOfText(text)).not.toThrow(String(value));
    },
  );

  test('with a symmetric key is refused', () => {
    expect(() => keysOfText(set(served, { kty: 'oct', k: 'c2VjcmV0' }))).toThrow('keys[1].k');
  });

  test.each([
    ['half of it', set(served).slice(0, -10), 'not JSON'],
    ['a list', JSON.stringify([served]), 'no key set'],
    ['a single key', JSON.stringify(served), 'no key set'],
    ['no key', set(), 'empty'],
  ])('is refused where it is %s', (_, text, why) => {
    expect(() => keysOfText(text)).toThrow(InvalidKeyError);
    expect(() => keysOfText(text)).toThrow(why);
  });
});

describe('the key set of an API server', () => {
  test('keeps the key ids of an external signer, which its tokens carry', () => {
    const { keys } = keysOfSet({ keys: [{ ...served, kid: 'kms-1' }, jwk(ec.publicKey)] }, 'AsServed');
    expect(keys.map(({ kid }) => kid)).toEqual(['kms-1', kidOf(ec.publicKey)]);
  });

  test.each([[''], ['x'.repeat(1025)], [7]])('leaves out a key with the key id %p', (kid) => {
    const { keys, leftOut } = keysOfSet({ keys: [{ ...served, kid }, jwk(ec.publicKey)] }, 'AsServed');
    expect(keys).toHaveLength(1);
    expect(leftOut).toEqual([expect.stringContaining('"kid"')]);
  });

  test.each([[null], [undefined], ['text'], [[]], [{ keys: {} }]])('is refused where it is %p', (answer) => {
    expect(() => keysOfSet(answer, 'AsServed')).toThrow(InvalidKeyError);
  });
});
