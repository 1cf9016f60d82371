import type { Bucket, Buckets } from '../../aws/buckets.ts';
import { isAccessDenied, isBucketNameTaken, isBucketNotEmpty } from '../../aws/errors.ts';
import { isAccountRegional } from '../../aws/names.ts';
import { diffTags, hasChanges, isOwned } from '../../aws/tags.ts';
import { sameJson } from '../../runtime/json.ts';
import { ready, type Step } from '../../runtime/step.ts';
import { TerminalError } from '../explain.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { type IssuerContext, type IssuerRemoval, notOwned } from './context.ts';

/** A private bucket of ours. Its policy comes with the distribution that it lets in. */
export const bucketStep: Step<IssuerContext, IssuerRemoval> = {
  condition: 'BucketReady',
  needs: [],

  /** Read first, unlike the rest: in us-east-1 creating a bucket that the account has is a success, whosever it is. */
  async reconcile(context) {
    const { account, owner, desired, status, seen } = context;
    const { name } = desired.bucket;
    const buckets = account.buckets(desired.region);
    const observed = await find(buckets, context);
    if (observed && !isOwned(observed.tags, owner)) throw notOwned(`bucket ${name}`);
    if (!observed) await create(buckets, context);
    status.bucket = { name };
    if (!observed?.publicAccessBlocked) await buckets.blockPublicAccess(name);
    if (!observed?.ownerEnforced) await buckets.enforceOwner(name);
    if (observed && hasChanges(diffTags(observed.tags, desired.tags))) {
      await buckets.putTags(name, { ...observed.tags, ...desired.tags });
    }
    seen.bucket = observed;
    return ready;
  },

  /** A global name stays ours, empty, for whoever gets it could publish keys under a URL that somebody may still trust. */
  async remove(context) {
    const { account, issuer, pass, ownBucket, bucketName: name } = context;
    const { region, bucket: wish } = issuer.spec;
    const bucket = await ownBucket();
    if (!bucket) return ready;
    const buckets = account.buckets(region);
    if (!isAccountRegional(name, { accountID: account.id, region }) && !wish?.deleteGlobal) {
      await closeToDistribution(buckets, bucket, account.partition.name);
      pass.event('Normal', 'BucketKept', `bucket ${name} is empty and kept, for anybody could take its name`);
      return ready;
    }
    try {
      await buckets.delete(name);
    } catch (error) {
      if (!isBucketNotEmpty(error)) throw error;
      pass.event(
        'Warning',
        'BucketKept',
        `bucket ${name} is kept: it holds objects that the operator did not put there`,
      );
    }
    return ready;
  },
};

async function find(buckets: Buckets, { desired, status }: IssuerContext): Promise<Bucket | undefined> {
  const { name } = desired.bucket;
  try {
    return await buckets.find(name);
  } catch (error) {
    if (status.bucket || !isAccessDenied(error)) throw error;
    throw new Error(`bucket ${name} may belong to another account`, { cause: error });
  }
}

async function create(buckets: Buckets, { desired }: IssuerContext): Promise<void> {
  const { name, accountRegional } = desired.bucket;
  try {
    await buckets.create({ name, accountRegional, tags: desired.tags });
  } catch (error) {
    if (!isBucketNameTaken(error)) throw error;
    throw new TerminalError('BucketNameTaken', `another account has bucket ${name}: choose another spec.bucket.name`);
  }
}

async function closeToDistribution(buckets: Buckets, { name, policy }: Bucket, partition: string): Promise<void> {
  const closed = bucketPolicy(policy, { bucket: name, partition, distributionARN: undefined });
  if (!sameJson(policy, closed)) await buckets.putPolicy(name, closed);
}
