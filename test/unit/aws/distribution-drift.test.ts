import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Distributions, DistributionSpec } from '../../../src/aws/distributions.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import type { FakeAws } from '../../fakes/aws/index.ts';
import { alias, distributionWorld, onlyDistribution } from './distribution-world.ts';

let aws: FakeAws;
let distributions: Distributions;
let spec: DistributionSpec;
beforeEach(async () => {
  ({ aws, distributions, spec } = await distributionWorld());
});

function only(): FakeDistribution {
  return onlyDistribution(aws);
}

describe('drift', () => {
  beforeEach(() => distributions.create(spec));

  async function drift(): Promise<readonly string[]> {
    return (await distributions.findByAlias(alias))!.drift(spec);
  }

  test('is nothing after creation, for all that CloudFront adds', async () => {
    expect(await drift()).toEqual([]);
  });

  test.each<[part: string, spoil: (config: FakeDistribution['config']) => void]>([
    ['Enabled', (config) => (config.Enabled = false)],
    ['IsIPV6Enabled', (config) => (config.IsIPV6Enabled = false)],
    ['HttpVersion', (config) => (config.HttpVersion = 'http1.1')],
    ['Aliases', (config) => config.Aliases!.Items!.push('foreign.example.com')],
    ['Origins', (config) => (config.Origins!.Items![0]!.DomainName = 'elsewhere.example.com')],
    ['Origins', (config) => (config.Origins!.Items![0]!.OriginPath = '/elsewhere')],
    ['Origins', (config) => (config.Origins!.Items![0]!.OriginAccessControlId = '')],
    ['DefaultCacheBehavior', (config) => (config.DefaultCacheBehavior!.ViewerProtocolPolicy = 'allow-all')],
    ['DefaultCacheBehavior', (config) => (config.DefaultCacheBehavior!.CachePolicyId = 'caching')],
    ['ViewerCertificate', (config) => (config.ViewerCertificate!.MinimumProtocolVersion = 'TLSv1.3_2025')],
    ['ViewerCertificate', (config) => (config.ViewerCertificate!.MinimumProtocolVersion = 'TLSv1')],
    ['ViewerCertificate', (config) => (config.ViewerCertificate!.ACMCertificateArn = 'other')],
    ['ViewerCertificate', (config) => (config.ViewerCertificate!.SSLSupportMethod = 'vip')],
    ['CacheBehaviors', (config) => (config.CacheBehaviors = behavior(config))],
    ['CustomErrorResponses', (config) => (config.CustomErrorResponses = errorPage)],
    ['Restrictions', (config) => (config.Restrictions = nowhere)],
    ['ContinuousDeploymentPolicyId', (config) => (config.ContinuousDeploymentPolicyId = 'staging')],
    ['ViewerMtlsConfig', (config) => (config.ViewerMtlsConfig = { Mode: 'required' })],
    ['ConnectionFunctionAssociation', (config) => (config.ConnectionFunctionAssociation = { Id: 'function' })],
    ['DefaultCacheBehavior', (config) => (config.DefaultCacheBehavior!.TrustedKeyGroups = only1('group'))],
    ['DefaultCacheBehavior', (config) => (config.DefaultCacheBehavior!.TrustedSigners = only1('self'))],
    ['DefaultCacheBehavior', (config) => (config.DefaultCacheBehavior!.OriginRequestPolicyId = 'all-viewer')],
    [
      'DefaultCacheBehavior',
      (config) => {
        const Items = [{ FunctionARN: 'arn', EventType: 'viewer-request' as const }];
        config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 1, Items };
      },
    ],
    [
      'DefaultCacheBehavior',
      (config) => {
        const Items = [{ LambdaFunctionARN: 'arn', EventType: 'origin-response' as const }];
        config.DefaultCacheBehavior!.LambdaFunctionAssociations = { Quantity: 1, Items };
      },
    ],
    ['Origins', (config) => addOrigin(config)],
  ])('in %s is named, and an update repairs it', async (part, spoil) => {
    spoil(only().config);
    expect(await drift()).toEqual([part]);

    await distributions.update(only().id, spec);
    expect(await drift()).toEqual([]);
  });

  test.each<[what: string, choose: (config: FakeDistribution['config']) => void]>([
    ['TLSv1.2_2025', (config) => (config.ViewerCertificate!.MinimumProtocolVersion = 'TLSv1.2_2025')],
    ['HTTP/3', (config) => (config.HttpVersion = 'http2and3')],
    ['a price class', (config) => (config.PriceClass = 'PriceClass_100')],
    ['a comment', (config) => (config.Comment = 'other')],
    ['a firewall', (config) => (config.WebACLId = 'acl')],
    ['compression', (config) => (config.DefaultCacheBehavior!.Compress = true)],
    ['a timeout of the origin', (config) => (config.Origins!.Items![0]!.ConnectionTimeout = 5)],
  ])('%s is the user’s choice, and an update keeps it', async (_what, choose) => {
    choose(only().config);
    expect(await drift()).toEqual([]);

    const chosen = structuredClone(only().config);
    await distributions.update(only().id, spec);
    expect(only().config).toEqual(chosen);
  });

  test('of an older distribution with TTLs is repaired to the cache policy', async () => {
    const behavior = only().config.DefaultCacheBehavior!;
    delete behavior.CachePolicyId;
    Object.assign(behavior, { MinTTL: 0, MaxTTL: 1, DefaultTTL: 1, ForwardedValues: { QueryString: false } });
    expect(await drift()).toEqual(['DefaultCacheBehavior']);

    await distributions.update(only().id, spec);
    expect(await drift()).toEqual([]);
    expect(only().config.DefaultCacheBehavior).not.toHaveProperty('MinTTL');
  });
});

describe('drift from a spec with a function', () => {
  const viewerRequestFunctionARN = 'arn:aws:cloudfront::111122223333:function/ours';
  const wanted = { EventType: 'viewer-request' as const, FunctionARN: viewerRequestFunctionARN };

  beforeEach(async () => {
    const { edgeFunctions } = await aws.connect();
    await edgeFunctions.create({ name: 'ours', code: '// code', comment: '', tags: {} });
    spec = { ...spec, viewerRequestFunctionARN };
    await distributions.create(spec);
  });

  const items = () => only().config.DefaultCacheBehavior?.FunctionAssociations?.Items;
  const drift = async () => (await distributions.findByAlias(alias))!.drift(spec);

  test('is nothing after creation', async () => {
    expect(items()).toEqual([wanted]);
    expect(await drift()).toEqual([]);
  });

  test.each([
    ['no function', []],
    ['another function', [{ ...wanted, FunctionARN: 'arn:aws:cloudfront::111122223333:function/theirs' }]],
    ['ours at another event', [{ ...wanted, EventType: 'viewer-response' as const }]],
    ['one more function', [wanted, { ...wanted, EventType: 'viewer-response' as const }]],
  ])('is %s, and an update repairs it', async (_, Items) => {
    only().config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: Items.length, Items };
    expect(await drift()).toEqual(['DefaultCacheBehavior']);
    await distributions.update(only().id, spec);
    expect(items()).toEqual([wanted]);
  });
});

test('an origin group that answers in the place of our bucket is drift, and an update takes it away', async () => {
  await distributions.create(spec);
  const { config } = only();
  addOrigin(config);
  const members = config.Origins!.Items!.map(({ Id }) => ({ OriginId: Id }));
  const failover = { StatusCodes: { Quantity: 1, Items: [403] } };
  const group = { Id: 'group', FailoverCriteria: failover, Members: { Quantity: 2, Items: members } };
  config.OriginGroups = { Quantity: 1, Items: [group] };
  config.DefaultCacheBehavior!.TargetOriginId = 'group';
  expect((await distributions.findByAlias(alias))!.drift(spec)).toEqual([
    'Origins',
    'DefaultCacheBehavior',
    'OriginGroups',
  ]);
  await distributions.update(only().id, spec);
  expect((await distributions.findByAlias(alias))!.drift(spec)).toEqual([]);
  expect(only().config).toMatchObject({
    OriginGroups: { Quantity: 0 },
    Origins: { Quantity: 1, Items: [{ DomainName: spec.originDomain }] },
    DefaultCacheBehavior: { TargetOriginId: spec.originDomain },
  });
});

type Config = FakeDistribution['config'];

const nowhere: Config['Restrictions'] = {
  GeoRestriction: { RestrictionType: 'whitelist', Quantity: 1, Items: ['AQ'] },
};
const errorPage: Config['CustomErrorResponses'] = {
  Quantity: 1,
  Items: [{ ErrorCode: 403, ResponseCode: '200', ResponsePagePath: '/evil.json' }],
};
const only1 = (item: string) => ({ Enabled: true, Quantity: 1, Items: [item] });

function behavior({ DefaultCacheBehavior: standard }: Config): Config['CacheBehaviors'] {
  return { Quantity: 1, Items: [{ ...standard!, PathPattern: '/keys.json' }] };
}

function addOrigin({ Origins: origins }: Config): void {
  origins!.Items!.push({ ...origins!.Items![0]!, Id: 'evil', DomainName: 'evil.s3.eu-central-1.amazonaws.com' });
  origins!.Quantity = 2;
}
