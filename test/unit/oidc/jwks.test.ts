import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maxKeys, merge, parseJwks, type PublishedKey, renderJwks } from '../../../src/oidc/jwks.ts';
import type { Jwk } from '../../../src/oidc/keys.ts';

const monday = new Date('2026-09-07T08:00:00Z');
const tuesday = new Date('2026-09-08T08:00:00.789Z');
const tuesdaySecond = new Date('2026-09-08T08:00:00Z');

const key = (kid: string): Jwk => ({ kid, use: 'sig', alg: 'RS256', kty: 'RSA', n: `n-of-${kid}`, e: 'AQAB' });
const published = (kid: string, missingSince?: Date): PublishedKey => ({
  jwk: key(kid),
  firstPublished: monday,
  missingSince,
});
const kids = (keys: readonly PublishedKey[]) => keys.map(({ jwk }) => jwk.kid);

describe('merge', () => {
  test('adds a new key behind those that are published', () => {
    const merged = merge([published('b')], [key('a'), key('b')], tuesday);
    expect(merged).toEqual([published('b'), { jwk: key('a'), firstPublished: tuesdaySecond, missingSince: undefined }]);
  });

  test('keeps a key that its source has lost, and notes since when', () => {
    expect(merge([published('a'), published('b')], [key('b')], tuesday)).toEqual([
      published('a', tuesdaySecond),
      published('b'),
    ]);
  });

  test('does not move the time at which a key went missing', () => {
    expect(merge([published('a', monday)], [key('b')], tuesday)[0]).toEqual(published('a', monday));
  });

  test('forgets that a key was missing when it is back', () => {
    expect(merge([published('a', monday)], [key('a')], tuesday)).toEqual([published('a')]);
  });

  test('puts the source right where somebody published other numbers under its kid', () => {
    const forged = { ...published('a'), jwk: { ...key('a'), n: 'forged' } as Jwk };
    expect(merge([forged], [key('a')], tuesday)).toEqual([published('a')]);
  });

  test('never loses a key, never repeats one, and has nothing to do the second time', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (before, source) => {
        const once = merge(
          before.map((kid) => published(kid)),
          source.map(key),
          tuesday,
        );
        expect(new Set(kids(once))).toEqual(new Set([...before, ...source]));
        expect(new Set(kids(once)).size).toBe(once.length);
        expect(merge(once, source.map(key), new Date())).toEqual(once);
      }),
    );
  });
});

describe('the key set as an object', () => {
  const keys = merge([published('a', monday), published('b')], [key('b'), key('c')], tuesday);

  test('comes back with its times', () => {
    expect(parseJwks(renderJwks(keys), new Date())).toEqual(keys);
  });

  test('holds public numbers only, as STS reads them', () => {
    expect(JSON.parse(renderJwks([published('a')]).body)).toEqual({
      keys: [{ kid: 'a', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'n-of-a', e: 'AQAB' }],
    });
  });

  test('fits S3 with its metadata at the most keys that are published', () => {
    const many = Array.from({ length: maxKeys }, (_, index) => published(String(index), tuesdaySecond));
    const metadata = Object.entries(renderJwks(many).metadata);
    expect(metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBeLessThan(2048);
  });

  test('of another writer is taken over: without times, without alg, without what is private or no use to STS', () => {
    const body = JSON.stringify({
      keys: [
        { kid: 'old', kty: 'RSA', n: 'n', e: 'AQAB', d: 'private' },
        { kid: 'ec', kty: 'EC', crv: 'P-384', x: 'x', y: 'y' },
        { kid: '', kty: 'RSA', n: 'n', e: 'AQAB' },
        { kid: 'symmetric', kty: 'oct', k: 'k', alg: 'HS256' },
        { kid: 'other', kty: 'RSA', n: 'n', e: 'AQAB', alg: 'PS256' },
        { kty: 'RSA', n: 'n', e: 'AQAB' },
        null,
      ],
    });
    expect(parseJwks({ body, metadata: {} }, tuesday)).toEqual([
      {
        jwk: { kid: 'old', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'n', e: 'AQAB' },
        firstPublished: tuesdaySecond,
        missingSince: undefined,
      },
      {
        jwk: { kid: 'ec', use: 'sig', alg: 'ES384', kty: 'EC', crv: 'P-384', x: 'x', y: 'y' },
        firstPublished: tuesdaySecond,
        missingSince: undefined,
      },
    ]);
  });

  test.each(['', 'no JSON', '[]', '{"keys":{}}', 'null'])('holds no key where it says %j', (body) => {
    expect(parseJwks({ body, metadata: {} }, tuesday)).toEqual([]);
  });

  test('has no times where they are not one a key', () => {
    const { body } = renderJwks(keys);
    const parsed = parseJwks({ body, metadata: { 'irsa-key-times': 'abc' } }, tuesday);
    expect(parsed.map(({ firstPublished }) => firstPublished)).toEqual(keys.map(() => tuesdaySecond));
  });
});
