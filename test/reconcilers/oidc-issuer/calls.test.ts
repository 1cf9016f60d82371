import { describe, expect, test } from '@jest/globals';
import { alias, globalBucket, Story } from './story.ts';

/** As derived for release 19. */
const release19 = {
  bucket: { name: globalBucket },
  hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } },
};

describe('the calls to AWS', () => {
  /** Comes back once, and gives what that asked. */
  async function callsOfReturn(story: Story): Promise<string[]> {
    story.aws.forgetCalls();
    await story.comeBack();
    return story.aws.calls.map(({ operation }) => operation);
  }

  test('of a new issuer are 38, besides those that look again at what takes its time', async () => {
    const story = new Story(release19);
    await story.reconcile();
    let calls = story.aws.calls.length;
    for (let passes = 0; story.condition('Ready')?.status !== 'True' && passes < 9; passes++) {
      calls += (await callsOfReturn(story)).length;
      story.aws.deploy();
      story.aws.sync();
    }
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(calls).toBeLessThanOrEqual(38);
  });

  test('of a look again are those of the step that waits', async () => {
    const story = new Story(release19);
    await story.until(() => story.condition('DistributionReady')?.reason === 'DistributionDeploying');
    for (const distribution of story.account.distributions.values()) distribution.status = 'InProgress';
    expect(await callsOfReturn(story)).toEqual(['GetDistribution', 'ListTagsForResource', 'ListOriginAccessControls']);
    story.aws.deploy();
    await callsOfReturn(story);
    expect(await callsOfReturn(story)).toEqual(['ListResourceRecordSets', 'GetChange']);
  });

  test('of an issuer that is ready are 11 reads, one for the zone and one for each provider', async () => {
    const story = new Story(release19);
    await story.untilReady();
    story.aws.forgetCalls();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.aws.calls.length).toBe(11 + 1 + 2);
  });
});
