import type { DistributionConfig } from '@aws-sdk/client-cloudfront';
import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { plainName } from '../../../src/aws/names.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { validationRecord } from '../../fakes/aws/acm.ts';
import { Kill } from '../../fakes/gate.ts';
import { accountID, adoptable, alias, globalBucket as bucket, issuerURL, only, owner, ref, Story } from './story.ts';

const identity = 'E2OLDER';
const legacy = { 'giantswarm.io/cluster': 'abcl0', 'giantswarm.io/installation': 'gauss' };
const tags = () => ({ ...legacy, ...adoptable });

/** An issuer that the older Go operator made: its bucket, distribution, certificate, records and provider. */
class Older extends Story {
  /** As the edges had it when they last had one configuration. */
  deployed: DistributionConfig | undefined;

  constructor(spec: ConstructorParameters<typeof Story>[0] = {}) {
    super({ bucket: { name: bucket }, ...spec });
    this.#seed();
  }

  #seed(): void {
    const certificate = `arn:aws:acm:us-east-1:${accountID}:certificate/older`;
    this.account.certificates.set(certificate, {
      arn: certificate,
      domain: alias,
      requestedAt: this.clock.now().getTime(),
      token: undefined,
      status: 'ISSUED',
      failure: undefined,
      keyAlgorithm: 'RSA_2048',
      tags: tags(),
      recordHiddenFor: 0,
    });
    const principal = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${identity}`;
    const Statement = [
      { Effect: 'Allow', Principal: { AWS: principal }, Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
    ];
    const [key] = publicKeys(this.pem).keys;
    const { alg: _, ...withoutAlgorithm } = key!;
    const json = (body: object) => ({
      body: JSON.stringify(body),
      etag: '"1"',
      contentType: 'application/json',
      metadata: {},
      encryption: 'AES256',
    });
    this.aws.buckets.set(bucket, {
      name: bucket,
      owner: accountID,
      region: 'eu-central-1',
      accountRegional: false,
      tags: tags(),
      policy: JSON.stringify({ Version: '2012-10-17', Id: 'PolicyForCloudFrontPrivateContent', Statement }),
      publicAccessBlock: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
      ownership: 'ObjectWriter',
      encryption: 'AES256',
      objects: new Map([
        ['.well-known/openid-configuration', json({ issuer: issuerURL, jwks_uri: `${issuerURL}/keys.json` })],
        ['keys.json', json({ keys: [withoutAlgorithm] })],
      ]),
    });
    const domain = `${bucket}.s3.eu-central-1.amazonaws.com`;
    this.deployed = {
      CallerReference: 'distribution-cluster-abcl0',
      Comment: 'Created by irsa-operator for cluster abcl0',
      Enabled: true,
      HttpVersion: 'http1.1',
      Aliases: { Quantity: 1, Items: [alias] },
      Origins: {
        Quantity: 1,
        Items: [
          {
            Id: domain,
            DomainName: domain,
            S3OriginConfig: { OriginAccessIdentity: `origin-access-identity/cloudfront/${identity}` },
          },
        ],
      },
      DefaultCacheBehavior: {
        TargetOriginId: domain,
        ViewerProtocolPolicy: 'redirect-to-https',
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      },
      ViewerCertificate: {
        ACMCertificateArn: certificate,
        SSLSupportMethod: 'sni-only',
        MinimumProtocolVersion: 'TLSv1.2_2021',
      },
    };
    this.account.distributions.set('EOLDER', {
      id: 'EOLDER',
      arn: `arn:aws:cloudfront::${accountID}:distribution/EOLDER`,
      domainName: 'dolder.cloudfront.net',
      etag: 'ETAGOLDER',
      status: 'Deployed',
      before: [],
      config: this.deployed,
      tags: tags(),
      changedAt: new Date(0),
    });
    const { Name, Type, Value } = validationRecord(accountID, alias);
    this.zone.records.push(
      { name: alias, type: 'CNAME', values: ['dolder.cloudfront.net'], ttl: 600 },
      { name: plainName(Name), type: Type, values: [Value], ttl: 600 },
    );
    const arn = `arn:aws:iam::${accountID}:oidc-provider/${alias}`;
    this.account.providers.set(arn, {
      arn,
      url: issuerURL,
      audiences: new Set(['sts.amazonaws.com']),
      tags: tags(),
      createdAt: new Date(0),
    });
  }

  /** The configurations that some edge has by now with which it could not read the bucket. */
  get blind(): string[] {
    const { policy } = this.bucket;
    const { arn, config } = this.distribution;
    return [this.deployed, config].flatMap((each) => {
      const [origin] = each?.Origins?.Items ?? [];
      const by = origin?.S3OriginConfig?.OriginAccessIdentity ? `Origin Access Identity ${identity}` : arn;
      return policy?.includes(by) ? [] : [`an edge that reads by ${by}`];
    });
  }
}

/** Of release 18.4 or 19: both its URLs are registered, and somebody put a function of their own before them. */
class OlderWithBoth extends Older {
  constructor() {
    super({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } });
    const url = 'https://dolder.cloudfront.net';
    const arn = `arn:aws:iam::${accountID}:oidc-provider/dolder.cloudfront.net`;
    const audiences = new Set(['sts.amazonaws.com']);
    this.account.providers.set(arn, { arn, url, audiences, tags: tags(), createdAt: new Date(0) });
    const theirs = { code: 'function handler(event) { return event.request; }', etag: 'E1' };
    const FunctionARN = `arn:aws:cloudfront::${accountID}:function/theirs`;
    const made = { name: 'theirs', arn: FunctionARN, comment: '', written: theirs, live: theirs, tags: {} };
    this.account.functions.set('theirs', made);
    const Items = [{ EventType: 'viewer-request' as const, FunctionARN }];
    this.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 1, Items };
  }
}

async function takenOver(): Promise<Older> {
  const story = new Older();
  story.adoptMe();
  await story.untilReady();
  await story.untilReady();
  return story;
}

describe('an issuer of the older operator', () => {
  test('is adopted as it is: nothing is made beside what is there, and its URL and keys stay', async () => {
    const story = await takenOver();
    expect(
      story.aws.writes
        .filter((write) => /^(Create|Request|Delete)/.test(write))
        .filter((write) => write !== 'CreateOriginAccessControl'),
    ).toEqual([]);
    expect(story.status.issuerURL).toBe(issuerURL);
    expect(story.published).toEqual([story.kid]);
    expect(story.distribution.id).toBe('EOLDER');
    expect(story.account.certificates.size).toBe(1);
    for (const its of [story.bucket.tags, story.distribution.tags, [...story.account.providers.values()][0]?.tags]) {
      expect(its).toMatchObject({ ...legacy, ...owner });
    }
  });

  test('is served by every edge while its origin access identity is replaced', async () => {
    const story = new Older();
    story.adoptMe();
    const problems: string[] = [];
    story.aws.gate = (call, act) => {
      const answer = act();
      problems.push(...story.blind.map((what) => `${call}: ${what}`));
      return answer;
    };
    for (let passes = 0; passes < 8; passes++) {
      await story.reconcile();
      story.aws.sync();
      // The change reaches the edges after two passes.
      if (passes % 3 !== 2) continue;
      story.aws.deploy();
      story.deployed = structuredClone(story.distribution.config);
    }
    expect(problems).toEqual([]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.distribution.config.Origins?.Items?.[0]).toMatchObject({
      OriginAccessControlId: expect.stringMatching(/./),
      S3OriginConfig: { OriginAccessIdentity: '' },
    });
    expect(story.bucket.policy).not.toContain(identity);
    expect(story.bucket.ownership).toBe('BucketOwnerEnforced');
  });

  test('serves each of its two URLs in its own name in the end, and withdraws neither provider on the way', async () => {
    const story = new OlderWithBoth();
    story.adoptMe();
    const own = 'https://dolder.cloudfront.net';
    const sizes = new Set<number>();
    for (let passes = 0; passes < 8; passes++) {
      await story.reconcile();
      sizes.add(story.account.providers.size);
      story.aws.deploy();
      story.aws.sync();
    }
    expect([...sizes]).toEqual([2]);
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    for (const url of [issuerURL, own])
      expect((await story.documents.fetch(url, `${url}/keys.json`)).discovery['issuer']).toBe(url);
    expect(story.account.functions.get('theirs')?.live?.etag).toBe('E1');
  });

  test('is planned first, without a write', async () => {
    const story = new Older();
    story.adoptMe();
    const before = structuredClone([story.bucket, story.distribution, [...story.account.providers.values()]]);
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': 'true' } } });
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect([story.bucket, story.distribution, [...story.account.providers.values()]]).toEqual(before);
    expect(story.status.plan).toEqual(
      expect.arrayContaining([`tagging bucket ${bucket}`, `writing object keys.json of bucket ${bucket}`]),
    );
    expect(story.status.plan?.filter((line) => /^(creating (bucket|distribution)|deleting)/.test(line))).toEqual([]);
  });

  describe('that was adopted is deleted:', () => {
    async function gone(story: Older): Promise<Older> {
      story.forget();
      story.delete();
      await story.untilGone();
      return story;
    }

    test('only the emptied bucket stays, which keeps its name', async () => {
      const story = await gone(await takenOver());
      expect(story.leftovers).toEqual([`bucket ${bucket}`]);
      expect([...story.bucket.objects.keys()]).toEqual([]);
      expect(story.saidReasons).not.toContain('LeftAlone');
    });

    test('a function that somebody put before the distribution stays too', async () => {
      const story = new OlderWithBoth();
      story.adoptMe();
      await story.untilReady();
      await story.untilReady();
      await gone(story);
      expect(story.leftovers).toEqual([`bucket ${bucket}`, 'function theirs']);
    });

    test('the record that proves the domain stays if the certificate was not adopted, and an event names it', async () => {
      const story = new Older();
      for (const { tags: its } of story.account.certificates.values()) delete its['irsa.giantswarm.io/adopt'];
      const validation = () => story.zone.records.filter(({ name }) => name.startsWith('_'));
      const before = structuredClone(validation());
      story.adoptMe();
      await story.untilReady();
      await story.untilReady();
      await gone(story);
      expect(validation()).toEqual(before);
      expect(story.saidReasons).toContain('LeftAlone');
    });

    test('the record that proves the domain stays if a person changed it', async () => {
      const story = new Older();
      const older = only(story.zone.records.filter(({ name }) => name.startsWith('_')));
      const record = { ...older, ttl: 300 };
      story.zone.records.splice(story.zone.records.indexOf(older), 1, record);
      story.adoptMe();
      await story.untilReady();
      await story.untilReady();
      await gone(story);
      expect(story.zone.records).toEqual([record]);
      expect(story.saidReasons).toContain('LeftAlone');
    });
  });

  test('rests after that', async () => {
    const story = await takenOver();
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test.each([
    ['the issuer does not ask for it', (story: Older) => story.account.distributions.size],
    [
      'AWS does not allow it',
      (story: Older) => {
        story.adoptMe();
        const { certificates, providers } = story.account;
        for (const each of [story.bucket, story.distribution, ...certificates.values(), ...providers.values()])
          delete each.tags['irsa.giantswarm.io/adopt'];
      },
    ],
  ])('is left alone if %s', async (_, arrange) => {
    const story = new Older();
    arrange(story);
    const before = structuredClone(story.bucket);
    for (let passes = 0; passes < 4; passes++) await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.bucket).toEqual(before);
    story.delete();
    await story.untilGone();
    expect(story.bucket).toEqual(before);
    expect(story.account.distributions.size).toBe(1);
    expect(story.account.providers.size).toBe(1);
  });

  test('is not deleted before it was adopted, whatever its annotation says', async () => {
    const story = new Older();
    story.admission.issuer = () => ({ allowed: true, guardrail: 'x' });
    story.edit({ suspend: true });
    story.adoptMe();
    await story.reconcile();
    story.edit({ suspend: false });
    story.delete();
    await story.untilGone();
    expect(story.account.distributions.size).toBe(1);
    expect(story.account.providers.size).toBe(1);
  });
});

/** One of release 18: without alias, certificate and records. */
class OlderWithoutAlias extends Older {
  static readonly url = 'https://dolder.cloudfront.net';

  constructor() {
    super({ hosting: { cloudFront: {} } });
    const { account, bucket: its, distribution, zone } = this;
    distribution.config.Aliases = { Quantity: 0, Items: [] };
    distribution.config.ViewerCertificate = { CloudFrontDefaultCertificate: true };
    account.certificates.clear();
    zone.records.length = 0;
    account.providers.clear();
    const { url } = OlderWithoutAlias;
    const arn = `arn:aws:iam::${accountID}:oidc-provider/dolder.cloudfront.net`;
    const audiences = new Set(['sts.amazonaws.com']);
    account.providers.set(arn, { arn, url, audiences, tags: tags(), createdAt: new Date(0) });
    const discovery = its.objects.get('.well-known/openid-configuration')!;
    const body = JSON.stringify({ issuer: url, jwks_uri: `${url}/keys.json` });
    its.objects.set('.well-known/openid-configuration', { ...discovery, body });
  }
}

describe('an issuer of the older operator without alias', () => {
  test('keeps the name of its distribution', async () => {
    const story = new OlderWithoutAlias();
    story.adoptMe();
    await story.untilReady();
    await story.untilReady();
    expect(story.status.issuerURL).toBe(OlderWithoutAlias.url);
    expect(story.distribution.id).toBe('EOLDER');
  });

  test.each([
    ['its distribution is not to be adopted', {}],
    ['that is not to be adopted, and an alias is asked for', { hosting: { cloudFront: { alias } } }],
  ])('is left as it is if %s', async (_, spec) => {
    const story = new OlderWithoutAlias();
    delete story.distribution.tags['irsa.giantswarm.io/adopt'];
    story.edit(spec);
    story.adoptMe();
    const before = structuredClone(story.bucket);
    for (let passes = 0; passes < 5; passes++) await story.until(() => true);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.condition('BucketReady')?.message).toContain('distribution EOLDER, which reads the bucket,');
    expect(story.bucket).toEqual(before);
    expect(story.account.distributions.size).toBe(1);
  });
});

/** Kills the operator after that write of the adoption, starts another one, and says what is wrong in the end. Undefined: there was no such write. */
async function survive(last: number): Promise<string | undefined> {
  const story = new OlderWithBoth();
  story.adoptMe();
  const kill = new Kill(last);
  story.aws.gate = kill.gate;
  story.kube.gate = kill.gate;
  const act = async () => {
    await story.untilReady();
    await story.untilReady();
  };
  await act().catch(() => undefined);
  if (kill.where === undefined) return undefined;
  story.aws.gate = (_, call) => call();
  story.kube.gate = (_, call) => call();
  story.restart();
  await act();
  const { buckets, distributions, certificates, providers, originAccessControls, functions } = story.account;
  const held = [buckets, distributions, certificates, providers, originAccessControls, functions];
  const counts = held.map(({ size }) => size);
  const found = `${counts.join()} ${story.published.join()} ${story.bucket.policy?.includes(identity)}`;
  return found === `1,1,1,2,1,2 ${story.kid} false` ? '' : `killed after ${kill.where}: ${found}`;
}

test('an adoption comes to the same end wherever the operator is killed', async () => {
  const problems: string[] = [];
  let kills = 0;
  for (let problem = await survive(0); problem !== undefined; problem = await survive(++kills)) {
    if (problem !== '') problems.push(problem);
  }
  expect(problems).toEqual([]);
  expect(kills).toBeGreaterThan(10);
}, 60_000);

/** A public bucket of the older operator, as for release 17 and China. Returns its URL. */
function seedPublic(story: Story, name: string): string {
  const url = `https://s3.eu-central-1.amazonaws.com/${name}`;
  const json = (body: object) => ({
    body: JSON.stringify(body),
    etag: '"1"',
    contentType: 'application/json',
    metadata: {},
    encryption: 'AES256',
  });
  const off = {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  };
  story.aws.buckets.set(name, {
    name,
    owner: accountID,
    region: 'eu-central-1',
    accountRegional: false,
    tags: tags(),
    policy: undefined,
    publicAccessBlock: off,
    ownership: 'ObjectWriter',
    encryption: 'AES256',
    objects: new Map([
      ['.well-known/openid-configuration', json({ issuer: url, jwks_uri: `${url}/keys.json` })],
      ['keys.json', json({ keys: publicKeys(story.pem).keys })],
    ]),
  });
  return url;
}

/** One of release 17, or of China: everybody reads its objects, because their ACLs say so. */
class OlderPublic extends Story {
  readonly url: string;

  constructor() {
    super({ bucket: { name: bucket }, hosting: { s3: {} } });
    this.url = seedPublic(this, bucket);
    const { url } = this;
    const arn = `arn:aws:iam::${accountID}:oidc-provider/${url.slice('https://'.length)}`;
    const audiences = new Set(['sts.amazonaws.com']);
    this.account.providers.set(arn, { arn, url, audiences, tags: tags(), createdAt: new Date(0) });
  }
}

describe('a public bucket of the older operator', () => {
  test('is served throughout, also while its ACLs end', async () => {
    const story = new OlderPublic();
    story.adoptMe();
    const problems: string[] = [];
    story.aws.gate = (call, act) => {
      const answer = act();
      const { publicAccessBlock, policy, ownership } = story.bucket;
      const byACL = !publicAccessBlock?.IgnorePublicAcls && ownership === 'ObjectWriter';
      const byPolicy =
        policy?.includes('"Principal":"*","Action":"s3:GetObject"') && !publicAccessBlock?.RestrictPublicBuckets;
      if (!byACL && !byPolicy) problems.push(call);
      return answer;
    };
    await story.untilReady();
    await story.untilReady();
    expect(problems).toEqual([]);
    expect(story.status.issuerURL).toBe(story.url);
    expect(story.bucket.ownership).toBe('BucketOwnerEnforced');
    expect(story.bucket.publicAccessBlock).toMatchObject({ IgnorePublicAcls: true, BlockPublicPolicy: false });
  });

  test.each([
    ['its provider is to be adopted too', undefined],
    ['its provider is not to be adopted', 'irsa.giantswarm.io/adopt'],
  ])('keeps its ACLs until everybody reads it by policy, if %s', async (_, missingTag) => {
    const story = new OlderPublic();
    const [provider] = story.account.providers.values();
    if (missingTag !== undefined) delete provider!.tags[missingTag];
    story.documents.refusal = 403;
    story.adoptMe();
    for (let passes = 0; passes < 5; passes++) await story.until(() => true);
    expect(story.bucket.policy).toContain('"Principal":"*"');
    expect(story.bucket.ownership).toBe('ObjectWriter');

    story.documents.refusal = undefined;
    for (let passes = 0; passes < 5; passes++) await story.until(() => true);
    expect(story.bucket.ownership).toBe('BucketOwnerEnforced');
  });
});

/** Of release 17, named in the ConfigMap giantswarm/irsa-migration: the hosting of release 18 stands beside its own already. */
class Prepared extends OlderWithoutAlias {
  readonly first: string;

  constructor() {
    super();
    for (const { tags: its } of this.prepared) delete its['irsa.giantswarm.io/adopt'];
    const name = 'abcl0-oidc-pod-identity';
    this.first = seedPublic(this, name);
    const arn = `arn:aws:iam::${accountID}:oidc-provider/${this.first.replace('https://', '')}`;
    const audiences = new Set(['sts.amazonaws.com']);
    this.account.providers.set(arn, { arn, url: this.first, audiences, tags: tags(), createdAt: new Date(0) });
    this.edit({ hosting: { s3: {}, cloudFront: null }, bucket: { name } });
    this.adoptMe();
  }

  get prepared(): { tags: Record<string, string> }[] {
    const providers = [...this.account.providers.values()].filter(({ url }) => url === OlderWithoutAlias.url);
    return [this.distribution, this.aws.buckets.get(bucket)!, ...providers];
  }

  /** As the AWSCluster's new release label says. */
  upgrade(): void {
    this.edit({ hosting: { s3: null, cloudFront: {} }, bucket: { name: bucket } });
  }

  tagPrepared(): void {
    for (const { tags: its } of this.prepared) Object.assign(its, adoptable);
  }
}

describe('a cluster of release 17 that the older operator prepared for release 18', () => {
  test('keeps the URL that its tokens carry, and what is prepared is not touched', async () => {
    const story = new Prepared();
    const before = JSON.stringify(story.prepared);
    await story.untilReady();
    await story.untilReady();
    expect(story.status.sites?.map(({ url }) => url)).toEqual([story.first]);
    expect(JSON.stringify(story.prepared)).toBe(before);
  });

  test.each([
    ['before the upgrade', (story: Prepared) => story.tagPrepared()],
    ['after it, when the issuer asks', () => undefined],
  ])('moves to what is prepared if that is tagged %s, and both URLs stay registered', async (_, arrange) => {
    const story = new Prepared();
    await story.untilReady();
    arrange(story);
    story.upgrade();
    await story.until(() => true);
    story.tagPrepared();
    await story.until(() => story.status.issuerURL === OlderWithoutAlias.url);
    await story.untilReady();
    expect(story.distribution).toMatchObject({ id: 'EOLDER', tags: owner });
    const both = [OlderWithoutAlias.url, story.first].toSorted();
    expect(story.status.sites?.map(({ url }) => url).toSorted()).toEqual(both);
    expect([...story.account.providers.values()].map(({ url }) => url).toSorted()).toEqual(both);
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
  });
});
