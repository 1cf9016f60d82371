import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Distributions, DistributionSpec } from '../../../src/aws/distributions.ts';
import * as errors from '../../../src/aws/errors.ts';
import type { FakeAws } from '../../fakes/aws/index.ts';
import { ServiceError } from '../../fakes/aws/index.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import { alias, distributionWorld, issuedCertificate, onlyDistribution } from './distribution-world.ts';
import { failure } from './failure.ts';

let aws: FakeAws;
let distributions: Distributions;
let spec: DistributionSpec;
beforeEach(async () => {
  ({ aws, distributions, spec } = await distributionWorld());
});

function only(): FakeDistribution {
  return onlyDistribution(aws);
}

describe('creating', () => {
  test('is one write, tags with it, and takes its time', async () => {
    const created = await distributions.create(spec);

    expect(aws.writes).toEqual(['CreateDistributionWithTags']);
    expect(aws.reads).toEqual([]);
    expect(created).toMatchObject({
      arn: `arn:aws:cloudfront::111122223333:distribution/${created.id}`,
      domainName: expect.stringMatching(/\.cloudfront\.net$/),
      deployed: false,
      aliases: [alias],
      tags: { owner: 'x' },
    });
    aws.deploy();
    expect((await distributions.find(created.id))?.deployed).toBe(true);
  });

  test('serves the bucket over TLS 1.2, IPv6 too, and caches nothing', async () => {
    await distributions.create(spec);
    expect(only().config).toMatchObject({
      IsIPV6Enabled: true,
      HttpVersion: 'http2',
      ViewerCertificate: { SSLSupportMethod: 'sni-only', MinimumProtocolVersion: 'TLSv1.2_2021' },
      DefaultCacheBehavior: {
        ViewerProtocolPolicy: 'redirect-to-https',
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      },
      Origins: { Items: [{ DomainName: spec.originDomain, S3OriginConfig: { OriginAccessIdentity: '' } }] },
    });
  });

  test('twice with one reference makes one', async () => {
    aws.failNext('CreateDistributionWithTags', new ServiceError('TimeoutError', 500), { tookEffect: true });
    await failure(distributions.create(spec));

    expect(errors.isAlreadyExists(await failure(distributions.create(spec)))).toBe(true);
    expect((await distributions.findByAlias(alias))?.id).toBe(only().id);
  });

  test('says that the alias is taken, though by another account', async () => {
    const stranger = await aws.connect('arn:aws:iam::999988887777:role/stranger');
    const certificateARN = await stranger.certificates.request({ domain: alias, tags: {}, idempotencyToken: 'x' });
    aws.account('999988887777').certificates.get(certificateARN)!.status = 'ISSUED';
    const { id } = await stranger.originAccessControls.create('bucket');
    await stranger.distributions.create({ ...spec, named: { alias, certificateARN }, originAccessControlID: id });

    expect(errors.isAliasTaken(await failure(distributions.create(spec)))).toBe(true);
  });
});

describe('of an alias that somebody else has', () => {
  async function strangers(...aliases: readonly string[]): Promise<void> {
    const stranger = await aws.connect('arn:aws:iam::999988887777:role/stranger');
    const { id } = await stranger.originAccessControls.create('bucket');
    for (const domain of aliases) {
      const idempotencyToken = `token${domain.length}`;
      const certificateARN = await stranger.certificates.request({ domain, tags: {}, idempotencyToken });
      aws.account('999988887777').certificates.get(certificateARN)!.status = 'ISSUED';
      const named = { alias: domain, certificateARN };
      await stranger.distributions.create({ ...spec, callerReference: domain, named, originAccessControlID: id });
    }
  }

  test('is made with the certificate alone', async () => {
    await strangers(alias);
    const { id, certificateARN, aliases } = await distributions.create(spec, { withoutAlias: true });
    expect({ certificateARN, aliases }).toEqual({ certificateARN: spec.named?.certificateARN, aliases: [] });
    expect((await distributions.find(id))?.drift(spec)).toEqual(['Aliases']);
    expect(errors.isAliasTaken(await failure(distributions.update(id, spec)))).toBe(true);
  });

  test('tells who has it or a wildcard of it, page by page, in an order that stays', async () => {
    await strangers(alias, '*.example.com', 'other.example.com');
    const { id } = await distributions.create(spec, { withoutAlias: true });
    aws.pageSize = 1;
    aws.forgetCalls();
    const holders = await distributions.listAliasHolders(id, alias);
    expect(holders).toEqual([
      { alias: '*.example.com', distribution: expect.stringMatching(/\w+$/), account: '******887777' },
      { alias, distribution: expect.stringMatching(/\w+$/), account: '******887777' },
    ]);
    expect(aws.reads).toEqual(['ListConflictingAliases', 'ListConflictingAliases']);
  });

  test('is not told to a distribution without a certificate for it', async () => {
    const { id } = await distributions.create({ ...spec, named: undefined });
    expect(errors.isInvalid(await failure(distributions.listAliasHolders(id, alias)))).toBe(true);
  });
});

describe('finding', () => {
  test('costs two reads, and one where there is nothing', async () => {
    const { id } = await distributions.create(spec);
    aws.forgetCalls();
    await distributions.find(id);
    expect(aws.reads).toEqual(['GetDistribution', 'ListTagsForResource']);

    aws.forgetCalls();
    expect(await distributions.find('E0')).toBeUndefined();
    expect(aws.reads).toEqual(['GetDistribution']);
  });

  test('by alias reads every page, past distributions without alias', async () => {
    aws.pageSize = 1;
    for (const name of ['a.example.com', 'b.example.com']) {
      const certificateARN = await issuedCertificate(aws, name);
      await distributions.create({ ...spec, named: { alias: name, certificateARN }, callerReference: name });
    }
    const [first] = aws.account().distributions.values();
    first!.config.Aliases = { Quantity: 0 };
    const { id } = await distributions.create(spec);
    aws.forgetCalls();

    expect((await distributions.findByAlias(alias))?.id).toBe(id);
    expect(aws.reads.filter((operation) => operation === 'ListDistributions')).toHaveLength(3);
    expect(await distributions.findByAlias('c.example.com')).toBeUndefined();
  });

  test.each<[string, { OriginAccessControlId?: string; S3OriginConfig?: { OriginAccessIdentity: string } }]>([
    ['by an origin access control alone', { OriginAccessControlId: 'EOAC' }],
    [
      'by an origin access identity',
      { S3OriginConfig: { OriginAccessIdentity: 'origin-access-identity/cloudfront/E1' } },
    ],
    ['by an identity of another form', { S3OriginConfig: { OriginAccessIdentity: 'E1' } }],
    ['by nothing', {}],
  ])('by alias finds a distribution that reads its bucket %s', async (_, access) => {
    const { id } = await distributions.create(spec);
    const [origin] = only().config.Origins!.Items!;
    only().config.Origins!.Items = [{ Id: origin!.Id, DomainName: origin!.DomainName, ...access }];
    expect((await distributions.findByAlias(alias))?.id).toBe(id);
  });

  test('takes neither for the truth where what is listed is not found', async () => {
    const { id } = await distributions.create(spec);
    aws.failNext('GetDistribution', new ServiceError('NoSuchDistribution', 404));
    expect((await failure(distributions.findByAlias(alias))).message).toContain(`distribution ${id} is listed`);
    expect((await distributions.findByAlias(alias))?.id).toBe(id);
  });

  test('by origin finds what has that origin only, and no alias', async () => {
    const { id } = await distributions.create(spec);
    expect(await distributions.findByOrigin(spec)).toBeUndefined();

    only().config.Aliases = { Quantity: 0 };
    expect((await distributions.findByOrigin(spec))?.id).toBe(id);
    expect(
      await distributions.findByOrigin({ ...spec, originDomain: 'other.s3.eu-central-1.amazonaws.com' }),
    ).toBeUndefined();

    expect(await distributions.findByOrigin({ ...spec, originPath: '/other' })).toBeUndefined();

    only().config.Origins!.Items!.push({ Id: 'second', DomainName: 'second.example.com' });
    expect(await distributions.findByOrigin(spec)).toBeUndefined();
  });
});

test('all with a comment, or an origin in one of the buckets, are found, whatever their aliases', async () => {
  const { aws, distributions, spec } = await distributionWorld();
  const first = await distributions.create(spec);
  const second = { ...spec, callerReference: 'second', originPath: '/b' };
  const certificateARN = await issuedCertificate(aws, 'b.example.com');
  const other = await distributions.create({ ...second, named: { alias: 'b.example.com', certificateARN } });
  const renamed = {
    ...spec,
    callerReference: 'third',
    named: undefined,
    comment: 'mine',
    originDomain: 'third.example',
  };
  const third = await distributions.create(renamed);
  const found = async (comment: string, ...originDomains: string[]) =>
    (await distributions.listWith({ comment, originDomains })).map(({ id }) => id).toSorted();
  expect(await found(spec.comment)).toEqual([first.id, other.id].toSorted());
  expect(await found('another', spec.originDomain)).toEqual([first.id, other.id].toSorted());
  expect(await found(spec.comment, 'third.example')).toEqual([first.id, other.id, third.id].toSorted());
  aws.forgetCalls();
  expect(await found('another', 'fourth.example')).toEqual([]);
  expect(aws.calls.map(({ operation }) => operation)).toEqual(['ListDistributions']);
});

describe('updating', () => {
  test('replaces the certificate, and tells that CloudFront is at it', async () => {
    const { id } = await distributions.create(spec);
    aws.deploy();
    const certificateARN = await issuedCertificate(aws, alias, 'replacement');
    aws.forgetCalls();
    const updated = await distributions.update(id, { ...spec, named: { alias, certificateARN } });

    expect(only().config.ViewerCertificate).toMatchObject({ ACMCertificateArn: certificateARN });
    expect(certificateARN).not.toBe(spec.named?.certificateARN);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetDistributionConfig', 'UpdateDistribution']);
    expect(updated.deployed).toBe(false);
  });

  test('does not overwrite what changed since it was read', async () => {
    const { id } = await distributions.create(spec);
    aws.failNext('UpdateDistribution', new ServiceError('PreconditionFailed', 412));
    expect(errors.isPreconditionFailed(await failure(distributions.update(id, spec)))).toBe(true);
  });

  test('keeps foreign tags', async () => {
    const { arn, id } = await distributions.create({ ...spec, tags: { owner: 'x', foreign: 'y' } });
    await distributions.tag(arn, { set: { owner: 'w', own: 'v' }, remove: [] });
    await distributions.tag(arn, { set: {}, remove: ['own'] });
    expect((await distributions.find(id))?.tags).toEqual({ owner: 'w', foreign: 'y' });
  });
});

describe('deleting', () => {
  test('disables, waits for CloudFront without waiting, then deletes', async () => {
    const { id } = await distributions.create(spec);
    aws.deploy();
    aws.forgetCalls();

    expect(await distributions.delete(id)).toBe('disabling');
    expect(await distributions.delete(id)).toBe('disabling');
    expect(aws.writes).toEqual(['UpdateDistribution']);

    aws.deploy();
    expect(await distributions.delete(id)).toBe('gone');
    expect(await distributions.delete(id)).toBe('gone');
    expect(aws.writes).toEqual(['UpdateDistribution', 'DeleteDistribution']);
    expect(aws.account().distributions.size).toBe(0);
  });

  test('comes back later where a part of CloudFront still holds it', async () => {
    const { id } = await distributions.create(spec);
    await distributions.delete(id);
    aws.deploy();
    aws.failNext('DeleteDistribution', new ServiceError('DistributionNotDisabled', 409));

    expect(await distributions.delete(id)).toBe('disabling');
    expect(await distributions.delete(id)).toBe('gone');
  });

  test('changes nothing but whether it is enabled', async () => {
    const { id } = await distributions.create(spec);
    const before = structuredClone(only().config);
    await distributions.delete(id);
    expect(only().config).toEqual({ ...before, Enabled: false });
  });
});
