import { describe, expect, test } from '@jest/globals';
import type { OIDCIssuerStatus } from '../../../src/api/generated/oidc-issuer.ts';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { first, Moving, second } from './moving.ts';
import { accountID, adoptable, alias, globalBucket, newPublicKey, ref, Story } from './story.ts';

const underAlias = { hosting: { cloudFront: { alias } } };

/** What an old backup brings back. */
function restore(story: Story, { spec, status }: { spec?: object; status: OIDCIssuerStatus }): void {
  const nothing = Object.fromEntries(Object.keys(story.status).map((field) => [field, null]));
  void story.kube.patch(oidcIssuers, ref, { status: nothing }, { subresource: 'status' });
  void story.kube.patch(oidcIssuers, ref, { status: structuredClone(status) }, { subresource: 'status' });
  if (spec) story.edit(spec);
  story.restart();
}

/** What a bucket is, for comparing. */
const shown = (story: Story, name: string) => {
  const { objects, policy, tags, publicAccessBlock } = story.aws.buckets.get(name) ?? {};
  return JSON.stringify({ objects: [...(objects?.keys() ?? [])], policy, tags, publicAccessBlock });
};

const copyOf = (story: Story) => structuredClone(story.status);

/** An administrator puts the origin's domain back by hand. The origin access control stays. */
function putBack({ distribution }: Moving): void {
  const back = structuredClone(distribution.config);
  const [origin] = back.Origins!.Items!;
  origin!.DomainName = origin!.DomainName!.replace(second, first);
  distribution.before?.push(distribution.config);
  distribution.config = back;
  distribution.status = 'InProgress';
  distribution.etag = 'EHAND';
}

describe('an origin that somebody puts back', () => {
  test.each(['comeBack', 'reconcile'] as const)('during the roll-out, keeps its documents (%s)', async (pass) => {
    const story = await Moving.from(underAlias);
    await story.turnedTo(second);
    putBack(story);
    story.outages.length = 0;
    for (let number = 0; number < 6; number++) {
      const { requeueAfter = 0 } = await story[pass]();
      story.aws.deploy();
      story.look(`after pass ${number}, Ready=${story.condition('Ready')?.status}`, story.status.issuerURL ?? '');
      await story.clock.advance(requeueAfter);
    }
    expect(story.outages).toEqual([]);
  });

  test('between two passes, keeps its documents', async () => {
    const story = await Moving.from(underAlias);
    await story.turnedTo(second);
    story.aws.deploy();
    await story.reconcile();
    expect(story.site).toMatchObject({ formerBuckets: [{ name: first }], distribution: { state: 'Deployed' } });
    putBack(story);
    story.outages.length = 0;
    await story.reconcile();
    expect(story.outages).toEqual([]);
  });
});

describe('a backup from before a move', () => {
  test.each([
    ['with its spec', { bucket: null }],
    ['of the status alone', undefined],
  ])('%s withdraws nothing', async (_, spec) => {
    const story = await Moving.from(underAlias);
    const status = copyOf(story);
    story.moveTo(second);
    await story.end();
    expect(story.buckets).toEqual([second]);
    // A new key: the former one is retained for 25 hours.
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.end();
    expect(story.published).toHaveLength(2);
    story.outages.length = 0;
    story.forget();
    restore(story, { ...(spec && { spec }), status });
    await story.reconcile();
    await story.end();
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
    expect(story.outages).toEqual([]);
  });
});

test('a lost status, a comment of the user and another bucket in the spec withdraw nothing', async () => {
  const story = await Moving.from(underAlias);
  story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
  await story.end();
  expect(story.published).toHaveLength(2);
  story.distribution.config.Comment = 'issuer of the shop';
  story.outages.length = 0;
  story.forget();
  story.loseStatus();
  story.moveTo(second);
  story.restart();
  await story.end();
  expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
  expect(story.outages).toEqual([]);
});

/** What an older program made, whose bucket may be adopted. */
function seedOlder(story: Story, distributionTags: Record<string, string> = {}): void {
  const principal = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EOLDER`;
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: principal },
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${globalBucket}/*`,
    },
  ];
  const json = (body: object) => ({
    body: JSON.stringify(body),
    etag: '"1"',
    contentType: 'application/json',
    metadata: {},
    encryption: 'AES256' as const,
  });
  story.aws.buckets.set(globalBucket, {
    name: globalBucket,
    owner: accountID,
    region: 'eu-central-1',
    accountRegional: false,
    tags: { 'giantswarm.io/cluster': 'abcl0', ...adoptable },
    policy: JSON.stringify({ Version: '2012-10-17', Statement }),
    publicAccessBlock: undefined,
    ownership: 'ObjectWriter',
    encryption: 'AES256',
    objects: new Map([
      ['.well-known/openid-configuration', json({ issuer: 'https://dolder.cloudfront.net' })],
      ['keys.json', json({ keys: [] })],
    ]),
  });
  const domain = `${globalBucket}.s3.eu-central-1.amazonaws.com`;
  story.account.distributions.set('EOLDER', {
    id: 'EOLDER',
    arn: `arn:aws:cloudfront::${accountID}:distribution/EOLDER`,
    domainName: 'dolder.cloudfront.net',
    etag: 'ETAGOLDER',
    status: 'Deployed',
    before: [],
    config: {
      CallerReference: 'x',
      Comment: 'live',
      Enabled: true,
      Origins: {
        Quantity: 1,
        Items: [
          {
            Id: domain,
            DomainName: domain,
            S3OriginConfig: { OriginAccessIdentity: 'origin-access-identity/cloudfront/EOLDER' },
          },
        ],
      },
      DefaultCacheBehavior: { TargetOriginId: domain, ViewerProtocolPolicy: 'redirect-to-https' },
    },
    // Nobody allowed to adopt it.
    tags: { 'giantswarm.io/cluster': 'abcl0', ...distributionTags },
    changedAt: new Date(0),
  });
}

describe('a bucket that may be adopted and was not', () => {
  test.each([
    ['under CloudFront', { hosting: { cloudFront: { alias } } }],
    ['in S3', { hosting: { s3: {} } }],
  ])('is left as it is when the spec names another one: %s', async (_, hosting) => {
    const story = new Story({ ...hosting, bucket: { name: globalBucket } });
    seedOlder(story);
    story.adoptMe();
    const before = shown(story, globalBucket);
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ reason: 'NotOwned' });
    expect(shown(story, globalBucket)).toEqual(before);
    story.edit({ bucket: { name: second } });
    await story.reconcile();
    await story.reconcile();
    expect(shown(story, globalBucket)).toEqual(before);
  });
});

test('a backup of a moment at which a bucket was to be removed does not remove the one that is read now', async () => {
  const story = await Moving.from(underAlias);
  await story.turnedTo(second);
  story.aws.deploy();
  // The removal of the former bucket is held, say by a missing permission.
  await story.reconcile();
  expect(story.site).toMatchObject({
    bucket: { name: second },
    formerBuckets: [{ name: first }],
    distribution: { state: 'Deployed' },
  });
  const status = copyOf(story);
  await story.end();
  story.moveTo(first);
  await story.end();
  expect(story.buckets).toEqual([first]);
  expect(story.outages).toEqual([]);
  restore(story, { spec: { bucket: { name: second } }, status });
  await story.reconcile();
  expect(story.outages).toEqual([]);
});
