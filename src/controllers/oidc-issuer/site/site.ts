import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../../api/kinds.ts';
import { bucketDomain, bucketName, bucketURL, isAccountRegional } from '../../../aws/names.ts';
import { partitionOf } from '../../../aws/partitions.ts';
import { jwksURL } from '../../../oidc/discovery.ts';
import { issuerURL, withoutScheme } from '../../../oidc/issuer-url.ts';
import { clusterNameOf } from '../../issuer-contract.ts';
import { toTime } from '../time.ts';
import { otherBuckets, withBucket } from './bucket-move.ts';

export type SiteEntry = NonNullable<OIDCIssuerStatus['sites']>[number];
export type Hosting = SiteEntry['hosting'];
export type BucketEntry = NonNullable<SiteEntry['bucket']>;

/** One publication of an issuer: one URL and what stands behind it. */
export interface Site {
  /** Empty until there is the distribution that gives the site its name. */
  readonly url: string;
  readonly jwksURI: string;
  readonly hasAlias: boolean;
  /** @throws if the site has none. Only steps of a hosting with an alias may ask. */
  readonly alias: string;
  /**
   * The bucket that is looked at: mostly the one that the documents are served from, else one beside it.
   * @throws if somebody else hosts the site. Only steps of a hosting with a bucket may ask.
   */
  readonly bucket: SiteBucket;
  /** What is recorded of it. The steps fill it. */
  readonly entry: SiteEntry;
}

export interface SiteBucket {
  readonly name: string;
  readonly accountRegional: boolean;
  readonly domain: string;
  /** The folder of the documents: empty, or with a leading `/`. */
  readonly path: string;
  /** Whether the distribution reads it, as far as the status says, or everybody. */
  readonly isPresent: boolean;
  readonly entry: BucketEntry;
}

/** What the spec asks for. */
export type Asked = { readonly now: Date } & (
  | { readonly hosting: 'CloudFront'; readonly alias: string | undefined; readonly bucket: string }
  | { readonly hosting: 'S3'; readonly region: string; readonly bucket: string }
  | { readonly hosting: 'External'; readonly url: string }
);

export function askedOf(
  object: OIDCIssuer,
  { accountID, installation, now }: { readonly accountID: string; readonly installation: string; readonly now: Date },
): Asked {
  const { hosting, region } = object.spec;
  if (hosting.external) return { hosting: 'External', url: hosting.external.issuerURL, now };
  const bucket = bucketOf(object, { accountID, installation });
  if (hosting.s3) return { hosting: 'S3', region, bucket, now };
  return { hosting: 'CloudFront', alias: hosting.cloudFront?.alias, bucket, now };
}

/** What is recorded of the site that the spec asks for, or what a new one begins with. */
export function currentEntry(sites: readonly SiteEntry[] = [], asked: Asked): SiteEntry {
  const known = sites.find((entry) => isAsked(entry, asked));
  if (asked.hosting === 'External') return known ?? newEntry(asked, asked.url);
  const { bucket: name } = asked;
  // Each site has documents of its own, which name it.
  const others = sites.filter((entry) => entry !== known).flatMap(bucketsOf);
  const isTaken = others.some((bucket) => bucket.name === name && !bucket.path);
  const path = isTaken ? folderOf(asked) : '';
  const bucket = { name, ...(isTaken && { path }), owned: false };
  return known ? withBucket(known, bucket, asked.now) : { ...newEntry(asked, urlOf(asked, path)), bucket };
}

/** All buckets that hold documents of the site, or will. The one that they are served from comes first. */
export const bucketsOf = (entry: SiteEntry): readonly BucketEntry[] => [
  ...(entry.bucket ? [entry.bucket] : []),
  ...otherBuckets(entry),
];

/** A site without alias keeps its distribution, and one in S3 its bucket, because these are in its URL. */
export function isAsked(entry: SiteEntry, asked: Asked): boolean {
  if (entry.hosting !== asked.hosting) return false;
  switch (asked.hosting) {
    case 'CloudFront':
      return asked.alias === undefined ? !hasAlias(entry) : entry.url === issuerURL(asked.alias);
    case 'S3':
      return entry.bucket?.name === asked.bucket;
    case 'External':
      return entry.url === asked.url;
  }
}

const newEntry = ({ hosting, now }: Asked, url: string): SiteEntry => ({
  url,
  hosting,
  phase: 'Current',
  since: toTime(now),
});

function urlOf(asked: Exclude<Asked, { hosting: 'External' }>, path: string): string {
  if (asked.hosting === 'S3') return bucketURL(asked.bucket, asked.region, partitionOf(asked.region)) + path;
  return asked.alias === undefined ? '' : issuerURL(asked.alias);
}

function folderOf(asked: Exclude<Asked, { hosting: 'External' }>): string {
  return asked.hosting === 'S3' ? '/s3' : `/${asked.alias ?? 'cloudfront'}`;
}

/** All that follows from what is recorded of a site, looked at in one of its buckets. */
export function siteOf(
  entry: SiteEntry,
  {
    object: {
      spec: { region },
    },
    accountID,
    bucket = entry.bucket,
  }: { readonly object: OIDCIssuer; readonly accountID: string; readonly bucket?: BucketEntry | undefined },
): Site {
  return {
    entry,
    // The distribution step may give the site its URL during the pass.
    get url() {
      return entry.url;
    },
    get jwksURI() {
      return jwksURL(entry.url);
    },
    get hasAlias() {
      return hasAlias(entry);
    },
    get alias() {
      if (!hasAlias(entry)) throw new Error(`site ${entry.url} has no alias`);
      return withoutScheme(entry.url);
    },
    get bucket() {
      if (!bucket) throw new Error(`site ${entry.url} has no bucket`);
      const { name, path = '' } = bucket;
      return {
        name,
        path,
        accountRegional: isAccountRegional(name, { accountID, region }),
        domain: bucketDomain(name, region, partitionOf(region)),
        isPresent: bucket === entry.bucket,
        entry: bucket,
      };
    },
  };
}

export const hasAlias = ({ hosting, url }: SiteEntry): boolean =>
  hosting === 'CloudFront' && url !== '' && !isDistributions(url);

/** Whether it is a distribution's own URL. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-web-values-returned.html */
export const isDistributions = (url: string) => /^https:\/\/[^/]+\.cloudfront\.net$/.test(url);

/** The URLs under which the site's documents are served. */
export function servedURLs({ url, distribution }: SiteEntry): string[] {
  const own = distribution ? [issuerURL(distribution.domainName)] : [];
  return [...new Set([...(url === '' ? [] : [url]), ...own])];
}

/** The key of the site's document in its bucket. */
export const keyOf = ({ bucket: { path } }: Site, document: string): string => `${path}/${document}`.slice(1);

/** The bucket that the spec asks for. */
function bucketOf(
  object: OIDCIssuer,
  { accountID, installation }: { readonly accountID: string; readonly installation: string },
): string {
  const { namespace, name } = object.metadata;
  const cluster = clusterNameOf(object);
  const { bucket, region } = object.spec;
  return bucket?.name ?? bucketName({ installation, namespace, name, cluster }, { accountID, region });
}
