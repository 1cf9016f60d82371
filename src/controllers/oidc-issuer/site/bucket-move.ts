import { toTime } from '../time.ts';
import type { BucketEntry, SiteEntry } from './site.ts';

/*
 * The documents of a site move from one bucket to another under the same URL. The next bucket is made and gets the documents while
 * the distribution reads the present one. Then the distribution turns to it. As long as an edge may read a former bucket, that one
 * holds the same documents. Each turn is stored before the distribution is changed, so that the status names every bucket.
 */

/** What is recorded of the current site if the spec asks for that bucket. */
export function withBucket(entry: SiteEntry, asked: BucketEntry, now: Date): SiteEntry {
  const { bucket, nextBucket } = entry;
  if (!bucket) return { ...entry, bucket: asked };
  if (bucket.name === asked.name) return withoutNextBucket(entry);
  if (bucket.owned && nextBucket?.name === asked.name) return nextBucket.filled ? turned(entry) : entry;
  const { formerBuckets = [], ...rest } = withoutNextBucket(entry);
  const known = formerBuckets.find(({ name }) => name === asked.name);
  const next = known ?? { ...asked, since: toTime(now) };
  const others = formerBuckets.filter((other) => other !== known);
  // Nothing is served from a bucket that is not ours, so nothing has to be there before the site leaves it.
  if (!bucket.owned) return { ...rest, bucket: next, formerBuckets: [bucket, ...others] };
  return { ...rest, nextBucket: next, ...(others.length > 0 && { formerBuckets: others }) };
}

/** A site that nobody asks for does not move on. */
export function withoutNextBucket(entry: SiteEntry): SiteEntry {
  const { nextBucket, ...rest } = entry;
  if (!nextBucket) return entry;
  const { filled: _, ...former } = nextBucket;
  return { ...rest, formerBuckets: [former, ...(entry.formerBuckets ?? [])] };
}

/** The distribution is to read the next bucket. It counts as deployed once all its edges do. */
function turned(entry: SiteEntry): SiteEntry {
  const { bucket, nextBucket, formerBuckets = [], distribution, ...rest } = entry;
  if (!bucket || !nextBucket) return entry;
  const { filled: _, ...next } = nextBucket;
  return {
    ...rest,
    bucket: next,
    formerBuckets: [bucket, ...formerBuckets],
    ...(distribution && { distribution: { ...distribution, state: 'InProgress' } }),
  };
}

/** The buckets beside the present one that the distribution may read, or will. */
export function copiesOf(entry: SiteEntry): readonly BucketEntry[] {
  const unread = unreadBuckets(entry);
  return otherBuckets(entry).filter((bucket) => !unread.includes(bucket));
}

/** The former buckets that no edge reads any more. One that never was ours was never read. */
export const unreadBuckets = ({ formerBuckets = [], distribution }: SiteEntry): readonly BucketEntry[] =>
  formerBuckets.filter(({ owned }) => !owned || distribution?.state === 'Deployed');

/** All beside the present one. */
export const otherBuckets = ({ nextBucket, formerBuckets = [] }: SiteEntry): readonly BucketEntry[] => [
  ...(nextBucket ? [nextBucket] : []),
  ...formerBuckets,
];

/** Nothing of the site is left in them. */
export function forgetBuckets(entry: SiteEntry, gone: readonly BucketEntry[]): void {
  const former = (entry.formerBuckets ?? []).filter((bucket) => !gone.includes(bucket));
  if (former.length > 0) entry.formerBuckets = former;
  else delete entry.formerBuckets;
  if (entry.nextBucket && gone.includes(entry.nextBucket)) delete entry.nextBucket;
}
