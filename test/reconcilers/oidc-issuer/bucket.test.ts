import { describe, expect, test } from '@jest/globals';
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
  ])('%s', async (_, tags) => {
    const story = new Story({ bucket: { name: globalBucket } });
    const there = put(story, { name: globalBucket, tags });
    const before = structuredClone(there.tags);
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
    expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(story.condition('BucketReady')?.message).toContain('another account');
    expect(story.aws.writes).not.toContain('CreateBucket');
  });
});

test('takes a name that another account got in the same moment for final', async () => {
  const story = new Story({ bucket: { name: globalBucket } });
  story.aws.failNext('CreateBucket', new ServiceError('BucketAlreadyExists', 409));
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'BucketNameTaken' });
  expect(story.status.bucket).toBeUndefined();
  story.edit({ bucket: { name: 'another-name' } });
  await story.untilReady();
  expect([...story.account.buckets.keys()]).toEqual(['another-name']);
});

test('does not take every failure of a read for a missing bucket', async () => {
  const story = new Story();
  story.aws.failNext('GetBucketTagging', new ServiceError('InternalError', 500));
  await story.reconcile();
  expect(story.aws.writes).not.toContain('CreateBucket');
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
});
