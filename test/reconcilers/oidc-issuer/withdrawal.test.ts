import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { accountID, alias, globalBucket, issuerURL, ref, someoneElse, Story } from './story.ts';

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

/** A key set with one more key than the bucket's. */
function withKey(story: Story, key: Record<string, unknown>): Record<string, unknown> {
  const { keys } = JSON.parse(story.bucket.objects.get('keys.json')!.body) as { keys: Record<string, unknown>[] };
  return { keys: [...keys, key] };
}

const evilKey = { kid: 'evil', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'modulus', e: 'AQAB' };

describe('the providers are withdrawn where somebody else is proven to answer, until the name is ours again:', () => {
  test.each([
    ['a key that the bucket does not hold', false],
    ['a key that the bucket does not hold, also where the status is lost', true],
  ])('%s', async (_, forgets) => {
    const story = await readyStory();
    if (forgets) story.loseStatus();
    story.documents.answers.set(`${issuerURL}/keys.json`, withKey(story, evilKey));
    await expectWithdrawn(story);
    for (const type of ['Verified', 'Ready']) {
      expect(story.condition(type)).toMatchObject({ status: 'False', message: expect.stringContaining('key evil') });
    }
    expect(story.condition('Verified')).toMatchObject({ reason: 'NameLost' });
    story.documents.answers.clear();
    await expectRegisteredAgain(story);
  });

  test('our key id over another modulus', async () => {
    const story = await readyStory();
    const { keys } = withKey(story, evilKey) as { keys: Record<string, unknown>[] };
    story.documents.answers.set(`${issuerURL}/keys.json`, { keys: [{ ...keys[0], n: evilKey.n }] });
    await expectWithdrawn(story);
    story.documents.answers.clear();
    await expectRegisteredAgain(story);
  });

  test('a discovery document that names another key set', async () => {
    const story = await readyStory();
    const url = `${issuerURL}/.well-known/openid-configuration`;
    story.documents.answers.set(url, { issuer: issuerURL, jwks_uri: 'https://evil.example.com/keys.json' });
    await expectWithdrawn(story);
    expect(story.condition('Verified')).toMatchObject({ status: 'False', reason: 'NameLost' });
    story.documents.answers.clear();
    await expectRegisteredAgain(story);
  });

  test('a key behind a record that points elsewhere, although the record itself proves nothing', async () => {
    const story = await readyStory();
    pointElsewhere(story);
    story.documents.answers.set(`${issuerURL}/.well-known/openid-configuration`, {
      issuer: issuerURL,
      jwks_uri: `${issuerURL}/keys.json`,
    });
    story.documents.answers.set(`${issuerURL}/keys.json`, { keys: [evilKey] });
    await expectWithdrawn(story);
    expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  });

  test('the bucket, where another account has its name', async () => {
    const story = await readyStory();
    const { bucket } = story;
    story.aws.buckets.set(globalBucket, { ...bucket, owner: strangers });
    await expectWithdrawn(story);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'NameLost' });
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

  test('and may then be registered for other audiences', async () => {
    const story = await readyStory();
    story.documents.answers.set(`${issuerURL}/keys.json`, withKey(story, evilKey));
    await expectWithdrawn(story);
    story.documents.answers.clear();
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
    story.documents.answers.set(`${issuerURL}/keys.json`, withKey(story, evilKey));
    await expectWithdrawn(story);
  });
});

test('a provider that cannot be withdrawn is tried again', async () => {
  const story = await readyStory();
  story.documents.answers.set(`${issuerURL}/keys.json`, withKey(story, evilKey));
  story.aws.failNext('DeleteOpenIDConnectProvider', new ServiceError('AccessDenied', 403));
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
  await expectWithdrawn(story);
});

test('an issuer that was never registered fetches nothing where a name is not its own, and tells of no stranger’s provider', async () => {
  const story = new Story({ bucket: { name: globalBucket } });
  await story.reconcile();
  story.aws.buckets.set(globalBucket, { ...story.bucket, owner: strangers });
  const arn = `arn:aws:iam::${accountID}:oidc-provider/${alias}`;
  story.account.providers.set(arn, { arn, url: alias, audiences: new Set(), createdAt: new Date(0), tags: {} });
  story.forget();
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
  expect([...story.account.providers.keys()]).toEqual([arn]);
  expect(story.said.map(({ message }) => message).join()).not.toContain(arn);
  expect(story.documents.fetched).toEqual([]);
});

function pointElsewhere(story: Story): void {
  story.zone.records = [
    ...story.zone.records.filter(({ name }) => name !== alias),
    { name: alias, type: 'A', ttl: 60, values: ['192.0.2.1'] },
  ];
}

/** After a pass: the condition is False, and both providers are there. */
async function expectKept(story: Story, type: string, reason: string): Promise<void> {
  await story.reconcile();
  expect(story.condition(type)).toMatchObject({ status: 'False', reason });
  expect(story.condition('Ready')).toMatchObject({ status: 'False' });
  expect(story.account.providers.size).toBe(2);
  expect(story.status.providers).toHaveLength(2);
  expect(story.saidReasons).toContain(reason);
  expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
  expect(story.aws.writes).not.toContain('DeleteOpenIDConnectProvider');
}

describe('a guess withdraws nothing, is said in an event, and is over when the cause is:', () => {
  test('no answer under the issuer’s URL', async () => {
    const story = await readyStory();
    const fetch = story.documents.fetch.bind(story.documents);
    story.documents.fetch = async () => {
      throw new Error('no answer in time');
    };
    await expectKept(story, 'Verified', 'NotVerified');
    story.documents.fetch = fetch;
    await story.untilReady();
  });

  test('a key set that lacks one of our keys', async () => {
    const story = await readyStory();
    story.documents.answers.set(`${issuerURL}/keys.json`, { keys: [] });
    await expectKept(story, 'Verified', 'NotVerified');
    expect(story.condition('Verified')?.message).toContain(`lacks key ${story.kid}`);
  });

  test('a key that another writer published while it was served', async () => {
    const story = await readyStory();
    const served = withKey(story, evilKey);
    const fetch = story.documents.fetch.bind(story.documents);
    story.documents.fetch = async (url, jwksURI) => {
      const keys = story.bucket.objects.get('keys.json')!;
      story.bucket.objects.set('keys.json', { ...keys, body: JSON.stringify(served) });
      return { ...(await fetch(url, jwksURI)), jwks: served };
    };
    await story.reconcile();
    expect(story.condition('Verified')).toMatchObject({ status: 'True' });
    expect(story.account.providers.size).toBe(2);
  });

  test('a record of the alias that points elsewhere', async () => {
    const story = await readyStory();
    const { records } = story.zone;
    pointElsewhere(story);
    await expectKept(story, 'DNSReady', 'NotOwned');
    expect(story.condition('Verified')).toMatchObject({ status: 'False', reason: 'NotVerified' });
    story.zone.records = records;
    await story.untilReady();
  });

  test('a zone that is not seen: what is served is still looked at', async () => {
    const story = await readyStory();
    const zones = [...story.account.zones];
    story.restart();
    story.account.zones.clear();
    story.documents.answers.set(`${issuerURL}/.well-known/openid-configuration`, {
      issuer: issuerURL,
      jwks_uri: `${issuerURL}/keys.json`,
    });
    story.documents.answers.set(`${issuerURL}/keys.json`, JSON.parse(story.bucket.objects.get('keys.json')!.body));
    await expectKept(story, 'CertificateReady', 'HostedZoneNotFound');
    expect(story.condition('Verified')).toMatchObject({ status: 'True' });
    for (const [id, zone] of zones) story.account.zones.set(id, zone);
    await story.untilReady();
  });

  test('an alias that CloudFront refuses: the message names both causes and the record in the way', async () => {
    const story = await readyStory();
    story.distribution.config.Aliases = { Quantity: 0 };
    const theirs = { ...structuredClone(story.distribution), id: 'ETHEIRS', arn: 'arn:theirs' };
    theirs.config.Aliases = { Quantity: 1, Items: [alias] };
    story.aws.account(strangers).distributions.set(theirs.id, theirs);
    story.zone.records.push({ name: '*.example.com', type: 'CNAME', ttl: 60, values: ['dtheirs.cloudfront.net'] });
    await expectKept(story, 'DistributionReady', 'AliasTaken');
    const { message } = story.condition('DistributionReady')!;
    expect(message).toContain('another distribution');
    expect(message).toContain('DNS record');
    expect(message).toContain('CNAME *.example.com to dtheirs.cloudfront.net');
    story.aws.account(strangers).distributions.clear();
    await story.untilReady();
  });

  test('a distribution that is not ours has the alias since ours was deleted', async () => {
    const story = await readyStory();
    const theirs = { ...story.distribution, id: 'ETHEIRS', arn: 'arn:theirs', tags: {} };
    story.account.distributions.clear();
    story.account.distributions.set(theirs.id, theirs);
    await expectKept(story, 'DistributionReady', 'NotOwned');
  });

  test.each([
    ['bucket', 'BucketReady'],
    ['distribution', 'DistributionReady'],
  ] as const)('the %s has another owner’s tags', async (what, condition) => {
    const story = await readyStory();
    const { tags } = story[what];
    story[what].tags = someoneElse;
    await expectKept(story, condition, 'NotOwned');
    story[what].tags = tags;
    await story.untilReady();
  });

  test('a bucket with a global name that is gone and cannot be made anew', async () => {
    const story = await readyStory();
    story.aws.buckets.clear();
    story.aws.failNext('CreateBucket', new ServiceError('TooManyBuckets', 400));
    await expectKept(story, 'BucketReady', 'LimitExceeded');
    await story.untilReady();
  });
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
