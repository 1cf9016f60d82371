import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { only, owner, ref, Story } from './story.ts';

const here = 'home-of-test';
const there = 'home-of-the-other-cluster';
const homeTag = 'irsa.giantswarm.io/home';

/** A cluster in which the issuer of a ready one was restored. */
async function restored({ withStatus }: { readonly withStatus: boolean }): Promise<Story> {
  const story = new Story();
  await story.untilReady();
  const { object } = story;
  story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
  story.kube.remove(oidcIssuers, ref);
  story.apply();
  if (withStatus)
    await story.kube.patch(oidcIssuers, ref, { status: { ...object?.status } }, { subresource: 'status' });
  story.settings.home = there;
  story.restart();
  story.forget();
  return story;
}

/** Everything on AWS that carries tags, by what it is. */
function tagged({ account, bucket, distribution }: Story) {
  return {
    bucket: bucket.tags,
    certificate: only([...account.certificates.values()]).tags,
    distribution: distribution.tags,
    provider: only([...account.providers.values()]).tags,
  };
}

/** What would change something on AWS if it were carried out. */
const changes = ({ aws }: Story) => aws.writes.filter((write) => !/^(Create|AssumeRole)/.test(write));

describe.each([{ withStatus: false }, { withStatus: true }])('a copy in another cluster, restored %j,', (how) => {
  test('is refused, and changes nothing on AWS', async () => {
    const story = await restored(how);
    const before = structuredClone([story.account.buckets, story.account.distributions, story.zone.records]);
    await story.reconcile();
    await story.reconcile();
    // Without its status nothing is recorded, so that all is looked for again once the move is declared.
    const refused = how.withStatus ? ['BucketReady', 'CertificateReady'] : ['Accepted'];
    for (const condition of refused) {
      expect(story.condition(condition)).toMatchObject({ status: 'False', reason: 'OwnedByAnotherCluster' });
    }
    const { message } = story.condition(refused[0]!) ?? {};
    expect(message).toContain(`irsa.giantswarm.io/take-over=${here}`);
    expect(message).toContain('takeOver');
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
    expect(story.aws.writes).toEqual([]);
    expect([story.account.buckets, story.account.distributions, story.zone.records]).toEqual(before);
  });

  test('touches nothing when it is deleted', async () => {
    const story = await restored(how);
    const before = story.leftovers;
    await story.reconcile();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual(before);
    expect(story.aws.writes).toEqual([]);
    expect(story.saidReasons.includes('LeftAlone')).toBe(how.withStatus);
  });

  test.each([
    ['the configuration', (story: Story) => (story.settings.takeOver = [here])],
    [
      'its annotation',
      (story: Story) =>
        story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/take-over': here } } }),
    ],
  ])('takes over what %s says, without a change on AWS but the tag', async (_, declare) => {
    const story = await restored(how);
    const before = structuredClone(tagged(story));
    declare(story);
    await story.untilReady();
    expect([...changes(story)].sort()).toEqual([
      'AddTagsToCertificate',
      'PutBucketTagging',
      'TagOpenIDConnectProvider',
      'TagResource',
    ]);
    for (const [kind, tags] of Object.entries(tagged(story))) {
      expect({ kind, tags }).toEqual({ kind, tags: { ...before[kind as keyof typeof before], [homeTag]: there } });
    }
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });
});

test('the old home is refused once another has taken over, withdraws nothing and deletes nothing', async () => {
  const story = new Story();
  await story.untilReady();
  for (const tags of Object.values(tagged(story))) tags[homeTag] = there;
  story.forget();
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'OwnedByAnotherCluster' });
  const before = story.leftovers;
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
  expect(story.aws.writes).toEqual([]);
});

test('the old home deletes nothing either while the other one has taken over no more than the bucket', async () => {
  const story = new Story();
  await story.untilReady();
  story.bucket.tags[homeTag] = there;
  const before = story.leftovers;
  story.delete();
  story.forget();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
  expect(story.aws.writes).toEqual([]);
});

test('a move that stopped before the provider loses nothing when the object in the old cluster is deleted', async () => {
  const story = new Story();
  await story.untilReady();
  story.settings.home = there;
  story.settings.takeOver = [here];
  story.restart();
  story.aws.failNext('TagOpenIDConnectProvider', new ServiceError('AccessDenied', 403));
  await story.reconcile();
  expect(tagged(story).provider[homeTag]).toBe(here);

  story.settings.home = here;
  story.settings.takeOver = [];
  story.restart();
  const before = story.leftovers;
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
});

test('a declaration that was forgotten deletes nothing that the other home has', async () => {
  const story = new Story();
  await story.untilReady();
  for (const tags of Object.values(tagged(story))) tags[homeTag] = there;
  story.settings.takeOver = [there];
  const before = story.leftovers;
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
});

test('a copy with a status takes no records of the original whose distribution is gone', async () => {
  const story = await restored({ withStatus: true });
  story.account.distributions.clear();
  const before = story.leftovers;
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
});

test.each([
  ['bucket', 'BucketReady'],
  ['certificate', 'CertificateReady'],
  ['distribution', 'DistributionReady'],
  ['provider', 'ProvidersReady'],
] as const)('a %s of another cluster alone is refused by its own condition', async (kind, condition) => {
  const story = new Story();
  await story.untilReady();
  tagged(story)[kind][homeTag] = there;
  story.forget();
  await story.reconcile();
  expect(story.condition(condition)).toMatchObject({ status: 'False', reason: 'OwnedByAnotherCluster' });
  expect(story.aws.writes).toEqual([]);
});

test('a bucket that lost only its home tag is not owned', async () => {
  const story = new Story();
  await story.untilReady();
  story.bucket.tags = Object.fromEntries(Object.entries(owner).filter(([key]) => key !== homeTag));
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
});
