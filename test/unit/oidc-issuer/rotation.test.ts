import { describe, expect, test } from '@jest/globals';
import { decide, type Evidence, type Rotation } from '../../../src/controllers/oidc-issuer/keys/rotation.ts';
import { hours } from '../../../src/runtime/duration.ts';

const start = Date.parse('2030-01-01T00:00:00Z');
const at = (hour: number) => new Date(start + hours(hour));
const time = (hour: number) => at(hour).toISOString().replace('.000', '');
const times = { cache: hours(24), retention: hours(25) };

const standard: Evidence = {
  now: at(0),
  isAsked: false,
  verified: ['old', 'new'],
  next: { kid: 'new', isPromoted: false },
  published: new Map([
    ['old', at(-1000)],
    ['new', at(0)],
  ]),
  isServed: true,
  hasFormerSites: false,
  confirmed: undefined,
  signing: undefined,
  cluster: undefined,
  tokens: { seen: new Set<string>() },
};
const signed = (stage: Rotation['stage'], hour: number, since: number): Rotation => ({
  ...rotation(stage, hour),
  signedSince: time(since),
});
const rotation = (stage: Rotation['stage'], hour = 0, listed?: number): Rotation => ({
  stage,
  since: time(hour),
  kid: 'new',
  ...(listed !== undefined && { listedSince: time(listed) }),
});
const after = (recorded: Rotation | undefined, evidence: Partial<Evidence>) =>
  decide(recorded, { ...standard, ...evidence }, times);

describe('a key that nobody rotates', () => {
  const idle = { next: undefined, verified: ['old'] };

  test('stays', () => {
    expect(after(undefined, idle)).toEqual({ rotation: undefined });
  });

  test('rotates when somebody asks', () => {
    expect(after(undefined, { ...idle, isAsked: true })).toEqual({ rotation: undefined, act: 'begin' });
  });

  test.each([
    ['is not published yet', { published: new Map<string, Date>() }],
    ['is not known to be served', { isServed: false }],
  ])('does not rotate while it %s, and says so', (_, evidence) => {
    const decision = after(undefined, { ...idle, isAsked: true, ...evidence });
    expect(decision.act).toBeUndefined();
    expect(decision.waitsFor).toContain('begins once');
  });
});

describe('the next key', () => {
  test('is being published', () => {
    const decision = after(undefined, { published: new Map() });
    expect(decision).toMatchObject({ rotation: rotation('Publishing') });
    expect(decision.act).toBeUndefined();
  });

  test('waits for promotion from when it is published', () => {
    expect(after(rotation('Publishing'), { now: at(1) }).rotation).toEqual(rotation('AwaitingPromotion', 1));
  });

  test('takes over once every API server is said to verify with it, and not before STS knows it', () => {
    const waiting = rotation('AwaitingPromotion');
    expect(after(waiting, { now: at(23.9), confirmed: 'new' }).act).toBeUndefined();
    expect(after(waiting, { now: at(23.9), confirmed: 'new' }).waitsFor).toContain(time(24));
    expect(after(waiting, { now: at(24), confirmed: 'new' }).act).toBe('promote');
  });

  test('takes over without a word if the cluster itself listed it at each look for as long', () => {
    const cluster = new Set(['old', 'new']);
    const seen = after(rotation('AwaitingPromotion'), { now: at(1), cluster });
    expect(seen.rotation).toEqual(rotation('AwaitingPromotion', 0, 1));
    expect(after(seen.rotation, { now: at(24.9), cluster }).act).toBeUndefined();
    expect(after(seen.rotation, { now: at(25), cluster }).act).toBe('promote');
  });

  test('is looked for anew after an API server that did not list it', () => {
    const seen = rotation('AwaitingPromotion', 0, 1);
    const missed = after(seen, { now: at(30), cluster: new Set(['old']) });
    expect([missed.act, missed.rotation]).toEqual([undefined, rotation('AwaitingPromotion')]);
    const again = after(missed.rotation, { now: at(31), cluster: new Set(['old', 'new']) });
    expect([again.act, again.rotation]).toEqual([undefined, rotation('AwaitingPromotion', 0, 31)]);
  });

  test.each<[string, Partial<Evidence>, string]>([
    ['nobody said anything', {}, 'rotation-confirmed=new'],
    ['another key is confirmed', { confirmed: 'old' }, 'rotation-confirmed=new'],
    ['an API server does not list it, whatever is said', { confirmed: 'new', cluster: new Set(['old']) }, 'whatever'],
    ['somebody says already that all sign with it', { confirmed: 'new', signing: 'new' }, 'take away'],
    ['former sites may lack it', { confirmed: 'new', hasFormerSites: true }, 'former sites'],
    ['it is not known to be served', { confirmed: 'new', isServed: false }, 'Verified'],
  ])('does not take over while %s', (_, evidence, words) => {
    const decision = after(rotation('AwaitingPromotion'), { now: at(1000), ...evidence });
    expect(decision.act).toBeUndefined();
    expect(decision.waitsFor).toContain(words);
  });

  test('does not take over because of what a look of long ago showed while the cluster cannot be asked', () => {
    expect(after(rotation('AwaitingPromotion', 0, 1), { now: at(1000) }).act).toBeUndefined();
  });

  test('is told to API servers again if somebody took it away', () => {
    const decision = after(rotation('AwaitingPromotion'), { now: at(1000), confirmed: 'new', verified: ['old'] });
    expect(decision.act).toBe('announce');
  });

  test('of another rotation begins anew', () => {
    const other = { ...rotation('Retiring', -1000), kid: 'other' };
    expect(after(other, {}).rotation).toEqual(rotation('AwaitingPromotion'));
  });
});

describe('the former key', () => {
  const next = { kid: 'new', isPromoted: true };

  test('stays until every API server is said to sign with the new one', () => {
    const promoted = after(rotation('AwaitingPromotion', -30), { next });
    expect(promoted.rotation).toEqual(rotation('AwaitingRetirement'));
    const later = after(promoted.rotation, { next, now: at(10_000), confirmed: 'new' });
    expect([later.act, later.rotation]).toEqual([undefined, rotation('AwaitingRetirement')]);
    expect(later.waitsFor).toContain('rotation-signing=new');
  });

  test('is retired from then on, for the retention', () => {
    const retiring = after(rotation('AwaitingRetirement'), { next, now: at(5), signing: 'new' });
    expect(retiring.rotation).toEqual(rotation('Retiring', 5));
    expect(after(retiring.rotation, { next, now: at(29.9), signing: 'new' }).act).toBeUndefined();
    expect(after(retiring.rotation, { next, now: at(30), signing: 'new' }).act).toBe('finish');
  });

  test('is not retired if somebody takes back that API servers sign with the new one', () => {
    const decision = after(rotation('Retiring', 5), { next, now: at(100) });
    expect([decision.act, decision.rotation?.stage]).toEqual([undefined, 'AwaitingRetirement']);
  });

  test.each([['AwaitingRetirement'], ['Retiring']] as const)(
    'stays, whatever is said, if an API server does not know the new one (%s)',
    (stage) => {
      const decision = after(rotation(stage), { next, now: at(100), signing: 'new', cluster: new Set(['old']) });
      expect([decision.act, decision.rotation?.stage]).toEqual([undefined, 'AwaitingRetirement']);
    },
  );

  describe('of a cluster that issues tokens', () => {
    const tokens = (...kids: string[]) => ({ next, tokens: { seen: new Set(kids) } });
    const silent = { next, tokens: { seen: new Set<string>(), why: 'Forbidden' } };

    test('is retired without a word once each look for a day saw the new one alone, and its time counts from there', () => {
      const first = after(rotation('AwaitingRetirement'), { ...tokens('new'), now: at(1) });
      expect(first.rotation).toEqual(signed('AwaitingRetirement', 0, 1));
      expect(first.waitsFor).toContain(`until ${time(25)}`);
      expect(after(first.rotation, { ...tokens('new'), now: at(24.9) }).rotation).toEqual(first.rotation);
      const retiring = after(first.rotation, { ...tokens('new'), now: at(25) });
      expect([retiring.act, retiring.rotation]).toEqual([undefined, signed('Retiring', 25, 1)]);
      expect(after(retiring.rotation, { ...tokens('new'), now: at(49.9) }).act).toBeUndefined();
      expect(after(retiring.rotation, { ...tokens('new'), now: at(50) }).act).toBe('finish');
    });

    test.each(['AwaitingRetirement', 'Retiring'] as const)(
      'stays (%s) if one token of many carries it, whatever is said, and the day begins anew',
      (stage) => {
        const decision = after(signed(stage, 25, 1), { ...tokens('new', 'old'), now: at(40), signing: 'new' });
        const since = stage === 'Retiring' ? 40 : 25;
        expect([decision.act, decision.rotation]).toEqual([undefined, rotation('AwaitingRetirement', since)]);
        expect(decision.waitsFor).toContain('still signs tokens with key old');
        const again = after(decision.rotation, { ...tokens('new'), now: at(41) });
        expect(again.rotation).toEqual(signed('AwaitingRetirement', since, 41));
      },
    );

    test('stays if the only token that was to be had carries it', () => {
      const some = { seen: new Set(['old']), why: 'Unreachable' };
      const decision = after(signed('Retiring', 25, 1), { next, tokens: some, now: at(40) });
      expect(decision.rotation).toEqual(rotation('AwaitingRetirement', 40));
    });

    test('is not retired by a look that did not get all its tokens', () => {
      const some = { seen: new Set(['new']), why: 'Unreachable' };
      const first = after(rotation('AwaitingRetirement'), { next, tokens: some, now: at(1) });
      expect([first.rotation, first.waitsFor]).toEqual([
        rotation('AwaitingRetirement'),
        expect.stringContaining('Unreachable'),
      ]);
      const later = after(signed('AwaitingRetirement', 0, 1), { next, tokens: some, now: at(100) });
      expect(later.rotation).toEqual(signed('AwaitingRetirement', 0, 1));
    });

    test('stays if a key signs that nobody knows, and what that is called is not repeated', () => {
      const decision = after(signed('Retiring', 25, 1), { ...tokens('new', 'ignore all rules'), now: at(40) });
      expect(decision.rotation?.stage).toBe('AwaitingRetirement');
      expect(decision.waitsFor).toContain('a key that is not published');
      expect(decision.waitsFor).not.toContain('ignore');
    });

    test('is retired at once by a word, and stays again if the word is taken back before the tokens prove it', () => {
      const said = after(signed('AwaitingRetirement', 0, 1), { ...tokens('new'), now: at(2), signing: 'new' });
      expect(said.rotation).toEqual(signed('Retiring', 2, 1));
      expect(after(said.rotation, { ...tokens('new'), now: at(3) }).rotation?.stage).toBe('AwaitingRetirement');
      expect(after(said.rotation, { ...tokens('new'), now: at(25) }).rotation?.stage).toBe('Retiring');
    });

    test('waits for a word, and says why, if the cluster issues none to the operator', () => {
      const decision = after(rotation('AwaitingRetirement'), { ...silent, now: at(1000) });
      expect([decision.act, decision.rotation]).toEqual([undefined, rotation('AwaitingRetirement')]);
      expect(decision.waitsFor).toMatch(/rotation-signing=new.*Forbidden/);
      expect(after(rotation('AwaitingRetirement'), { ...silent, signing: 'new' }).rotation?.stage).toBe('Retiring');
    });

    test('is not retired because of what tokens of long ago showed while there are none now', () => {
      const decision = after(signed('AwaitingRetirement', 0, 1), { ...silent, now: at(1000) });
      expect(decision.rotation).toEqual(signed('AwaitingRetirement', 0, 1));
    });

    test('goes on retiring while there are none for a while, and ends only with tokens that show it', () => {
      const retiring = signed('Retiring', 25, 1);
      expect(after(retiring, { ...silent, now: at(49.9) }).rotation).toEqual(retiring);
      const end = after(retiring, { ...silent, now: at(50) });
      expect([end.act, end.rotation]).toEqual([undefined, signed('AwaitingRetirement', 50, 1)]);
      expect(after(end.rotation, { ...tokens('new'), now: at(51) }).rotation).toEqual(signed('Retiring', 51, 1));
    });

    test.each(['AwaitingRetirement', 'Retiring'] as const)('stays (%s) as long as somebody says hold', (stage) => {
      const decision = after(signed(stage, 25, 1), { ...tokens('new'), now: at(1000), signing: 'hold' });
      expect([decision.act, decision.rotation?.stage]).toEqual([undefined, 'AwaitingRetirement']);
      expect(decision.waitsFor).toContain('rotation-signing=new');
    });
  });

  test('waits as long again if the status is lost', () => {
    const decision = after(undefined, { next, now: at(100), signing: 'new' });
    expect([decision.act, decision.rotation]).toEqual([undefined, rotation('Retiring', 100)]);
    expect(after(undefined, { next, now: at(100) }).rotation).toEqual(rotation('AwaitingRetirement', 100));
  });
});
