import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { oidcIssuerDefinition } from '../../../src/controllers/oidc-issuer/definition.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { hours } from '../../../src/runtime/duration.ts';
import type { FakeProvider } from '../../fakes/aws/iam.ts';
import { Migration } from './migrating.ts';
import { accountID, alias, bucketName, globalBucket, issuerURL, only, ref, Story } from './story.ts';

const s3URL = `https://s3.eu-central-1.amazonaws.com/${bucketName}`;
const externalURL = 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABC';
const inS3 = { hosting: { s3: {} } };
const withoutAlias = { hosting: { cloudFront: {} } };
const external = { hosting: { external: { issuerURL: externalURL } } };

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: unknown;
  readonly Resource: unknown;
}
/** One that somebody else made. */
function addProvider(
  story: Story,
  { url, audiences, tags }: { url: string; audiences: readonly string[]; tags: Record<string, string> },
): FakeProvider {
  const arn = `arn:aws:iam::${accountID}:oidc-provider/${url.slice('https://'.length)}`;
  const provider = { arn, url, audiences: new Set(audiences), tags, createdAt: new Date(0) };
  story.account.providers.set(arn, provider);
  return provider;
}

const statementsOf = (story: Story) =>
  (JSON.parse(story.bucket.policy ?? '{}') as { Statement: readonly Statement[] }).Statement;

describe('an issuer under the name of its distribution', () => {
  test('is published and registered under it, without certificate and records', async () => {
    const story = new Story(withoutAlias);
    await story.untilReady();
    const url = `https://${story.distribution.domainName}`;
    expect(story.status).toMatchObject({ issuerURL: url, jwksURI: `${url}/keys.json` });
    expect(story.status.providers?.map((provider) => provider.url)).toEqual([url]);
    expect(story.status.sites).toMatchObject([{ url, hosting: 'CloudFront', phase: 'Current', registered: true }]);
    expect(JSON.parse(story.bucket.objects.get('.well-known/openid-configuration')?.body ?? '{}')).toMatchObject({
      issuer: url,
    });
    expect(story.account.certificates.size).toBe(0);
    expect(story.zone.records).toEqual([]);
    expect(story.status.conditions?.map(({ type }) => type)).not.toContain('DNSReady');
    expect(story.distribution.config.ViewerCertificate).toMatchObject({ CloudFrontDefaultCertificate: true });
  });

  test('writes nothing in a second pass', async () => {
    const story = new Story(withoutAlias);
    await story.untilReady();
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('takes an alias away that somebody gave the distribution', async () => {
    const story = new Story(withoutAlias);
    await story.untilReady();
    story.distribution.config.Aliases = { Quantity: 1, Items: ['strange.example.com'] };
    await story.untilReady();
    expect(story.distribution.config.Aliases?.Items ?? []).toEqual([]);
  });

  test('finds the distribution again that it made right before it died', async () => {
    const story = new Story(withoutAlias);
    await story.until(() => story.account.distributions.size > 0);
    const { domainName } = story.distribution;
    story.loseStatus();
    await story.untilReady();
    expect(story.status.issuerURL).toBe(`https://${domainName}`);
    expect(story.account.distributions.size).toBe(1);
  });

  test('gets another name, and says so, if somebody deletes the distribution', async () => {
    const story = new Story(withoutAlias);
    await story.untilReady();
    const former = story.status.issuerURL;
    story.account.distributions.clear();
    await story.untilReady();
    expect(story.status.issuerURL).toBe(`https://${story.distribution.domainName}`);
    expect(story.status.issuerURL).not.toBe(former);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'IssuerURLLost', message: expect.stringContaining(`${former} is gone`) }),
    );
    expect(story.status.providers?.map(({ url }) => url)).toEqual([story.status.issuerURL]);
  });

  test('leaves nothing behind', async () => {
    const story = new Story(withoutAlias);
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

describe('an issuer in a public bucket', () => {
  test('lets everybody read its two documents over TLS, and nothing else', async () => {
    const story = new Story(inS3);
    await story.untilReady();
    expect(story.status).toMatchObject({ issuerURL: s3URL, jwksURI: `${s3URL}/keys.json` });
    expect(story.bucket.publicAccessBlock).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: false,
      RestrictPublicBuckets: false,
    });
    const arn = `arn:aws:s3:::${bucketName}`;
    expect(statementsOf(story).filter(({ Effect }) => Effect === 'Allow')).toMatchObject([
      {
        Principal: '*',
        Action: 's3:GetObject',
        Resource: [`${arn}/.well-known/openid-configuration`, `${arn}/keys.json`],
      },
    ]);
    expect(story.status.providers?.map(({ url }) => url)).toEqual([s3URL]);
    expect(story.account.distributions.size).toBe(0);
  });

  test('writes nothing in a second pass', async () => {
    const story = new Story(inS3);
    await story.untilReady();
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('repairs its access block and its policy', async () => {
    const story = new Story(inS3);
    await story.untilReady();
    const { policy } = story.bucket;
    story.bucket.policy = undefined;
    story.bucket.publicAccessBlock = undefined;
    await story.untilReady();
    expect(story.bucket.policy).toBe(policy);
    expect(story.bucket.publicAccessBlock).toMatchObject({ BlockPublicAcls: true, BlockPublicPolicy: false });
  });

  test('says what the account has to allow if it blocks public policies', async () => {
    const story = new Story(inS3);
    const words =
      'User: arn:aws:sts::111122223333:assumed-role/operator/x is not authorized to perform: s3:PutBucketPolicy on resource: ' +
      `"arn:aws:s3:::${bucketName}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`;
    story.aws.failNext('PutBucketPolicy', new ServiceError('AccessDenied', 403, words));
    await story.until(() => story.condition('BucketReady') !== undefined);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(story.condition('BucketReady')?.message).toContain('Block Public Access of the account or the organization');
  });

  test('says what may be missing if S3 serves the documents to nobody', async () => {
    const story = new Story(inS3);
    story.documents.refusal = 403;
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    expect(story.condition('ProvidersReady')?.message).toContain('Block Public Access');
    story.documents.refusal = 401;
    await story.reconcile();
    expect(story.condition('ProvidersReady')?.message).toContain('ICP');
  });

  test('leaves nothing behind', async () => {
    const story = new Story(inS3);
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('is empty and private if the global name is kept', async () => {
    const story = new Story({ ...inS3, bucket: { name: globalBucket } });
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.bucket.objects.size).toBe(0);
    expect(story.bucket.publicAccessBlock).toMatchObject({ BlockPublicPolicy: true, RestrictPublicBuckets: true });
    expect(statementsOf(story).map(({ Effect }) => Effect)).toEqual(['Deny']);
  });

  test('is found again, whatever the status says', async () => {
    const story = new Story(inS3);
    await story.untilReady();
    story.loseStatus();
    story.forget();
    await story.untilReady();
    expect(story.aws.writes).toEqual([]);
    expect(story.status).toMatchObject({ issuerURL: s3URL, providers: [{ url: s3URL, owned: true }] });
  });
});

describe('an issuer that somebody else hosts', () => {
  const hosted = (change: ConstructorParameters<typeof Story>[0] = {}) => {
    const story = new Story({ ...external, ...change });
    story.edit({ signingKeys: null });
    story.documents.answers.set(`${externalURL}/.well-known/openid-configuration`, {
      issuer: externalURL,
      jwks_uri: `${externalURL}/keys`,
    });
    return story;
  };

  const foreign = (story: Story, audiences: readonly string[] = ['sts.amazonaws.com']) =>
    addProvider(story, { url: externalURL, audiences, tags: { 'alpha.eksctl.io/cluster-name': 'abcl0' } });

  test('gets a provider and nothing else', async () => {
    const story = hosted();
    await story.untilReady();
    expect(story.status).toMatchObject({ issuerURL: externalURL, providers: [{ url: externalURL, owned: true }] });
    expect(story.status.jwksURI).toBeUndefined();
    expect(story.leftovers).toEqual([`provider ${only([...story.account.providers.keys()])}`]);
    expect(story.status.conditions?.map(({ type }) => type)).toEqual([
      'Accepted',
      'ProvidersReady',
      'Verified',
      'Ready',
    ]);
  });

  test('writes nothing in a second pass', async () => {
    const story = hosted();
    await story.untilReady();
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('waits while its discovery document does not name it', async () => {
    const story = hosted();
    story.documents.answers.set(`${externalURL}/.well-known/openid-configuration`, { issuer: 'https://other.example' });
    await story.reconcile();
    await story.reconcile();
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ reason: 'DocumentsNotServed' });
    expect(story.account.providers.size).toBe(0);
  });

  test('uses a provider of somebody else as it is, and leaves it when the issuer goes', async () => {
    const story = hosted();
    const there = foreign(story);
    await story.untilReady();
    expect(story.status.providers).toMatchObject([{ url: externalURL, arn: there.arn, owned: false }]);
    story.delete();
    await story.untilGone();
    expect(story.account.providers.get(there.arn)).toEqual(there);
    expect(there.tags).toEqual({ 'alpha.eksctl.io/cluster-name': 'abcl0' });
  });

  test('says which audience the provider of somebody else lacks', async () => {
    const story = hosted();
    const there = foreign(story, ['sigstore']);
    await story.reconcile();
    await story.reconcile();
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AudienceMissing' });
    expect(story.condition('ProvidersReady')?.message).toContain('lacks the audience sts.amazonaws.com');
    there.audiences.add('sts.amazonaws.com');
    await story.untilReady();
  });

  test('deletes the provider that it made', async () => {
    const story = hosted();
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test.each<[string, object]>([
    ['an alias', { cloudFront: { alias } }],
    ['a public bucket', { s3: {} }],
  ])('is not its own issuer in %s, which would be forgotten', async (_, hosting) => {
    const story = new Story({ hosting });
    await story.untilReady();
    const { issuerURL: own = '', sites } = story.status;
    story.edit({ hosting: { cloudFront: null, s3: null, external: { issuerURL: own } } });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(story.condition('Accepted')?.message).toContain('is published by this issuer itself');
    expect(story.status.sites).toEqual(sites);
  });

  test('never takes a provider away because of what is served', async () => {
    const story = hosted();
    await story.untilReady();
    story.documents.answers.set(`${externalURL}/.well-known/openid-configuration`, {
      issuer: externalURL,
      jwks_uri: 'https://other.example/keys',
    });
    await story.reconcile();
    story.documents.answers.clear();
    await story.reconcile();
    expect(story.account.providers.size).toBe(1);
    expect(story.condition('Verified')).toMatchObject({ status: 'False', reason: 'NotVerified' });
  });
});

describe('an external issuer whose URL another issuer publishes', () => {
  const rival = { namespace: 'default', name: 'rival' };

  async function withRival() {
    const story = await Migration.at();
    story.kube.seed(oidcIssuers, {
      metadata: { ...rival, creationTimestamp: '2999-01-01T00:00:00Z' },
      spec: { region: 'eu-central-1', clusterName: 'rival', hosting: { external: { issuerURL } } },
    });
    const run = story.runner(oidcIssuerDefinition(story));
    for (let passes = 0; passes < 3; passes++) await run(rival);
    const remove = async () => {
      const annotations = { 'irsa.giantswarm.io/allow-deletion': 'true' };
      story.kube.edit(oidcIssuers, rival, { metadata: { annotations } });
      story.kube.remove(oidcIssuers, rival);
      for (let passes = 0; passes < 6; passes++) {
        await run(rival);
        await story.reconcileRole();
      }
    };
    return { story, remove };
  }

  test('is deleted at once, and names no role of the other', async () => {
    const { story, remove } = await withRival();
    story.forget();
    await remove();
    expect(story.kube.get(oidcIssuers, rival)).toBeUndefined();
    expect(story.said.filter(({ about }) => about.endsWith('rival')).map(({ reason }) => reason)).not.toContain(
      'DependentsLoseAccess',
    );
    expect(story.trusted).toEqual([alias]);
  });

  test('takes no trust along for which the other was retained', async () => {
    const { story, remove } = await withRival();
    story.edit({ deletionPolicy: 'Retain' });
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/allow-deletion': 'true' } } });
    story.delete();
    await story.reconcile();
    await remove();
    expect(story.trusted).toEqual([alias]);
  });
});

describe('from one hosting to another', () => {
  const walk = async (
    story: Migration,
    hosting: object,
    change: { readonly bucket?: { readonly name: string } } = {},
  ): Promise<string> => {
    story.edit({ hosting: { cloudFront: null, s3: null, external: null, ...hosting }, ...change });
    await story.settle();
    return story.status.issuerURL ?? '';
  };

  test('tokens of every stage count, from release 17 to 18, 18.4 and 19', async () => {
    const story = await Migration.at({ ...inS3, bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity' } });
    const v17 = story.status.issuerURL ?? '';
    const bucket = { name: '111122223333-g8s-abcl0-oidc-pod-identity-v2' };
    const v18 = await walk(story, { cloudFront: {} }, { bucket });
    story.say(v18);
    await story.settle();
    const v184 = await walk(story, { cloudFront: { alias, distributionProvider: 'Keep' } });
    const urls = [v17, v18, v184];
    expect(new Set(urls).size).toBe(3);
    for (const url of urls) expect(`${url} ${await story.accepts(url)}`).toBe(`${url} true`);
    expect(story.phases).toEqual([`${alias} Current`, `${v18.slice(8)} Serving`, `${v17.slice(8)} Draining`]);
    story.say(v184);
    await story.settle();
    await story.clock.advance(hours(26));
    await story.settle();
    await story.settle();
    expect(story.phases).toEqual([`${alias} Current`]);
    expect(await story.accepts(v184)).toBe(true);
    // The bucket of release 17 has a global name, so it is kept, empty.
    expect([...story.account.buckets.keys()]).toEqual(['111122223333-g8s-abcl0-oidc-pod-identity', bucket.name]);
    expect(story.distribution.config.Aliases?.Items).toEqual([alias]);
  });

  test('back one step in the middle', async () => {
    const story = await Migration.at({ ...inS3, bucket: { name: 'abcl0-one' } });
    const before = story.status.issuerURL ?? '';
    const after = await walk(story, { cloudFront: {} });
    const again = await walk(story, { s3: {} });
    expect(again).toBe(before);
    expect(await story.accepts(before)).toBe(true);
    expect(story.phases).toEqual([`${before.slice(8)} Current`, `${after.slice(8)} Serving`]);
    story.say(before);
    await story.settle();
    await story.clock.advance(hours(26));
    await story.settle();
    await story.settle();
    expect(story.phases).toEqual([`${before.slice(8)} Current`]);
    expect(story.account.distributions.size).toBe(0);
    expect(await story.accepts(before)).toBe(true);
  });

  test('a bucket that both share is public only as long as one needs it', async () => {
    const story = await Migration.at(inS3);
    const before = story.status.issuerURL ?? '';
    const after = await walk(story, { cloudFront: { alias } });
    expect(after).toBe(issuerURL);
    expect(await story.accepts(before)).toBe(true);
    expect(await story.accepts(after)).toBe(true);
    expect(story.bucket.publicAccessBlock).toMatchObject({ BlockPublicPolicy: false });
    story.say(after);
    await story.settle();
    await story.clock.advance(hours(26));
    await story.settle();
    await story.settle();
    expect(story.phases).toEqual([`${alias} Current`]);
    expect(story.bucket.publicAccessBlock).toMatchObject({ BlockPublicPolicy: true, RestrictPublicBuckets: true });
    expect([...story.bucket.objects.keys()].every((key) => key.startsWith(alias))).toBe(true);
    expect(await story.accepts(after)).toBe(true);
  });

  test('former sites are found again if the status is lost in the middle', async () => {
    const story = await Migration.at(inS3);
    const before = story.status.issuerURL ?? '';
    const after = await walk(story, { cloudFront: {} });
    story.loseStatus();
    story.forget();
    await story.settle();
    expect(story.phases).toEqual([`${after.slice(8)} Current`, `${before.slice(8)} Serving`]);
    expect(await story.accepts(before)).toBe(true);
    expect(await story.accepts(after)).toBe(true);
    expect(story.aws.writes.filter((write) => /^(Create|Delete)/.test(write))).toEqual([]);
  });

  test('former sites keep their keys if somebody else hosts the issuer now', async () => {
    const story = await Migration.at(inS3);
    const before = story.status.issuerURL ?? '';
    story.documents.answers.set(`${externalURL}/.well-known/openid-configuration`, {
      issuer: externalURL,
      jwks_uri: `${externalURL}/keys`,
    });
    await walk(story, external.hosting);
    const metadata = story.bucket.objects.get('keys.json')?.metadata;
    story.edit({ signingKeys: null });
    await story.settle();
    expect(story.status.issuerURL).toBe(externalURL);
    expect(await story.accepts(before)).toBe(true);
    expect(story.bucket.objects.get('keys.json')?.metadata).toEqual(metadata);
  });
});
