import { describe, expect, test } from '@jest/globals';
import { Limiters } from '../../../src/aws/limits.ts';
import { Recent } from '../../../src/aws/recent.ts';
import { settled } from '../../fakes/clock.ts';

/** The keys for which nothing has to be made. */
function kept(recent: Recent<object>, keys: readonly string[]): string[] {
  return keys.filter((key) => {
    let made = false;
    recent.get(key, () => {
      made = true;
      return {};
    });
    if (made) recent.delete(key);
    return !made;
  });
}

describe('what is kept by name', () => {
  test('is made once', () => {
    const recent = new Recent<object>(2);
    const first = recent.get('a', () => ({}));
    expect(recent.get('a', () => ({}))).toBe(first);
  });

  test('goes when there is no room, what was used longest ago first', () => {
    const recent = new Recent<object>(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) recent.get(key, () => ({}));
    expect(kept(recent, ['d', 'c', 'a', 'b'])).toEqual(['d', 'c', 'a']);
  });

  test('stays while it must', () => {
    const busy = {};
    const recent = new Recent<object>(2, { mayGo: (value) => value !== busy });
    recent.get('busy', () => busy);
    for (const key of ['a', 'b', 'c']) recent.get(key, () => ({}));
    expect(kept(recent, ['busy', 'c', 'b', 'a'])).toEqual(['busy', 'c']);
  });

  test('goes when nobody has asked for it for long', () => {
    let now = 0;
    const recent = new Recent<object>(10, { unused: { after: 100, now: () => now } });
    for (const key of ['a', 'b']) recent.get(key, () => ({}));
    now = 60;
    recent.get('b', () => ({}));
    now = 100;
    recent.dropUnused();
    expect(recent.size).toBe(1);
    expect(kept(recent, ['b', 'a'])).toEqual(['b']);
  });
});

test('the limiters of 10,000 accounts are not all kept, but those under which a call runs are', async () => {
  const limiters = new Limiters();
  const busy = limiters.of('iam', 'busy');
  let answer = () => {};
  const call = busy.add(() => new Promise<void>((resolve) => (answer = resolve)));
  await settled();
  const first = Array.from({ length: 10_000 }, (_, index) => limiters.of('iam', `account ${index}`));
  expect(limiters.of('iam', 'busy')).toBe(busy);

  const kept = first.filter((_, index) => limiters.of('iam', `account ${9_999 - index}`) === first[9_999 - index]);
  expect(kept.length).toBeGreaterThan(4_900);
  expect(kept.length).toBeLessThanOrEqual(5_000);
  answer();
  await call;
});
