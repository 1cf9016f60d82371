import { otherBucketKey } from '../../../aws/ownership.ts';
import type { TagChanges, Tags } from '../../../aws/tags.ts';
import type { AcceptedSite } from '../context.ts';
import { otherBuckets } from './bucket-move.ts';
import type { BucketEntry, SiteEntry } from './site.ts';

/*
 * A distribution names in its tags the buckets beside the one that it reads. If the status is lost, its origin tells of the present
 * bucket, and these tags of the others, each with its folder. Whose a bucket is, its own tags tell.
 */

/** Before the folder of a bucket that may not be there yet, so that nothing can have read it. */
const notYet = 'next';

/** Before the bucket is made, so that no loss of the status hides it. */
export async function announceBucket({ account, site, ownDistribution }: AcceptedSite): Promise<void> {
  const { name, path } = site.bucket;
  const distribution = await ownDistribution();
  const set = { [otherBucketKey + name]: notYet + path };
  if (distribution) await account.distributions.tag(distribution.arn, { set, remove: [] });
}

/** What the tags of the distribution have to say, beside what was announced. */
export const otherBucketTags = (entry: SiteEntry): Tags =>
  Object.fromEntries(
    otherBuckets(entry)
      .filter(({ owned }) => owned)
      .map(({ name, path = '' }) => [otherBucketKey + name, path]),
  );

/** The keys of the tags that name none of the buckets that have to be named. */
export function goneBucketKeys(tags: Tags, named: readonly BucketEntry[]): TagChanges['remove'] {
  const there = named.map(({ name }) => otherBucketKey + name);
  return Object.keys(tags).filter((key) => key.startsWith(otherBucketKey) && !there.includes(key));
}

/** The buckets that the tags name. */
export const bucketsNamedIn = (tags: Tags): BucketEntry[] =>
  Object.entries(tags)
    .filter(([key]) => key.startsWith(otherBucketKey))
    .map(([key, value]) => {
      const owned = !value.startsWith(notYet);
      const path = owned ? value : value.slice(notYet.length);
      return { name: key.slice(otherBucketKey.length), ...(path !== '' && { path }), owned };
    });
