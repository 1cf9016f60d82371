import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  excessiveKind,
  maxKeysOfKind,
  merge,
  parseJwks,
  type PublishedKey,
  renderJwks,
  type SourceKeys,
} from '../../../src/oidc/jwks.ts';
import type { Jwk } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';

const monday = new Date('2026-09-07T08:00:00Z');
const tuesday = new Date('2026-09-08T08:00:00.789Z');
const tuesdaySecond = new Date('2026-09-08T08:00:00Z');

const key = (kid: string): Jwk => ({ kid, use: 'sig', alg: 'RS256', kty: 'RSA', n: `n-of-${kid}`, e: 'AQAB' });
const published = (kid: string, missingSince?: Date): PublishedKey => ({
  jwk: key(kid),
  firstPublished: monday,
  missingSince,
  wasInSource: true,
});
const strange = (kid: string): PublishedKey => ({ ...published(kid), wasInSource: false });
const kids = (keys: readonly PublishedKey[]) => keys.map(({ jwk }) => jwk.kid);
const source = (...names: string[]): SourceKeys => ({ keys: names.map(key), isWhole: true });
const on = (now: Date) => ({ now, retention: hours(25) });
const later = (date: Date, time: number) => new Date(date.getTime() + time);

describe('merge', () => {
  test('adds a new key behind those that are published', () => {
    const merged = merge([published('b')], source('a', 'b'), on(tuesday));
    expect(merged).toEqual([published('b'), { ...published('a'), firstPublished: tuesdaySecond }]);
  });

  test('keeps a key that its source has lost, and notes since when', () => {
    expect(merge([published('a'), published('b')], source('b'), on(tuesday))).toEqual([
      published('a', tuesdaySecond),
      published('b'),
    ]);
  });

  test('does not move the time at which a key went missing', () => {
    expect(merge([published('a', monday)], source('b'), on(tuesday))[0]).toEqual(published('a', monday));
  });

  test('forgets that a key was missing when it is back, however late', () => {
    const muchLater = on(later(tuesday, hours(1000)));
    expect(merge([published('a', monday)], source('a'), muchLater)).toEqual([published('a')]);
  });

  test('drops a key when it was missing for the time of the retention, and not before', () => {
    const before = [published('a', monday), published('b')];
    expect(kids(merge(before, source('b'), on(later(monday, hours(25) - 1))))).toEqual(['a', 'b']);
    expect(kids(merge(before, source('b'), on(later(monday, hours(25)))))).toEqual(['b']);
  });

  test.each<[string, SourceKeys]>([
    ['an empty one', { keys: [], isWhole: true }],
    ['one that was not wholly understood', { keys: [key('b')], isWhole: false }],
  ])('neither drops nor misses a key because of a bad look at its source: %s', (_, bad) => {
    const before = [published('a', monday), published('b'), published('c')];
    expect(merge(before, bad, on(later(monday, hours(1000))))).toEqual(before);
  });

  test('never drops a key that was in no source of ours', () => {
    expect(merge([strange('a')], source('b'), on(later(monday, hours(1000))))[0]).toEqual(strange('a'));
  });

  test('drops a key that somebody else published once it was in the source and left it', () => {
    const [known] = merge([strange('a')], source('a', 'b'), on(monday));
    expect(known).toEqual(published('a'));
    const missed = merge([known!], source('b'), on(tuesday));
    expect(kids(merge(missed, source('b'), on(later(tuesday, hours(25)))))).toEqual(['b']);
  });

  test('puts the source right where somebody published other numbers under its kid', () => {
    const forged = { ...published('a'), jwk: { ...key('a'), n: 'forged' } as Jwk };
    expect(merge([forged], source('a'), on(tuesday))).toEqual([published('a')]);
  });

  test('keeps, whatever the looks at the source show, each key for the retention after it was last there', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const look = fc.record({
      names: fc.uniqueArray(name),
      isWhole: fc.boolean(),
      wait: fc.integer({ min: 1, max: 30 }),
      forgets: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 20 }), (looks) => {
        let now = monday;
        let keys: readonly PublishedKey[] = [];
        const lastSeen = new Map<string, Date>();
        for (const { names, isWhole, wait, forgets } of looks) {
          now = later(now, hours(wait));
          const before = kids(keys);
          keys = merge(keys, { keys: names.map(key), isWhole }, on(now));
          for (const each of names) lastSeen.set(each, now);
          const young = [...lastSeen].filter(([, seen]) => now.getTime() - seen.getTime() < hours(25));
          expect(kids(keys)).toEqual(expect.arrayContaining([...names, ...young.map(([each]) => each)]));
          expect(new Set(kids(keys)).size).toBe(keys.length);
          if (before.length > 0) expect(keys).not.toEqual([]);
          expect(merge(keys, { keys: names.map(key), isWhole }, on(now))).toEqual(keys);
          // The status is lost, or the process ends: the times are in the object.
          if (forgets) keys = parseJwks(renderJwks(keys), new Date(0));
        }
      }),
    );
  });
});

describe('the key set as an object', () => {
  const keys = merge([published('a', monday), published('b'), strange('s')], source('b', 'c'), on(tuesday));

  test('comes back with its times', () => {
    expect(parseJwks(renderJwks(keys), new Date())).toEqual(keys);
  });

  test('holds public numbers only, as STS reads them', () => {
    expect(JSON.parse(renderJwks([published('a')]).body)).toEqual({
      keys: [{ kid: 'a', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'n-of-a', e: 'AQAB' }],
    });
  });

  const second = (from: string, to: string) =>
    fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((seconds) => new Date(seconds * 1000));
  const times = (date: fc.Arbitrary<Date>) =>
    fc.oneof(
      fc.record({
        firstPublished: date,
        missingSince: fc.option(date, { nil: undefined }),
        wasInSource: fc.constant(true),
      }),
      fc.record({ firstPublished: date, missingSince: fc.constant(undefined), wasInSource: fc.constant(false) }),
    );
  const keysWith = (date: fc.Arbitrary<Date>) =>
    fc
      .array(times(date), { maxLength: 2 * maxKeysOfKind, size: 'max' })
      .map((all) => all.map((each, index) => ({ ...each, jwk: key(String(index)) })));

  test('comes back with its times, whichever they are until 2054', () => {
    fc.assert(
      fc.property(keysWith(second('2020-01-01T00:00:00Z', '2054-01-01T00:00:00Z')), (all) => {
        expect(parseJwks(renderJwks(all), new Date(0))).toEqual(all);
      }),
    );
  });

  test('fits S3 with its metadata, in plain text, at the most keys that STS takes and whatever time a clock shows', () => {
    const any = second('1900-01-01T00:00:00Z', '2300-01-01T00:00:00Z');
    fc.assert(
      fc.property(keysWith(any), (all) => {
        const { metadata } = renderJwks(all);
        const sizes = Object.entries(metadata).map(([name, value]) => `x-amz-meta-${name}${value}`.length);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2048);
        expect(Object.values(metadata).join()).toMatch(/^[\w.!-]*$/);
        expect(parseJwks(renderJwks(all), new Date()).map(({ wasInSource }) => wasInSource)).toEqual(
          all.map(({ wasInSource }) => wasInSource),
        );
      }),
    );
  });

  test('fits S3 if all of the most keys are missing', () => {
    const all = Array.from({ length: 2 * maxKeysOfKind }, (_, index) => published(String(index), tuesdaySecond));
    const [[name = '', value = ''] = []] = Object.entries(renderJwks(all).metadata);
    expect([value.length, `x-amz-meta-${name}${value}`.length < 2048]).toEqual([2000, true]);
  });

  test.each([
    ['RSA', 'EC'],
    ['EC', 'RSA'],
  ] as const)('may hold 100 %s keys beside 100 %s keys, and no more', (kind, other) => {
    const many = (kty: 'RSA' | 'EC', length: number) =>
      Array.from({ length }, (_, index) => ({
        ...published(`${kty}-${index}`),
        jwk: { ...key(`${kty}-${index}`), kty } as Jwk,
      }));
    expect(excessiveKind([...many(kind, 100), ...many(other, 100)])).toBeUndefined();
    expect(excessiveKind([...many(kind, 101), ...many(other, 100)])).toEqual({ kind, count: 101 });
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
        wasInSource: false,
      },
      {
        jwk: { kid: 'ec', use: 'sig', alg: 'ES384', kty: 'EC', crv: 'P-384', x: 'x', y: 'y' },
        firstPublished: tuesdaySecond,
        missingSince: undefined,
        wasInSource: false,
      },
    ]);
  });

  test.each(['', 'no JSON', '[]', '{"keys":{}}', 'null'])('holds no key where it says %j', (body) => {
    expect(parseJwks({ body, metadata: {} }, tuesday)).toEqual([]);
  });

  test.each<[string, (text: string) => string]>([
    ['too few', (text) => text.slice(0, -6)],
    ['too many', (text) => `${text}AAAAA.`],
    ['followed by something else', (text) => `${text} `],
    ['in another form', () => 'tfkz1c tfkz1c~tfkz1d tfkz1c!'],
    ['missing', () => ''],
  ])('has no times where they are %s', (_, spoil) => {
    const { body, metadata } = renderJwks(keys);
    const spoilt = spoil(metadata['irsa-key-times'] ?? '');
    const parsed = parseJwks({ body, metadata: { 'irsa-key-times': spoilt } }, tuesday);
    expect(parsed.map(({ firstPublished }) => firstPublished)).toEqual(keys.map(() => tuesdaySecond));
    expect(parsed.filter(({ wasInSource }) => wasInSource)).toEqual([]);
  });
});
