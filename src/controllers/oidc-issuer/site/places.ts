import type { OIDCIssuer } from '../../../api/kinds.ts';
import { sameJson } from '../../../runtime/json.ts';
import { hasAlias, type SiteEntry } from './site.ts';

type DnsEntry = NonNullable<SiteEntry['dns']>;
/** An account of Route 53, and which of its zones, if the spec says that. */
export type Place = NonNullable<DnsEntry['places']>[number];

/**
 * The entry of the site that the spec asks for, with where its records are from now on. The former places stay: what was made there
 * is removed with the site, so that a name which still answers there goes on answering.
 */
export function withPlace(entry: SiteEntry, { spec }: OIDCIssuer, accountID: string): SiteEntry {
  if (!hasAlias(entry)) return entry;
  const dns = spec.hosting.cloudFront?.dns;
  const former = entry.dns?.places ?? [];
  if (dns?.manual) return { ...entry, dns: { keeper: 'Manual', ...(former.length > 0 && { places: former }) } };
  const { account, hostedZoneID } = dns?.route53 ?? {};
  const place: Place = {
    accountID: account?.roleARN.split(':')[4] ?? accountID,
    ...(account && { roleARN: account.roleARN }),
    ...(hostedZoneID !== undefined && { hostedZoneID }),
  };
  return { ...entry, dns: { keeper: 'Route53', places: [place, ...former.filter((each) => !isSame(each, place))] } };
}

/** The same for a former site that was found again without a status: in some zone of the account of which the spec speaks now. */
export function withLostPlace(entry: SiteEntry, object: OIDCIssuer, accountID: string): SiteEntry {
  if (entry.dns) return entry;
  const { dns, ...found } = withPlace(entry, object, accountID);
  const places = dns?.places?.map(({ hostedZoneID: _, ...place }) => place);
  return { ...found, ...(dns && { dns: { ...dns, ...(places && { places }) } }) };
}

/** Whatever role leads there: the one that the spec names now may be the only one that is left. */
const isSame = (a: Place, b: Place) => sameJson([a.accountID, a.hostedZoneID], [b.accountID, b.hostedZoneID]);

/** Where the records of a site are or may be. An entry of an older version of the operator, which knew no other places, does not say. */
export const placesOf = ({ dns }: SiteEntry, accountID: string): readonly Place[] =>
  dns ? (dns.places ?? []) : [{ accountID }];

export const isByHand = ({ dns }: SiteEntry): boolean => dns?.keeper === 'Manual';
