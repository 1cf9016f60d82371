import { discoveryKey, jwksKey } from '../../../oidc/discovery.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { ensureBucketPolicy } from './bucket-policy.ts';
import { bucketsOf, keyOf, type SiteEntry, siteOf } from './site.ts';

/** All sites that have documents in the bucket of this one, which is among them, as they are there. */
const inBucket = ({ site, status }: SiteContext): readonly SiteEntry[] =>
  (status.sites ?? []).flatMap((entry) =>
    bucketsOf(entry)
      .filter(({ name }) => name === site.bucket.name)
      .map((bucket) => ({ ...entry, bucket })),
  );

/** Whether anybody may read documents in the bucket. */
export const isPublic = (context: SiteContext) => inBucket(context).some(({ hosting }) => hosting === 'S3');

/** Whether another site has its documents in the bucket too. */
export const isShared = (context: SiteContext) => inBucket(context).some(({ url }) => url !== context.site.url);

/** Whether the distribution of another site reads the bucket too. */
export const isReadByAnother = (context: SiteContext) =>
  inBucket(context).some(({ url, hosting }) => url !== context.site.url && hosting === 'CloudFront');

/** Lets in each distribution that serves documents out of the bucket, and everybody to those of sites without one. */
export async function ensureReaders(context: AcceptedSite): Promise<void> {
  const { account, object, site, seen } = context;
  const sites = inBucket(context);
  const distributionARNs = sites.flatMap(({ distribution }) => distribution?.arn ?? []);
  const publicKeys = sites
    .filter(({ hosting }) => hosting === 'S3')
    .flatMap((entry) =>
      [discoveryKey, jwksKey].map((key) => keyOf(siteOf(entry, { object, accountID: account.id }), key)),
    );
  // Until all edges have a change, some of them may read as before.
  const keepsIdentities = sites.some(({ distribution }) => distribution && distribution.state !== 'Deployed');
  const buckets = account.buckets(object.spec.region);
  const { name } = site.bucket;
  const seenPolicy = seen.bucket === 'new' ? undefined : seen.bucket?.policy;
  const policy = seen.bucket === undefined ? await buckets.findPolicy(name) : seenPolicy;
  const readers = { partition: account.partition.name, distributionARNs, publicKeys, keepsIdentities };
  await ensureBucketPolicy(buckets, { name, policy }, readers);
}
