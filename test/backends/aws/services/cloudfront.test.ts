import { describe, expect, test } from '@jest/globals';
import { DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  CreateDistributionWithTagsCommand,
  GetDistributionCommand,
  GetDistributionConfigCommand,
  GetOriginAccessControlConfigCommand,
  ListConflictingAliasesCommand,
  ListDistributionsCommand,
  ListOriginAccessControlsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateOriginAccessControlCommand,
} from '@aws-sdk/client-cloudfront';
import {
  aliased,
  distributionConfig,
  finishDeployments,
  issueCertificate,
  makeDistribution,
  makeOriginAccessControl,
  makeZone,
  originsThrough,
  updateDistribution,
} from '../rules/samples.ts';
import { withFront } from '../with-front.ts';

const world = withFront();

async function statusOf(Id: string) {
  return (await world.aws.cloudFront.send(new GetDistributionCommand({ Id }))).Distribution?.Status;
}

describe('a distribution', () => {
  test('gives back what was sent, and says what was not', async () => {
    const control = await makeOriginAccessControl(world.aws, 'bucket');
    const certificate = await issueCertificate(world.aws, 'irsa.example.com');
    const sent = { Origins: originsThrough(control.id), ...aliased('irsa.example.com', certificate) };
    const { id } = await makeDistribution(world.aws, sent);

    const { DistributionConfig } = await world.aws.cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
    expect(DistributionConfig).toMatchObject(distributionConfig(sent));
    expect(DistributionConfig).toMatchObject({
      PriceClass: 'PriceClass_All',
      ViewerCertificate: { CertificateSource: 'acm', CloudFrontDefaultCertificate: false },
      Origins: { Items: [{ ConnectionAttempts: 3, OriginShield: { Enabled: false } }] },
    });
  });

  test('without an alias has the certificate of CloudFront', async () => {
    const { id } = await makeDistribution(world.aws);
    const { DistributionConfig } = await world.aws.cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
    expect(DistributionConfig?.ViewerCertificate).toMatchObject({ CloudFrontDefaultCertificate: true });
  });

  test('sent back as it was read stays as it is, under a new entity tag', async () => {
    const { id, etag } = await makeDistribution(world.aws);
    const before = await world.aws.cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
    const { ETag } = await updateDistribution(world.aws, id, {});
    const after = await world.aws.cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
    expect(before.ETag).toBe(etag);
    expect(after.ETag).toBe(ETag);
    expect(ETag).not.toBe(etag);
    expect(after.DistributionConfig).toEqual(before.DistributionConfig);
  });

  test('is InProgress for a while after it is made, and again after each change', async () => {
    world.front.state.timing.deployMillis = 3_600_000;
    const { id } = await makeDistribution(world.aws);
    expect(await statusOf(id)).toBe('InProgress');
    finishDeployments(world.front);
    expect(await statusOf(id)).toBe('Deployed');
    const { Distribution } = await updateDistribution(world.aws, id, { Enabled: false });
    expect(Distribution?.Status).toBe('InProgress');
  });

  test('was changed when it was changed', async () => {
    const { id } = await makeDistribution(world.aws);
    const first = (await world.aws.cloudFront.send(new GetDistributionCommand({ Id: id }))).Distribution;
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = (await updateDistribution(world.aws, id, { Comment: 'changed' })).Distribution;
    expect(second?.LastModifiedTime?.getTime()).toBeGreaterThan(first?.LastModifiedTime?.getTime() ?? Infinity);
    expect(second?.DomainName).toMatch(/^d[a-z0-9]+\.cloudfront\.net$/);
    expect(second?.DomainName).toBe(first?.DomainName);
  });

  test('keeps its tags', async () => {
    const { cloudFront } = world.aws;
    const { Distribution } = await cloudFront.send(
      new CreateDistributionWithTagsCommand({
        DistributionConfigWithTags: {
          DistributionConfig: distributionConfig(),
          Tags: { Items: [{ Key: 'made', Value: 'with it' }] },
        },
      }),
    );
    const Resource = Distribution?.ARN;
    await cloudFront.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: 'later', Value: '' }] } }));
    await cloudFront.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: 'gone', Value: 'x' }] } }));
    await cloudFront.send(new UntagResourceCommand({ Resource, TagKeys: { Items: ['gone'] } }));
    const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource }));
    expect(Tags?.Items).toEqual([
      { Key: 'made', Value: 'with it' },
      { Key: 'later', Value: '' },
    ]);
  });

  test('is not there for another account', async () => {
    const { id } = await makeDistribution(world.aws);
    const other = await world.aws.in('111122223333');
    const get = other.cloudFront.send(new GetDistributionCommand({ Id: id }));
    await expect(get).rejects.toMatchObject({ name: 'NoSuchDistribution', $metadata: { httpStatusCode: 404 } });
    const { DistributionList } = await other.cloudFront.send(new ListDistributionsCommand({}));
    expect(DistributionList?.Quantity).toBe(0);
  });

  test('is listed page by page, also from an empty marker', async () => {
    const made = await Promise.all(
      ['a', 'b', 'c'].map((CallerReference) => makeDistribution(world.aws, { CallerReference })),
    );
    const list = async (Marker: string) =>
      (await world.aws.cloudFront.send(new ListDistributionsCommand({ Marker, MaxItems: 2 }))).DistributionList;
    const first = await list('');
    const second = await list(first?.NextMarker ?? '');
    expect(first).toMatchObject({ IsTruncated: true, Quantity: 2 });
    expect(second).toMatchObject({ IsTruncated: false, Quantity: 1 });
    const shown = [...(first?.Items ?? []), ...(second?.Items ?? [])];
    expect(shown.map(({ Id }) => Id).sort()).toEqual(made.map(({ id }) => id).sort());
  });
});

describe('the holders of an alias', () => {
  const ask = (DistributionId: string, Marker?: string) =>
    world.aws.cloudFront.send(
      new ListConflictingAliasesCommand({ DistributionId, Alias: 'irsa.example.com', Marker, MaxItems: 1 }),
    );

  test('are told, half hidden, to a distribution with a certificate of the alias', async () => {
    const them = await world.aws.in('111122223333');
    const zone = await makeZone(them, 'example.com');
    const made = [];
    for (const name of ['irsa.example.com', '*.example.com', 'other.example.com']) {
      const held = aliased(name, await issueCertificate(them, name, zone));
      made.push(await makeDistribution(them, { CallerReference: name, ...held }));
    }
    const certificate = await issueCertificate(world.aws, 'irsa.example.com');
    const { id } = await makeDistribution(world.aws, {
      ViewerCertificate: aliased('x', certificate).ViewerCertificate,
    });
    const { ConflictingAliasesList: first } = await ask(id);
    const { ConflictingAliasesList: second } = await ask(id, first?.NextMarker);
    expect(first?.Items).toEqual([
      { Alias: 'irsa.example.com', DistributionId: `*******${made[0]?.id.slice(7)}`, AccountId: '******223333' },
    ]);
    expect(second).toMatchObject({ Items: [{ Alias: '*.example.com' }], Quantity: 1 });
    expect(second?.NextMarker).toBeUndefined();
  });

  test('are not told to a distribution without one, nor for one of another account', async () => {
    const { id } = await makeDistribution(world.aws);
    await expect(ask(id)).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(ask('ENONE')).rejects.toMatchObject({ name: 'NoSuchDistribution' });
  });
});

test('an origin access control changes its entity tag and is listed', async () => {
  const { id, etag } = await makeOriginAccessControl(world.aws, 'bucket');
  const { OriginAccessControlConfig, ETag } = await world.aws.cloudFront.send(
    new GetOriginAccessControlConfigCommand({ Id: id }),
  );
  expect(ETag).toBe(etag);
  expect(OriginAccessControlConfig).toMatchObject({ Name: 'bucket', SigningBehavior: 'always' });
  const updated = await world.aws.cloudFront.send(
    new UpdateOriginAccessControlCommand({
      Id: id,
      IfMatch: etag,
      OriginAccessControlConfig: { ...distributionControl, Name: 'renamed' },
    }),
  );
  expect(updated.ETag).not.toBe(etag);
  const { OriginAccessControlList } = await world.aws.cloudFront.send(new ListOriginAccessControlsCommand({}));
  expect(OriginAccessControlList?.Items).toMatchObject([{ Id: id, Name: 'renamed' }]);
});

const distributionControl = {
  SigningBehavior: 'always',
  SigningProtocol: 'sigv4',
  OriginAccessControlOriginType: 's3',
} as const;

test('a certificate names the distributions that use it', async () => {
  const CertificateArn = await issueCertificate(world.aws, 'irsa.example.com');
  const { arn } = await makeDistribution(world.aws, aliased('irsa.example.com', CertificateArn));
  const { Certificate } = await world.aws.acm.send(new DescribeCertificateCommand({ CertificateArn }));
  expect(Certificate?.InUseBy).toEqual([arn]);
});
