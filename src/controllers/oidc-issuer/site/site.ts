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
  readonly bucket: { readonly name: string; readonly accountRegional: boolean; readonly domain: string };
  /** What is recorded of it. The steps fill it. */
  readonly entry: SiteEntry;
}

interface Place {
  readonly accountID: string;
  readonly installation: string;
}

/** The site that the spec asks for, recorded or not. Undefined if its hosting is not built. */
export function currentEntry({ spec }: OIDCIssuer, status: OIDCIssuerStatus, now: Date): SiteEntry | undefined {
  const alias = spec.hosting.cloudFront?.alias;
  if (alias === undefined) return undefined;
  const url = issuerURL(alias);
  const known = status.sites?.find((entry) => entry.url === url);
  return known ?? { url, hosting: 'CloudFront', phase: 'Current', since: toTime(now) };
}

/** The site in the form that the spec asks for. */
export function desiredSite(entry: SiteEntry, object: OIDCIssuer, place: Place): Site {
  return siteOf(entry, object, { bucket: bucketOf(object, place), ...place });
}

/** The site as it is recorded. What the record lacks comes from the spec: the status may be lost. */
export function recordedSite(entry: SiteEntry, object: OIDCIssuer, place: Place): Site {
  return siteOf(entry, object, { bucket: entry.bucket?.name ?? bucketOf(object, place), ...place });
}

function siteOf(
  entry: SiteEntry,
  { spec: { region } }: OIDCIssuer,
  { bucket, accountID }: Place & { bucket: string },
): Site {
  return {
    url: entry.url,
    jwksURI: jwksURL(entry.url),
    alias: withoutScheme(entry.url),
    bucket: {
      name: bucket,
      accountRegional: isAccountRegional(bucket, { accountID, region }),
      domain: bucketDomain(bucket, region, partitionOf(region)),
    },
    entry,
  };
}

function bucketOf(object: OIDCIssuer, { accountID, installation }: Place): string {
  const { namespace, name } = object.metadata;
  const cluster = clusterNameOf(object);
  const { bucket, region } = object.spec;
  return bucket?.name ?? bucketName({ installation, namespace, name, cluster }, { accountID, region });
}
