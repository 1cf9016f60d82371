import { describe, expect, test } from '@jest/globals';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, bucketName, only, owner, someoneElse, Story } from './story.ts';

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Condition?: unknown;
}
const statements = (story: Story) => (JSON.parse(story.bucket.policy ?? '{}') as { Statement: Statement[] }).Statement;

test('serves the bucket through an origin access control that signs, and through no other way', async () => {
  const story = new Story();
  await story.untilReady();
  const { config, arn } = story.distribution;
  const [control] = story.account.originAccessControls.values();
  expect(control?.config).toMatchObject({ Name: bucketName, SigningBehavior: 'always', SigningProtocol: 'sigv4' });
  expect(config).toMatchObject({
    Aliases: { Items: [alias] },
    Origins: {
      Items: [{ DomainName: `${bucketName}.s3.eu-central-1.amazonaws.com`, OriginAccessControlId: control?.id }],
    },
    ViewerCertificate: { ACMCertificateArn: story.site?.certificate?.arn, MinimumProtocolVersion: 'TLSv1.2_2021' },
  });
  expect(statements(story)).toEqual([
    expect.objectContaining({
      Effect: 'Allow',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: 's3:GetObject',
      Condition: { StringEquals: { 'AWS:SourceArn': [arn] } },
    }),
    expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
  ]);
});

test('waits for the edges, looking again at its interval', async () => {
  const story = new Story();
  await story.reconcile();
  await story.reconcile();
  const result = await story.reconcile();
  expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'DistributionDeploying' });
  expect(result.requeueAfter).toBe(minutes(1));
  expect(story.zone.records.some(({ type }) => type === 'A')).toBe(false);
});

test('repairs what somebody changed of it, and the tags, and leaves the rest', async () => {
  const story = new Story({ tags: { team: 'web' } });
  await story.untilReady();
  const { config } = story.distribution;
  Object.assign(config, { Enabled: false, PriceClass: 'PriceClass_100' });
  Object.assign(story.distribution.tags, { team: 'ops', other: 'kept' });
  const controls = [...story.account.originAccessControls.keys()];
  await story.untilReady();
  expect(story.distribution.config).toMatchObject({ Enabled: true, PriceClass: 'PriceClass_100' });
  expect(story.distribution.tags).toEqual({ team: 'web', other: 'kept', ...owner });
  expect([...story.account.originAccessControls.keys()]).toEqual(controls);
});

test('makes its origin access control sign again, in the same pass, and reads it only for that', async () => {
  const story = new Story();
  await story.untilReady();
  const control = only([...story.account.originAccessControls.values()]);
  control.config = { ...control.config, SigningBehavior: 'never', Description: 'kept' };
  story.forget();
  await story.reconcile();
  expect(control.config).toMatchObject({ Name: bucketName, SigningBehavior: 'always', Description: 'kept' });
  expect(story.aws.writes).toEqual(['UpdateOriginAccessControl']);
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.aws.reads).not.toContain('GetOriginAccessControl');
});

test('repairs the bucket policy: what others deny stays, what they allow goes', async () => {
  const story = new Story();
  await story.untilReady();
  const deny = { Sid: 'Audit', Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: '*' };
  const allow = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 's3:PutObject', Resource: '*' };
  const before = statements(story);
  story.bucket.policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny, allow] });
  await story.reconcile();
  expect(statements(story)).toEqual([...before, deny]);
  // S3 gives the policy back in an order and a form of its own.
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
});

test('says which foreign statement makes S3 refuse the bucket policy: it names a principal that was deleted', async () => {
  const story = new Story();
  await story.untilReady();
  const { size } = story.account.providers;
  const stale = {
    Sid: 'Left',
    Effect: 'Deny',
    Principal: { AWS: 'AROAEXAMPLEDELETED' },
    Action: 's3:*',
    Resource: '*',
  };
  story.bucket.policy = JSON.stringify({ Version: '2012-10-17', Statement: [stale] });
  await story.reconcile();
  expect(story.condition('DistributionReady')).toMatchObject({ status: 'False' });
  expect(story.condition('DistributionReady')?.message).toContain(
    'refuses the whole policy because statement "Left" of somebody else names a principal that was deleted',
  );
  expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
  expect(story.account.providers.size).toBe(size);
});

test('takes no text outside the principals of a statement for a deleted principal', async () => {
  const story = new Story();
  await story.untilReady();
  const text = 'AROAEXAMPLETEXT';
  const deny = {
    ...{ Sid: text, Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Resource: '*' },
    Condition: { StringNotLike: { 'aws:userId': text } },
  };
  story.bucket.policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
  story.aws.failNext('PutBucketPolicy', new ServiceError('MalformedPolicy', 400));
  await story.reconcile();
  expect(story.condition('DistributionReady')?.message).not.toContain('names a principal that was deleted');
  await story.untilReady();
});

describe('leaves alone', () => {
  test('a distribution of the account that has the alias and not our tags', async () => {
    const other = new Story();
    await other.untilReady();
    other.distribution.tags = someoneElse;
    const before = structuredClone(other.distribution);
    await other.reconcile();
    expect(other.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    other.loseStatus();
    await other.reconcile();
    expect(other.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(other.distribution).toEqual(before);
  });

  test('an alias that another account’s distribution has', async () => {
    const story = new Story();
    story.aws.failNext('CreateDistributionWithTags', new ServiceError('CNAMEAlreadyExists', 409));
    await story.until(() => story.aws.calls.some(({ operation }) => operation === 'CreateDistributionWithTags'));
    expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'AliasTaken' });
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
  });
});

test('finds its own on a later page, and past one without an alias', async () => {
  const story = new Story();
  await story.untilReady();
  const mine = story.distribution;
  story.account.distributions.clear();
  for (let number = 0; number < 120; number++) {
    const id = `EOTHER${number}`;
    const config = { ...structuredClone(mine.config), Aliases: { Quantity: 0 }, CallerReference: id };
    config.Origins = { Quantity: 1, Items: [{ Id: 'x', DomainName: 'elsewhere.example.com' }] };
    story.account.distributions.set(id, { ...mine, id, arn: id, config, tags: {} });
  }
  story.account.distributions.set(mine.id, mine);
  story.loseStatus();
  await story.untilReady();
  expect(story.site?.distribution?.id).toBe(mine.id);
  expect(story.account.distributions.size).toBe(121);
});

test('takes over its own distribution that lost its alias, by its only origin', async () => {
  const story = new Story();
  await story.untilReady();
  story.distribution.config.Aliases = { Quantity: 0 };
  story.distribution.tags = {};
  story.loseStatus();
  await story.untilReady();
  expect(story.distribution.config.Aliases).toMatchObject({ Items: [alias] });
  expect(story.distribution.tags).toEqual(owner);
});

test('takes over none without an alias that carries the tags of somebody else', async () => {
  const story = new Story();
  await story.untilReady();
  story.distribution.config.Aliases = { Quantity: 0 };
  story.distribution.tags = someoneElse;
  story.loseStatus();
  await story.reconcile();
  expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(story.distribution).toMatchObject({ config: { Aliases: { Quantity: 0 } }, tags: someoneElse });
});

test('makes another with the next reference where CloudFront remembers the first and no status does', async () => {
  const story = new Story();
  await story.untilReady();
  const references = [];
  for (let round = 0; round < 3; round++) {
    references.push(story.distribution.config.CallerReference);
    story.account.distributions.clear();
    story.zone.records = story.zone.records.filter(({ name }) => name !== alias);
    story.loseStatus();
    await story.untilReady();
  }
  references.push(story.distribution.config.CallerReference);
  expect(new Set(references).size).toBe(4);
});

test('makes only one where it was killed after the next reference was used', async () => {
  const story = new Story();
  await story.untilReady();
  story.account.distributions.clear();
  story.zone.records = story.zone.records.filter(({ name }) => name !== alias);
  story.loseStatus();
  story.aws.failNext('CreateDistributionWithTags', new ServiceError('DistributionAlreadyExists', 409));
  story.aws.failNext('CreateDistributionWithTags', new ServiceError('TimeoutError', 500), { tookEffect: true });
  await story.reconcile();
  story.restart();
  await story.untilReady();
  expect(story.account.distributions.size).toBe(1);
});

test('names in an event the parts that it put right, and has nothing against a spelling', async () => {
  const story = new Story();
  await story.untilReady();
  story.distribution.config.HttpVersion = 'HTTP2' as 'http2';
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  story.distribution.config.HttpVersion = 'http1.1';
  story.distribution.config.IsIPV6Enabled = false;
  await story.reconcile();
  expect(story.said).toContainEqual(
    expect.objectContaining({
      reason: 'DistributionRepaired',
      message: `distribution ${story.distribution.id}: HttpVersion, IsIPV6Enabled put right`,
    }),
  );
});

test('leaves a comment alone that somebody changed', async () => {
  const story = new Story();
  await story.untilReady();
  expect(story.distribution.config.Comment).toBe('Created by irsa-operator for cluster abcl0');
  story.distribution.config.Comment = 'mine';
  story.forget();
  await story.reconcile();
  expect([story.aws.writes, story.said]).toEqual([[], []]);
  story.distribution.config.HttpVersion = 'http1.1';
  await story.reconcile();
  expect(story.distribution.config).toMatchObject({ HttpVersion: 'http2', Comment: 'mine' });
});

test('replaces a distribution that somebody deleted, and the records and the provider of its name', async () => {
  const story = new Story({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } });
  await story.untilReady();
  const lost = story.distribution;
  await story.clock.advance(minutes(1));
  story.account.distributions.clear();
  await story.reconcile();
  expect(story.zone.records.some(({ alias: target }) => target?.dnsName === lost.domainName)).toBe(false);
  await story.untilReady();
  expect(story.distribution.id).not.toBe(lost.id);
  expect(story.status.providers?.map(({ url }) => url)).not.toContain(`https://${lost.domainName}`);
  expect([...story.account.providers.values()].map(({ url }) => url)).not.toContain(`https://${lost.domainName}`);
  expect(story.distribution.config.CallerReference).not.toBe(lost.config.CallerReference);
  expect([...story.account.providers.values()].map(({ url }) => url).sort()).toEqual(
    [`https://${story.distribution.domainName}`, `https://${alias}`].sort(),
  );
});

describe('one answer that the distribution is not there', () => {
  const stale = () => new ServiceError('NoSuchDistribution', 404);

  test('changes nothing, for the listing still has it', async () => {
    const story = new Story();
    await story.untilReady();
    const { id } = story.distribution;
    story.forget();
    story.aws.failNext('GetDistribution', stale());
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.site?.distribution?.id).toBe(id);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('and one more change nothing either, nor does anything count as somebody else’s', async () => {
    const story = new Story();
    await story.untilReady();
    story.forget();
    for (let time = 0; time < 2; time++) story.aws.failNext('GetDistribution', stale());
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
    await story.untilReady();
    expect(story.aws.writes).toEqual([]);
  });
});

test('takes another one of its own in place of a lost one, and moves the records in the same pass', async () => {
  const story = new Story();
  await story.untilReady();
  const lost = story.distribution;
  const other = { ...lost, id: 'E77', arn: lost.arn.replace(lost.id, 'E77'), domainName: 'd77.cloudfront.net' };
  story.account.distributions.clear();
  story.account.distributions.set(other.id, other);
  story.forget();
  await story.reconcile();
  expect(story.site?.distribution).toMatchObject({ id: 'E77' });
  expect(story.zone.records.flatMap(({ alias: to }) => to?.dnsName ?? [])).toEqual([
    'd77.cloudfront.net',
    'd77.cloudfront.net',
  ]);
  expect(story.account.providers.size).toBe(1);
  expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
});

test('goes on in the same pass where the SDK repeated the creation of an access control whose answer was lost', async () => {
  const story = new Story();
  const lost = new ServiceError('OriginAccessControlAlreadyExists', 409);
  story.aws.failNext('CreateOriginAccessControl', lost, { tookEffect: true });
  await story.untilReady();
  expect(story.account.originAccessControls.size).toBe(1);
  expect(story.saidReasons).not.toContain('ReconciliationFailed');
});

test('finds its origin access control in an account that may have no more', async () => {
  const story = new Story();
  story.aws.failNext('CreateDistributionWithTags');
  await story.until(() => story.account.originAccessControls.size > 0);
  story.aws.failNext('CreateOriginAccessControl', new ServiceError('TooManyOriginAccessControls', 400));
  await story.reconcile();
  expect(story.account.distributions.size).toBe(1);
  expect(story.account.originAccessControls.size).toBe(1);
});

test('is made again if a look at its edges finds it gone', async () => {
  const story = new Story();
  await story.until(() => story.condition('DistributionReady')?.reason === 'DistributionDeploying');
  const lost = story.distribution;
  lost.status = 'InProgress';
  await story.comeBack();
  expect(story.condition('DistributionReady')).toMatchObject({ reason: 'DistributionDeploying' });
  story.account.distributions.clear();
  await story.comeBack();
  expect(story.distribution.id).not.toBe(lost.id);
  await story.untilReady();
});
