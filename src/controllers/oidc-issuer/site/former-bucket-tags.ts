import { formerBucketKey } from '../../../aws/ownership.ts';
import type { Tags } from '../../../aws/tags.ts';
import type { BucketEntry, SiteEntry } from './site.ts';

/*
 * A distribution names in its tags the buckets that it read before. Where the status is lost, nothing else tells of them: the
 * distribution's origin is the present bucket, and the spec names the next one. A tag's value is the folder in the bucket.
 */

export const formerBucketTags = ({ formerBuckets = [] }: SiteEntry): Tags =>
  Object.fromEntries(formerBuckets.map(({ name, path = '' }) => [`${formerBucketKey}${name}`, path]));

export const isFormerBucketKey = (key: string): boolean => key.startsWith(formerBucketKey);

/** Whether they are ours, their own tags tell. */
export const formerBucketsIn = (tags: Tags): BucketEntry[] =>
  Object.entries(tags)
    .filter(([key]) => isFormerBucketKey(key))
    .map(([key, path]) => ({
      name: key.slice(formerBucketKey.length),
      ...(path !== '' && { path }),
      owned: true,
    }));
