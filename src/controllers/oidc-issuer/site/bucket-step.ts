import type { Bucket, Buckets } from '../../../aws/buckets.ts';
import {
  isAccessDenied,
  isAlreadyExists,
  isBucketNameTaken,
  isBucketNotEmpty,
  isElsewhere,
} from '../../../aws/errors.ts';
import { changedTags, diffTags, hasChanges } from '../../../aws/tags.ts';
import { ready, type Step } from '../../../runtime/step.ts';
import { NameLost, TerminalError } from '../../explain.ts';
import { ensureBucketPolicy, letsInIdentities } from './bucket-policy.ts';
import { announceBucket } from './other-bucket-tags.ts';
import { originOf } from './recovery.ts';
import { ensureReaders, isPublic, isShared } from './readers.ts';
import { mustBeOurs } from '../../ownership.ts';
import { mayBeNew } from './propagation.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { look } from '../registrations/look.ts';

/** A bucket of ours. If a distribution reads it, its policy comes with the distribution. */
export const bucketStep: Step<AcceptedSite, SiteContext> = {
  condition: 'BucketReady',
  needs: [],
  rests: true,

  /** The bucket is read first, unlike the rest: in us-east-1, creating a bucket that the account has already succeeds, whoever owns it. */
  async reconcile(context) {
    const { account, object, owner, site, desired, status, seen } = context;
    const { name } = site.bucket;
    const buckets = account.buckets(object.spec.region);
    const observed = await ensure(buckets, context);
    if (observed)
      mustBeOurs({ what: `bucket ${name}`, tags: observed.tags, isNew: mayBeNew(context, 'BucketReady') }, owner);
    if (observed) await readerMustBeOurs(context, observed);
    site.bucket.entry.owned = true;
    seen.bucket = observed ?? 'new';
    if (observed) {
      const changes = diffTags(observed.tags, desired.tags, { former: status.tagKeys ?? [] });
      if (hasChanges(changes)) await buckets.putTags(name, changedTags(observed.tags, changes));
    }
    const access = isPublic(context) ? 'PublicPolicy' : 'Private';
    const isRead = site.entry.hosting === 'S3';
    // Where the ACLs of an older program let everybody read, the policy has to do so before they stop to count.
    if (isRead && observed?.access === undefined && observed?.blocksPolicy === false) await ensureReaders(context);
    // S3 makes new buckets private and without ACLs. https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    if ((observed ? observed.access : 'Private') !== access) await buckets.setPublicAccess(name, access);
    if (isRead) await ensureReaders(context);
    if (observed?.ownerEnforced === false && !(await needsACLs(context))) await buckets.enforceOwner(name);
    return ready;
  },

  /** A bucket with a global name stays ours, empty: whoever got the name could publish keys under a URL that somebody may still trust. */
  async remove(context) {
    const { account, object, pass, site } = context;
    const { region, bucket } = object.spec;
    const { name, accountRegional } = site.bucket;
    const ownBucket = await context.ownBucket();
    if (!ownBucket || isShared(context)) return ready;
    const buckets = account.buckets(region);
    if (!accountRegional && bucket?.globalName !== 'Delete') {
      if (ownBucket.access !== 'Private') await buckets.setPublicAccess(name, 'Private');
      await ensureBucketPolicy(buckets, ownBucket, {
        partition: account.partition.name,
        distributionARNs: [],
        publicKeys: [],
        keepsIdentities: false,
      });
      pass.event(
        'Normal',
        'BucketKept',
        `bucket ${name} is empty and kept, because otherwise anybody could take its name`,
      );
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

/**
 * The distribution of an older program reads the bucket, and pods may depend on it. If it is not to be adopted with the bucket, then
 * nothing of the bucket is changed.
 */
async function readerMustBeOurs({ account, owner, site }: AcceptedSite, { policy }: Bucket): Promise<void> {
  const isKnown = site.entry.distribution !== undefined && site.bucket.isPresent;
  if (isKnown || !letsInIdentities(policy)) return;
  const reader = await account.distributions.findReader(originOf(site.bucket));
  if (reader) mustBeOurs({ what: `distribution ${reader.id}, which reads the bucket,`, tags: reader.tags }, owner);
}

/** Whether everybody is to read the documents, and nothing proves that they can without ACLs. */
async function needsACLs(context: AcceptedSite): Promise<boolean> {
  const { site } = context;
  return site.entry.hosting === 'S3' && (await look(context, site.url)).state !== 'ours';
}

/** The bucket as it stood before this pass. Undefined if this pass created it. */
async function ensure(buckets: Buckets, context: AcceptedSite): Promise<Bucket | undefined> {
  const { name, accountRegional } = context.site.bucket;
  try {
    const found = await buckets.find(name);
    if (found) return found;
  } catch (error) {
    if (accountRegional || !(isAccessDenied(error) || isElsewhere(error))) throw error;
    return createUnread(buckets, context, error);
  }
  try {
    return await create(buckets, context);
  } catch (error) {
    const found = isAlreadyExists(error) ? await buckets.find(name) : undefined;
    if (found) return found;
    throw error;
  }
}

/**
 * If a bucket cannot be read, creating it tells whether it is another account's, or our own without the permission to read, or
 * our own in another region.
 * In us-east-1, creating a bucket that the account has already succeeds and resets its ACLs. So there it is tried only for a
 * bucket that is recorded as ours, which has no ACLs.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
async function createUnread(buckets: Buckets, context: AcceptedSite, refusal: unknown): Promise<undefined> {
  const { bucket } = context.site;
  const { region } = context.object.spec;
  const resetsACLs = region === 'us-east-1';
  const hint = isElsewhere(refusal)
    ? new TerminalError(
        'BucketNameTaken',
        `there is a bucket ${bucket.name} in another region: choose another spec.bucket.name`,
        { cause: refusal },
      )
    : new Error(`bucket ${bucket.name} may belong to another account`, { cause: refusal });
  if (resetsACLs && !bucket.entry.owned) throw hint;
  try {
    await create(buckets, context);
  } catch (error) {
    if (isAlreadyExists(error)) throw isElsewhere(refusal) ? hint : refusal;
    throw isAccessDenied(error) || isElsewhere(error) ? hint : error;
  }
  if (resetsACLs) throw refusal;
}

async function create(buckets: Buckets, context: AcceptedSite): Promise<undefined> {
  const { desired, site } = context;
  const { name, accountRegional, isPresent } = site.bucket;
  if (!isPresent) await announceBucket(context);
  try {
    await buckets.create({ name, accountRegional, tags: desired.tags });
  } catch (error) {
    if (!isBucketNameTaken(error)) throw error;
    site.bucket.entry.owned = false;
    const message = `another account has bucket ${name}: choose another spec.bucket.name`;
    throw new NameLost('BucketNameTaken', message);
  }
}
