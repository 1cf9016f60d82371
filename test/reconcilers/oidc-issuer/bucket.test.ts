import { describe, expect, test } from '@jest/globals';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import type { FakeBucket } from '../../fakes/aws/s3.ts';
import { bucketName, globalBucket, owner, someoneElse, Story } from './story.ts';

/** A bucket that is there before the operator. */
function put(story: Story, bucket: Partial<FakeBucket> & { name: string }): FakeBucket {
  const made: FakeBucket = {
    owner: '111122223333',
    region: 'eu-central-1',
    accountRegional: false,
    tags: {},
    policy: undefined,
    publicAccessBlock: undefined,
    ownership: undefined,
    encryption: 'AES256',
    objects: new Map(),
    ...bucket,
  };
  story.aws.buckets.set(made.name, made);
  return made;
}

test('creates a private bucket without ACLs, in the account’s own namespace, with its tags at once', async () => {
  const story = new Story();
  await story.reconcile();
  const create = story.aws.calls.find(({ operation }) => operation === 'CreateBucket');
  expect(create?.input).toMatchObject({ Bucket: bucketName, BucketNamespace: 'account-regional' });
  expect(story.bucket).toMatchObject({
    tags: owner,
    ownership: 'BucketOwnerEnforced',
    publicAccessBlock: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    },
  });
});

test('sends the expected owner with every call but the creation', async () => {
  const story = new Story();
  await story.untilReady();
  story.delete();
  await story.untilGone();
  const calls = story.aws.calls.filter(({ operation, input }) => 'Bucket' in input && operation !== 'CreateBucket');
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.filter(({ input }) => input['ExpectedBucketOwner'] !== '111122223333')).toEqual([]);
});

test('repairs what somebody opened, and keeps the tags of others', async () => {
  const story = new Story({ tags: { team: 'web' } });
  await story.untilReady();
  Object.assign(story.bucket, {
    publicAccessBlock: undefined,
    ownership: 'ObjectWriter',
    tags: { ...owner, team: 'ops', 'cost-centre': '7' },
  });
  await story.reconcile();
  expect(story.bucket).toMatchObject({
    ownership: 'BucketOwnerEnforced',
    publicAccessBlock: { RestrictPublicBuckets: true },
    tags: { ...owner, team: 'web', 'cost-centre': '7' },
  });
});

describe('leaves alone', () => {
  test.each([
    ['a bucket without tags', {}],
    ['a bucket of another installation', someoneElse],
    ['a bucket that another object may adopt', { 'irsa.giantswarm.io/adopt': 'OIDCIssuer/default/other' }],
  ])('%s', async (_, tags) => {
    const story = new Story({ bucket: { name: globalBucket } });
    story.adoptMe();
    const there = put(story, { name: globalBucket, tags });
    const before = structuredClone(there.tags);
    await story.reconcile();
    // In the first minute, a bucket without tags may be one that was made just now.
    await story.clock.advance(minutes(1));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
    expect(there).toMatchObject({ tags: before, policy: undefined, publicAccessBlock: undefined });
    expect(there.objects.size).toBe(0);
    story.delete();
    await story.untilGone();
    expect(story.aws.buckets.get(globalBucket)).toBe(there);
    expect(story.saidReasons).toContain('LeftAlone');
  });

  test('a bucket of another account that lets everybody in', async () => {
    const story = new Story({ bucket: { name: globalBucket } });
    put(story, { name: globalBucket, owner: '999999999999' });
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
    expect(story.condition('BucketReady')?.message).toContain('another account');
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
    story.delete();
    await story.untilGone();
    expect(story.saidReasons).toContain('LeftAlone');
    expect(story.aws.buckets.has(globalBucket)).toBe(true);
  });

  test('a bucket that may be another account’s in us-east-1, where creating it could reset its ACLs', async () => {
    const story = new Story({ region: 'us-east-1', bucket: { name: globalBucket } });
    put(story, { name: globalBucket, owner: '999999999999', region: 'us-east-1' });
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(story.condition('BucketReady')?.message).toContain('may belong to another account');
    expect(story.aws.writes).not.toContain('CreateBucket');
  });
});

describe('a bucket of the name in another region', () => {
  const elsewhere = (changes: Partial<FakeBucket> = {}) => ({ name: globalBucket, region: 'eu-west-1', ...changes });

  test.each([
    ['of another account', { owner: '999999999999' }, 'another account has bucket'],
    ['of the own account', {}, 'in another region: choose another spec.bucket.name'],
  ])('%s is a name that is taken, and no deletion waits for it', async (_, changes, message) => {
    const story = new Story({ bucket: { name: globalBucket } });
    const there = put(story, elsewhere(changes));
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
    expect(story.condition('BucketReady')?.message).toContain(message);
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
    story.delete();
    await story.untilGone();
    expect(story.aws.buckets.get(globalBucket)).toBe(there);
    expect(story.saidReasons).toContain('LeftAlone');
  });

  test.each([
    ['from an opt-in region', new ServiceError('IllegalLocationConstraintException', 400)],
    ['at the global endpoint', new ServiceError('AuthorizationHeaderMalformed', 400)],
    ['while a redirect is new', new ServiceError('TemporaryRedirect', 307)],
  ])('is known as such %s', async (_, answer) => {
    const story = new Story({ bucket: { name: globalBucket } });
    put(story, elsewhere());
    story.aws.failNext('GetBucketTagging', answer);
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
  });

  test('in us-east-1 is not asked for by a creation', async () => {
    const story = new Story({ region: 'us-east-1', bucket: { name: globalBucket } });
    put(story, elsewhere());
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
    expect(story.aws.writes).not.toContain('CreateBucket');
  });

  test('withdraws the providers only where the name proves to be another account’s', async () => {
    const story = new Story({ bucket: { name: globalBucket } });
    await story.untilReady();
    const { size } = story.account.providers;
    put(story, elsewhere());
    await story.reconcile();
    expect(story.account.providers.size).toBe(size);
    put(story, elsewhere({ owner: '999999999999' }));
    await story.reconcile();
    expect(story.account.providers.size).toBe(0);
  });
});

describe('a bucket that cannot be deleted', () => {
  test.each([
    ['a missing permission', new ServiceError('AccessDenied', 403)],
    ['an error of S3', new ServiceError('InternalError', 500)],
  ])('for %s holds the deletion', async (_, failure) => {
    const story = new Story();
    await story.untilReady();
    story.delete();
    for (let pass = 0; pass < 9; pass++) story.aws.failNext('DeleteBucket', failure);
    await story.until(() => story.aws.writes.includes('DeleteBucket'));
    expect(story.object).toBeDefined();
    expect(story.saidReasons).not.toContain('BucketKept');
    expect(story.aws.buckets.has(bucketName)).toBe(true);
  });
});

test('takes a name that another account got in the same moment for final', async () => {
  const story = new Story({ bucket: { name: globalBucket } });
  story.aws.failNext('CreateBucket', new ServiceError('BucketAlreadyExists', 409));
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
  expect(story.site?.bucket?.owned).toBe(false);
  story.edit({ bucket: { name: 'another-name' } });
  await story.untilReady();
  expect([...story.account.buckets.keys()]).toEqual(['another-name']);
});

test('does not take every failure of a read for a missing bucket', async () => {
  const story = new Story();
  story.aws.failNext('GetBucketTagging', new ServiceError('InternalError', 500));
  await story.reconcile();
  expect(story.aws.writes).not.toContain('CreateBucket');
  expect(story.condition('BucketReady')).toMatchObject({ status: 'Unknown', reason: 'ReconciliationFailed' });
});

describe('a bucket that refuses to be read', () => {
  const denied = () => new ServiceError('AccessDenied', 403);

  test('and is the account’s own lacks a permission, which is named', async () => {
    const story = new Story({ bucket: { name: globalBucket } });
    put(story, { name: globalBucket, tags: owner });
    story.aws.failNext('GetBucketTagging', denied());
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({
      status: 'False',
      reason: 'AccessDenied',
      message: expect.stringContaining('s3:GetBucketTagging'),
    });
    expect(story.condition('BucketReady')?.message).not.toContain('another account');
  });

  test('is not created under a name that only the account can have', async () => {
    const story = new Story();
    story.aws.failNext('GetBucketTagging', denied());
    await story.reconcile();
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(story.aws.writes).not.toContain('CreateBucket');
  });

  test('holds the deletion where it was made for this issuer', async () => {
    const story = new Story({ bucket: { name: globalBucket } });
    await story.untilReady();
    story.delete();
    for (let pass = 0; pass < 9; pass++) story.aws.failNext('GetBucketTagging', denied());
    await story.until(() => story.condition('Accepted')?.reason === 'AccessDenied');
    expect(story.account.buckets.has(globalBucket)).toBe(true);
  });
});

test('goes on in the same pass where the SDK repeated a creation whose answer was lost', async () => {
  const story = new Story();
  story.aws.failNext('CreateBucket', new ServiceError('BucketAlreadyOwnedByYou', 409), { tookEffect: true });
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'True' });
  expect(story.said).toEqual([]);
});
