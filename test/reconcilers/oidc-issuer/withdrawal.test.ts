import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, globalBucket, issuerURL, ref, someoneElse, Story } from './story.ts';

const strangers = '999999999999';
const spec = {
  bucket: { name: globalBucket },
  hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } },
};

/** An issuer that has been ready for a while, with two providers. */
async function readyStory(region = 'eu-central-1'): Promise<Story> {
  const story = new Story({ ...spec, region });
  await story.untilReady();
  await story.clock.advance(minutes(1));
  expect(story.account.providers.size).toBe(2);
  story.forget();
  return story;
}

async function expectWithdrawn(story: Story): Promise<void> {
  await story.reconcile();
  expect([...story.account.providers.keys()]).toEqual([]);
  expect(story.status.providers ?? []).toEqual([]);
  expect(story.said).toContainEqual(
    expect.objectContaining({ reason: 'ProvidersWithdrawn', message: expect.stringContaining(issuerURL) }),
  );
  story.forget();
  await story.reconcile();
  expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
}

async function expectRegisteredAgain(story: Story): Promise<void> {
  await story.untilReady();
  expect([...story.account.providers.values()].map(({ url }) => url).sort()).toEqual(
    [issuerURL, `https://${story.distribution.domainName}`].sort(),
  );
}

describe('a name that is somebody else’s loses its providers, until it is ours again:', () => {
  test.each([
    ['', false],
    [', also where the status is lost', true],
  ])('the alias, where its record points elsewhere%s', async (_, forgets) => {
    const story = await readyStory();
    if (forgets) story.loseStatus();
    const { records } = story.zone;
    story.zone.records = [
      ...records.filter(({ name }) => name !== alias),
      { name: alias, type: 'A', ttl: 60, values: ['192.0.2.1'] },
    ];
    await expectWithdrawn(story);
    expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    story.zone.records = records;
    await expectRegisteredAgain(story);
  });

  test('the alias, where another account’s distribution has it', async () => {
    const story = await readyStory();
    story.distribution.config.Aliases = { Quantity: 0 };
    const theirs = { ...structuredClone(story.distribution), id: 'ETHEIRS', arn: 'arn:theirs' };
    theirs.config.Aliases = { Quantity: 1, Items: [alias] };
    story.aws.account(strangers).distributions.set(theirs.id, theirs);
    await expectWithdrawn(story);
    expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'AliasTaken' });
    story.aws.account(strangers).distributions.clear();
    await expectRegisteredAgain(story);
  });

  test('the alias, where a distribution that is not ours has it since ours was deleted', async () => {
    const story = await readyStory();
    const theirs = { ...story.distribution, id: 'ETHEIRS', arn: 'arn:theirs', tags: {} };
    story.account.distributions.clear();
    story.account.distributions.set(theirs.id, theirs);
    await expectWithdrawn(story);
    expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    story.account.distributions.clear();
    await expectRegisteredAgain(story);
  });

  test('the bucket, where another account has its name', async () => {
    const story = await readyStory();
    const { bucket } = story;
    story.aws.buckets.set(globalBucket, { ...bucket, owner: strangers });
    await expectWithdrawn(story);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
    story.aws.buckets.delete(globalBucket);
    await expectRegisteredAgain(story);
  });

  test('the bucket in us-east-1, which is tried once, for it counts as ours no more', async () => {
    const story = await readyStory('us-east-1');
    const { bucket } = story;
    story.aws.buckets.set(globalBucket, { ...bucket, owner: strangers });
    await expectWithdrawn(story);
    expect(story.condition('BucketReady')?.message).toContain('may belong to another account');
    expect(story.aws.writes).not.toContain('CreateBucket');
    story.aws.buckets.set(globalBucket, bucket);
    await expectRegisteredAgain(story);
  });
});

describe('a name that is proven not to be ours loses its providers:', () => {
  test('the alias, whose zone the account has no more', async () => {
    const story = await readyStory();
    const zones = [...story.account.zones];
    story.restart();
    story.account.zones.clear();
    await expectWithdrawn(story);
    expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'HostedZoneNotFound' });
    for (const [id, zone] of zones) story.account.zones.set(id, zone);
    await expectRegisteredAgain(story);
  });

  test.each([
    ['bucket', 'BucketReady'],
    ['distribution', 'DistributionReady'],
  ] as const)('the %s, which has another owner’s tags', async (what, condition) => {
    const story = await readyStory();
    const { tags } = story[what];
    story[what].tags = someoneElse;
    await expectWithdrawn(story);
    expect(story.condition(condition)).toMatchObject({ status: 'False', reason: 'NotOwned' });
    story[what].tags = tags;
    await expectRegisteredAgain(story);
  });

  test('a bucket with a global name that is gone and cannot be made anew', async () => {
    const story = await readyStory();
    story.aws.buckets.clear();
    for (const pass of [1, 2])
      story.aws.failNext('CreateBucket', new ServiceError('TooManyBuckets', 400, String(pass)));
    await expectWithdrawn(story);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'LimitExceeded' });
    await expectRegisteredAgain(story);
  });

  test('and may then be registered for other audiences', async () => {
    const story = await readyStory();
    const { tags } = story.bucket;
    story.bucket.tags = someoneElse;
    await expectWithdrawn(story);
    story.bucket.tags = tags;
    story.edit({ audiences: ['other'] });
    await story.untilReady();
    expect([...story.account.providers.values()].map(({ audiences }) => [...audiences])).toEqual([
      ['other'],
      ['other'],
    ]);
  });

  test('also the provider that was made when the operator died and that no status names', async () => {
    const story = await readyStory();
    const [first] = story.status.providers ?? [];
    story.kube.seed(oidcIssuers, { ...story.object!, metadata: ref, status: { ...story.status, providers: [first] } });
    story.zone.records = [
      ...story.zone.records.filter(({ name }) => name !== alias),
      { name: alias, type: 'A', ttl: 60, values: ['192.0.2.1'] },
    ];
    await expectWithdrawn(story);
  });
});

test('an issuer that was never registered asks IAM nothing where a name is not its own', async () => {
  const story = new Story();
  story.account.zones.clear();
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'HostedZoneNotFound' });
  expect(story.aws.reads).not.toContain('GetOpenIDConnectProvider');
});

describe('keeps its providers where nothing is proven:', () => {
  test('a zone that was replaced by another of the same name and records', async () => {
    const story = await readyStory();
    const { records, ...zone } = story.zone;
    story.account.zones.clear();
    story.account.addZone(zone.name).records = records;
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.account.providers.size).toBe(2);
  });

  test('a zone that is listed, and yet not found when it is read', async () => {
    const story = await readyStory();
    for (const read of ['first', 'second']) {
      story.aws.failNext('ListResourceRecordSets', new ServiceError('NoSuchHostedZone', 404, read));
    }
    await story.reconcile();
    expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
    expect(story.account.providers.size).toBe(2);
  });

  test.each([
    ['is throttled', new ServiceError('SlowDown', 503)],
    ['meets another change of it', new ServiceError('OperationAborted', 409)],
    ['finds it ours after all', new ServiceError('BucketAlreadyOwnedByYou', 409)],
  ])('a bucket that is not seen, where making it %s', async (_, fault) => {
    const story = await readyStory();
    story.aws.buckets.clear();
    story.aws.failNext('CreateBucket', fault);
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False' });
    expect(story.account.providers.size).toBe(2);
  });

  test.each(['installation', 'owner'])('the tag %s that somebody took off the bucket', async (tag) => {
    const story = await readyStory();
    story.bucket.tags = Object.fromEntries(Object.entries(story.bucket.tags).filter(([key]) => !key.endsWith(tag)));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.account.providers.size).toBe(2);
  });

  test('a bucket of the account’s own namespace that is gone and cannot be made anew', async () => {
    const story = new Story();
    await story.untilReady();
    story.aws.buckets.clear();
    story.aws.failNext('CreateBucket', new ServiceError('TooManyBuckets', 400));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'LimitExceeded' });
    expect(story.account.providers.size).toBe(1);
  });

  test.each([
    ['a bucket that refuses to be read', 'GetBucketTagging'],
    ['a distribution that refuses to be read', 'GetDistribution'],
    ['a zone that refuses to be read', 'ListResourceRecordSets'],
  ])('%s', async (_, operation) => {
    const story = await readyStory();
    story.aws.failNext(operation, new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(story.account.providers.size).toBe(2);
    await story.untilReady();
    expect(story.aws.writes).not.toContain('DeleteOpenIDConnectProvider');
  });

  test('a bucket of us-east-1 that refuses to be read, and is still ours', async () => {
    const story = await readyStory('us-east-1');
    const before = structuredClone(story.bucket);
    story.aws.failNext('GetBucketTagging', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({
      reason: 'AccessDenied',
      message: expect.stringContaining('s3:GetBucketTagging'),
    });
    expect(story.condition('BucketReady')?.message).not.toContain('another account');
    expect(story.aws.writes).toEqual(['CreateBucket']);
    expect(story.bucket).toEqual(before);
    expect(story.account.providers.size).toBe(2);
  });

  test.each([
    ['bucket', 'BucketReady'],
    ['distribution', 'DistributionReady'],
  ] as const)('tags of the %s that somebody took away', async (what, condition) => {
    const story = await readyStory();
    story[what].tags = {};
    await story.reconcile();
    expect(story.condition(condition)).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.account.providers.size).toBe(2);
  });
});
