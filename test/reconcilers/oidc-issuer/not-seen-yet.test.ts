import { describe, expect, test } from '@jest/globals';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { alias, only, Story } from './story.ts';

const everything = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } } };

interface Tagged {
  tags: Record<string, string>;
}

const things: Readonly<Record<string, (story: Story) => readonly Tagged[]>> = {
  bucket: (story) => [story.bucket],
  certificate: (story) => [...story.account.certificates.values()],
  distribution: (story) => [story.distribution],
  providers: (story) => [...story.account.providers.values()],
};

/** AWS does not show the tags of these for a while. The result shows them again. */
function hide(tagged: readonly Tagged[]): () => void {
  const shown = tagged.map((each) => [each, each.tags] as const);
  for (const each of tagged) each.tags = {};
  return () => {
    for (const [each, tags] of shown) each.tags = tags;
  };
}

describe.each(Object.entries(things))('%s, made just now, without the tags that AWS does not show yet', (_, find) => {
  test('is no stranger’s: nothing turns bad, and nothing is written', async () => {
    const story = new Story(everything);
    await story.untilReady();
    const show = hide(find(story));
    story.forget();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.condition('Stalled')).toBeUndefined();
    expect(story.aws.writes).toEqual([]);
    expect(story.said).toEqual([]);
    show();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('holds a removal until they show, and is not left behind', async () => {
    const story = new Story(everything);
    await story.untilReady();
    const show = hide(find(story));
    story.delete();
    await story.until(() => true);
    await story.until(() => true);
    await story.until(() => true);
    expect(story.object).toBeDefined();
    show();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(story.saidReasons).not.toContain('LeftAlone');
  });
});

test('a recorded provider that shows no tags any more is left alone, and not forgotten while it lives', async () => {
  const story = new Story(everything);
  await story.untilReady();
  const recorded = story.status.providers;
  hide(things['providers']?.(story) ?? []);
  await story.clock.advance(minutes(2));
  await story.reconcile();
  expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(story.status.providers).toEqual(recorded);
});

test('a recorded provider that shows no tags any more is not forgotten either where it is to go', async () => {
  const story = new Story(everything);
  await story.untilReady();
  const recorded = story.status.providers;
  const own = [...story.account.providers.values()].filter(({ url }) => url.endsWith('.cloudfront.net'));
  const show = hide(own);
  await story.clock.advance(minutes(2));
  story.edit({ hosting: { cloudFront: { alias, distributionProvider: 'Remove' } } });
  await story.reconcile();
  expect(story.account.providers.size).toBe(2);
  expect(story.status.providers).toHaveLength(2);
  expect(story.status.providers).toEqual(expect.arrayContaining(recorded ?? []));
  show();
  await story.reconcile();
  expect(story.account.providers.size).toBe(1);
  expect(story.status.providers).toHaveLength(1);
});

describe('what the status records, and another owner has by now,', () => {
  const another = { 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/other' };

  test.each(['bucket', 'distribution', 'certificate', 'providers'])('%s survives a removal', async (what) => {
    const story = new Story(everything);
    await story.untilReady();
    await story.clock.advance(minutes(2));
    const theirs = things[what]?.(story) ?? [];
    for (const each of theirs) each.tags = { ...each.tags, ...another };
    const before = structuredClone(theirs);
    story.delete();
    for (let pass = 0; pass < 10; pass++) await story.until(() => true);
    expect(things[what]?.(story)).toEqual(before);
  });

  test('is not used where it is a certificate', async () => {
    const story = new Story();
    await story.untilReady();
    // As long as ACM gives the same certificate for the same token.
    await story.clock.advance(hours(1));
    const theirs = only([...story.account.certificates.values()]);
    theirs.tags = { ...theirs.tags, ...another };
    await story.reconcile();
    expect(story.site?.certificate?.arn).not.toBe(theirs.arn);
  });
});
