import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../../api/kinds.ts';
import { bucketDomain, bucketName, isAccountRegional } from '../../../aws/names.ts';
import { partitionOf } from '../../../aws/partitions.ts';
import { jwksURL } from '../../../oidc/discovery.ts';
import { issuerURL, withoutScheme } from '../../../oidc/issuer-url.ts';
import { clusterNameOf } from '../../issuer-contract.ts';
import { toTime } from '../time.ts';

export type SiteEntry = NonNullable<OIDCIssuerStatus['sites']>[number];
export type Hosting = SiteEntry['hosting'];

/** One publication of an issuer: one URL and what stands behind it. */
export interface Site {
  readonly url: string;
  readonly jwksURI: string;
  readonly alias: string;
  readonly bucket: {
    readonly name: string;
    readonly accountRegional: boolean;
    readonly domain: string;
    /** The folder of the documents: empty, or with a leading `/`. */
    readonly path: string;
  };
  /** What is recorded of it. The steps fill it. */
  readonly entry: SiteEntry;
}

/** What the spec asks for. */
export interface Asked {
  readonly alias: string;
  readonly bucket: string;
  readonly now: Date;
}

/** What is recorded of the site that the spec asks for, or what a new one begins with. */
export function currentEntry(sites: readonly SiteEntry[] = [], { alias, bucket: name, now }: Asked): SiteEntry {
  const url = issuerURL(alias);
  const known = sites.find((entry) => entry.url === url);
  if (known?.bucket.owned || known?.bucket.name === name) return known;
  // Each site has documents of its own, which name it.
  const isShared = sites.some((entry) => entry.url !== url && entry.bucket.name === name);
  const bucket = { name, ...(isShared && { path: `/${alias}` }), owned: false };
  return known ? { ...known, bucket } : { url, hosting: 'CloudFront', phase: 'Current', since: toTime(now), bucket };
}

/** All that follows from what is recorded of a site. */
export function siteOf(entry: SiteEntry, { spec: { region } }: OIDCIssuer, accountID: string): Site {
  const { name, path = '' } = entry.bucket;
  return {
    url: entry.url,
    jwksURI: jwksURL(entry.url),
    alias: withoutScheme(entry.url),
    bucket: {
      name,
      path,
      accountRegional: isAccountRegional(name, { accountID, region }),
      domain: bucketDomain(name, region, partitionOf(region)),
    },
    entry,
  };
}

/** The URLs under which the site's documents are served. */
export const servedURLs = ({ url, distribution }: SiteEntry): string[] => [
  url,
  ...(distribution ? [issuerURL(distribution.domainName)] : []),
];

/** The key of the site's document in its bucket. */
export const keyOf = ({ bucket: { path } }: Site, document: string): string => `${path}/${document}`.slice(1);

/** The bucket that the spec asks for. */
export function bucketOf(
  object: OIDCIssuer,
  { accountID, installation }: { readonly accountID: string; readonly installation: string },
): string {
  const { namespace, name } = object.metadata;
  const cluster = clusterNameOf(object);
  const { bucket, region } = object.spec;
  return bucket?.name ?? bucketName({ installation, namespace, name, cluster }, { accountID, region });
}
