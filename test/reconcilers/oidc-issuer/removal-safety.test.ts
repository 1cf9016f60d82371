import { describe, expect, test } from '@jest/globals';
import type { OIDCIssuer } from '../../../src/api/kinds.ts';
import { finalizer } from '../../../src/api/names.ts';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { oidcIssuerDefinition } from '../../../src/controllers/oidc-issuer/definition.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { FakeBucket } from '../../fakes/aws/s3.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { accountID, alias, globalBucket, issuerURL, someoneElse, Story } from './story.ts';

async function readyStory(): Promise<Story> {
  const story = new Story();
  await story.untilReady();
  story.forget();
  return story;
}

describe('the removal of an issuer that never had its bucket', () => {
  const bucket: FakeBucket = {
    name: globalBucket,
    owner: accountID,
    region: 'eu-central-1',
    accountRegional: false,
    tags: {},
    policy: undefined,
    publicAccessBlock: undefined,
    ownership: undefined,
    encryption: 'AES256',
    objects: new Map(),
  };

  /** With a bucket, a distribution without alias that reads it, and an origin access control of its name, all somebody else's. */
  async function refused(): Promise<Story> {
    const story = new Story({ bucket: { name: globalBucket } });
    story.aws.buckets.set(globalBucket, bucket);
    const DomainName = `${globalBucket}.s3.eu-central-1.amazonaws.com`;
    const config = { CallerReference: 'theirs', Comment: '', Enabled: true, DefaultCacheBehavior: undefined };
    const origins = { Quantity: 1, Items: [{ Id: 'theirs', DomainName }] };
    story.account.distributions.set('ETHEIRS', {
      id: 'ETHEIRS',
      arn: 'arn:aws:cloudfront::111122223333:distribution/ETHEIRS',
      domainName: 'd0.cloudfront.net',
      etag: 'ETAG',
      changedAt: new Date(0),
      status: 'Deployed',
      before: [],
      config: { ...config, Origins: origins },
      tags: {},
    });
    const control = { Name: globalBucket, SigningBehavior: 'always', SigningProtocol: 'sigv4' } as const;
    story.account.originAccessControls.set('OTHEIRS', {
      id: 'OTHEIRS',
      etag: 'ETAG',
      config: { ...control, OriginAccessControlOriginType: 's3' },
    });
    await story.reconcile();
    await story.clock.advance(minutes(1));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ reason: 'NotOwned' });
    return story;
  }

  test('leaves a distribution alone that reads it, and the access control of its name', async () => {
    const story = await refused();
    story.delete();
    await story.untilGone();
    expect(story.distribution.config.Enabled).toBe(true);
    expect([...story.account.originAccessControls.keys()]).toEqual(['OTHEIRS']);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'LeftAlone', message: expect.stringContaining('origin access control') }),
    );
  });
});

test('a copy under another name, with the annotation of the first, goes at once although roles trust the first', async () => {
  const story = await readyStory();
  const first = story.object!;
  const copy = { namespace: 'default', name: 'copy' };
  story.kube.seed(oidcIssuers, {
    metadata: { ...copy, annotations: first.metadata.annotations ?? {} },
    spec: first.spec,
  });
  story.kube.seed(iamServiceAccounts, {
    metadata: { namespace: 'default', name: 's3-reader', finalizers: [finalizer] },
    spec: { issuerRefs: [{ name: 'abcl0' }], subjects: [{ namespace: 'a', name: 'b' }] },
    status: { observedGeneration: 1, issuers: [{ url: issuerURL, providerARN: 'arn' }] },
  });
  const reconcile = story.runner(oidcIssuerDefinition(story));
  const pass = async () => {
    await reconcile(copy);
    story.aws.deploy();
    story.aws.sync();
    await story.clock.advance(minutes(1));
  };
  for (let passes = 0; passes < 4; passes++) await pass();
  const conditions = () => story.kube.get<OIDCIssuer>(oidcIssuers, copy)?.status?.conditions;
  expect(conditions()).toContainEqual(expect.objectContaining({ type: 'Accepted', reason: 'NameHeld' }));
  expect(story.account.providers.size).toBe(1);
  story.kube.remove(oidcIssuers, copy);
  for (let passes = 0; passes < 8; passes++) await pass();
  expect(conditions()).toBeUndefined();
  expect(story.account.providers.size).toBe(1);
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('leaves the recorded distribution alone, and says so, if by now it carries the tags of somebody else', async () => {
  const story = await readyStory();
  await story.clock.advance(minutes(2));
  story.distribution.tags = someoneElse;
  story.delete();
  for (let passes = 0; passes < 8; passes++) await story.until(() => true);
  expect(story.distribution.config.Enabled).toBe(true);
  expect(story.aws.writes).not.toContain('UpdateDistribution');
  expect(story.said).toContainEqual(
    expect.objectContaining({
      reason: 'LeftAlone',
      message: expect.stringContaining(`distribution ${story.distribution.id}`),
    }),
  );
});

test('removes the origin access control also where somebody deleted its bucket', async () => {
  const story = await readyStory();
  story.aws.buckets.clear();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

describe('a removal so soon after the creation that AWS does not show all of it', () => {
  test('looks for its provider again', async () => {
    const story = await readyStory();
    story.aws.failNext('GetOpenIDConnectProvider', new ServiceError('NoSuchEntityException', 404));
    story.delete();
    expect(await story.reconcile()).toEqual({ requeueAfter: story.settings.intervals.missing });
    expect(story.condition('ProvidersReady')).toMatchObject({ reason: 'Deleting' });
    expect(story.condition('ProvidersReady')?.message).toContain(issuerURL);
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  /** IAM does not show the provider of this URL. Returns what ends that. */
  function hideProvider({ account: { iam } }: Story, url: string): () => void {
    const get = iam.GetOpenIDConnectProvider.bind(iam);
    iam.GetOpenIDConnectProvider = (request) => {
      if (request.OpenIDConnectProviderArn?.endsWith(url.slice('https://'.length)))
        throw new ServiceError('NoSuchEntityException', 404);
      return get(request);
    };
    return () => (iam.GetOpenIDConnectProvider = get);
  }

  async function expectWaitAndNothingLeft(story: Story, show: () => void): Promise<void> {
    story.delete();
    for (let passes = 0; passes < 8; passes++) await story.until(() => true);
    expect(story.condition('ProvidersReady')).toMatchObject({ reason: 'Deleting' });
    show();
    await story.untilGone();
    expect([...story.account.providers.keys()]).toEqual([]);
  }

  test('looks again for the provider of a new site, however long the condition has been True', async () => {
    const story = new Story({ hosting: { s3: {} } });
    await story.untilReady();
    const url = 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABC';
    const jwks_uri = `${url}/keys`;
    story.documents.answers.set(`${url}/.well-known/openid-configuration`, { issuer: url, jwks_uri });
    story.documents.answers.set(jwks_uri, { keys: [] });
    await story.clock.advance(minutes(10));
    story.edit({ hosting: { s3: null, external: { issuerURL: url } }, signingKeys: null });
    await story.reconcile();
    expect(story.status.providers).toContainEqual(expect.objectContaining({ url, owned: true }));
    expect(story.condition('ProvidersReady')).toMatchObject({
      status: 'True',
      lastTransitionTime: '2030-01-01T00:00:00Z',
    });
    await expectWaitAndNothingLeft(story, hideProvider(story, url));
  });

  test('looks again for a provider that was made while the condition had long been False', async () => {
    const story = new Story({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } });
    const { documents } = story;
    const fetch = documents.fetch.bind(documents);
    const served: string[] = [];
    documents.fetch = async (url, ...rest) => {
      if (!served.includes(url)) throw new Error(`${url} is not served`);
      return fetch(url, ...rest);
    };
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    await story.clock.advance(minutes(10));
    served.push(issuerURL);
    await story.reconcile();
    expect(story.status.providers?.map(({ url }) => url)).toEqual([issuerURL]);
    expect(story.condition('ProvidersReady')).toMatchObject({ reason: 'DocumentsNotServed' });
    await expectWaitAndNothingLeft(story, hideProvider(story, issuerURL));
  });

  test('looks for its certificate again, which is neither listed nor found', async () => {
    const story = new Story();
    await story.until(() => story.site?.certificate !== undefined);
    const certificates = new Map(story.account.certificates);
    story.account.certificates.clear();
    story.delete();
    await story.reconcile();
    await story.reconcile();
    expect(story.condition('CertificateReady')).toMatchObject({ reason: 'Deleting' });
    for (const [arn, certificate] of certificates) story.account.certificates.set(arn, certificate);
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('finds its certificate by its ARN where it is not listed yet', async () => {
    const story = await readyStory();
    const { acm } = story.account;
    acm.ListCertificates = () => ({ CertificateSummaryList: [], NextToken: undefined });
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('does not wait for what was made longer ago and is gone', async () => {
    const story = await readyStory();
    await story.clock.advance(minutes(1));
    story.account.providers.clear();
    story.delete();
    await story.reconcile();
    expect(story.condition('DNSReady')).toMatchObject({ reason: 'DNSChangePending' });
  });
});
