import type { Dns, ObservedRecord, Zone, ZoneSearch } from '../../../aws/dns.ts';
import { isAccessDenied } from '../../../aws/errors.ts';
import { plainName } from '../../../aws/names.ts';
import type { IssuerPass, RecordsPlace, ZonePlace, ZoneRecords } from '../context.ts';
import { isByHand, type Place, placesOf } from './places.ts';
import type { Site } from './site.ts';

const field = 'spec.hosting.cloudFront.dns.route53.hostedZoneID';

type Missing = Extract<RecordsPlace, { kept: 'nowhere' }>;
const nowhere = (reason: Missing['reason'], message: string): Missing => ({ kept: 'nowhere', reason, message });

interface PlaceSearch {
  /** Whether the zone is looked for anew. */
  readonly fresh: boolean;
  /** A pass a moment ago saw that no name above the alias is given to other name servers. */
  readonly isDelegationKnown?: boolean;
}

/** Where the alias's records are made now. */
export async function findPlace(
  issuer: IssuerPass,
  site: Site,
  { fresh, isDelegationKnown = false }: PlaceSearch,
): Promise<RecordsPlace> {
  if (isByHand(site.entry)) return { kept: 'byHand' };
  for (let attempt = 1; ; attempt++) {
    const found = await findZone(issuer, site, { fresh });
    if ('kept' in found) return found;
    const { dns, zone } = found;
    const records = await dns.findRecords(zone, site.alias);
    const isProven = isDelegationKnown || site.entry.certificate?.state === 'ISSUED';
    if (records) return unlessDelegated({ dns, zone, records }, site.alias, { isProven });
    if (attempt === 2) disagreed(zone);
  }
}

/** The public zone in which the alias's records are made now, if nobody makes them by hand. */
export async function findZone(
  issuer: IssuerPass,
  { alias, entry }: Site,
  { fresh }: Pick<PlaceSearch, 'fresh'>,
): Promise<ZonePlace | Missing> {
  const [place = { accountID: issuer.account.id }] = placesOf(entry, issuer.account.id);
  const dns = await dnsOf(issuer, place);
  const zone = choose(await dns.findZones(alias, { fresh, ...searchOf(place) }), place, alias);
  return 'kept' in zone ? zone : { dns, zone };
}

/** A zone that was listed before it was gone is not listed any more. */
function disagreed({ name }: Zone): never {
  throw new Error(`zone ${name} is listed and not found: Route 53 does not agree with itself yet`);
}

/** How a zone of that place is called by Route 53 of its account. */
async function dnsOf({ services, object, account, pass }: IssuerPass, { roleARN }: Place): Promise<Dns> {
  if (roleARN === undefined) return account.dns;
  return (await services.accounts.get({ roleARN, namespace: object.metadata.namespace }, pass)).dns;
}

const searchOf = ({ hostedZoneID }: Place): ZoneSearch =>
  hostedZoneID === undefined ? {} : { isEnough: (found) => found.some(({ id }) => id === hostedZoneID) };

function choose(zones: readonly Zone[], { accountID, hostedZoneID }: Place, alias: string): Zone | Missing {
  if (hostedZoneID !== undefined) {
    const named = zones.find(({ id }) => id === hostedZoneID);
    if (named && !named.isPrivate) return named;
    const why = named
      ? `is private, and the alias has to answer publicly`
      : `is no hosted zone of account ${accountID} that holds ${alias}`;
    return nowhere('HostedZoneNotFound', `${field}: ${hostedZoneID} ${why}`);
  }
  const [zone, ...others] = closestOf(zones);
  if (!zone) return nowhere('HostedZoneNotFound', `no public hosted zone of account ${accountID} holds ${alias}`);
  if (others.length === 0) return zone;
  const ids = [zone, ...others].map(({ id }) => id).toSorted();
  return nowhere(
    'HostedZoneAmbiguous',
    `account ${accountID} has ${ids.length} public hosted zones ${plainName(zone.name)}: ${ids.join(' and ')}. Name in ${field} the one whose name servers the domain is delegated to`,
  );
}

/** The public zones with the longest name: one, unless somebody made several of a name. */
function closestOf(zones: readonly Zone[]): readonly Zone[] {
  const [first, ...others] = zones.filter(({ isPrivate }) => !isPrivate);
  return first ? [first, ...others.filter(({ name }) => name === first.name)] : [];
}

/**
 * No record of the zone answers at or below a name that NS records give to other name servers. ACM issues a certificate by a record
 * that answers, so names above the alias are looked at until then.
 */
async function unlessDelegated(
  found: ZoneRecords,
  alias: string,
  { isProven }: { readonly isProven: boolean },
): Promise<RecordsPlace> {
  const { dns, zone, records } = found;
  const isDelegated = records.some((record) => record.name === plainName(alias) && isDelegation(record, zone));
  const name = isDelegated ? plainName(alias) : isProven ? undefined : await dns.findDelegation(zone, alias);
  if (name === undefined) return { kept: 'inZone', zone: found };
  return nowhere(
    'AliasDelegated',
    `NS records in zone ${plainName(zone.name)} (${zone.id}) give ${name} to other name servers, so a record of ${alias} in that zone would never answer: say in spec.hosting.cloudFront.dns where the zone ${name} is, or delete those NS records`,
  );
}

const isDelegation = ({ type, name }: ObservedRecord, zone: Zone) => type === 'NS' && name !== plainName(zone.name);

/** The private zones of the issuer's account that hold the alias, as far as they let us in. */
export async function findPrivate({ account, pass }: IssuerPass, { alias }: Site): Promise<readonly ZoneRecords[]> {
  const { dns } = account;
  const leftOut = (what: string) =>
    pass.event('Normal', 'PrivateZoneLeftOut', `${what} to the operator, so no record of ${alias} is made there`);
  const zones = await unlessRefused(dns.findZones(alias, { isEnough: () => true }));
  if (!zones) leftOut(`account ${account.id} does not show its private zones`);
  const found: ZoneRecords[] = [];
  for (const zone of (zones ?? []).filter(({ isPrivate }) => isPrivate)) {
    const records = await unlessRefused(dns.findRecords(zone, alias));
    if (records) found.push({ dns, zone, records });
    else if (records === null) leftOut(`private zone ${plainName(zone.name)} (${zone.id}) does not show its records`);
  }
  return found;
}

/**
 * All zones in which there may be records of the site. Besides those where they are made now, these are the zones of former places,
 * and the ones above the closest zone, in which records may be from before that one was made.
 */
export async function findAll(issuer: IssuerPass, site: Site, attempt = 1): Promise<readonly ZoneRecords[]> {
  const found = new Map<string, ZoneRecords>();
  const places = placesOf(site.entry, issuer.account.id);
  for (const place of places) {
    const dns = await dnsOf(issuer, place);
    const { hostedZoneID } = place;
    const zones = (await dns.findZones(site.alias, searchOf(place))).filter(({ isPrivate }) => !isPrivate);
    const certain = new Set(hostedZoneID === undefined ? closestOf(zones).map(({ id }) => id) : [hostedZoneID]);
    for (const zone of zones.filter(({ id }) => !found.has(id) && (hostedZoneID === undefined || certain.has(id)))) {
      const reading = dns.findRecords(zone, site.alias);
      const records = await (certain.has(zone.id) ? reading : unlessRefused(reading));
      if (records) found.set(zone.id, { dns, zone, records });
      else if (certain.has(zone.id)) return attempt === 1 ? findAll(issuer, site, attempt + 1) : disagreed(zone);
    }
  }
  return [...found.values(), ...(places.length > 0 ? await findPrivate(issuer, site) : [])];
}

/** Null: a zone that never let us in has no record of ours. */
async function unlessRefused<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (isAccessDenied(error)) return null;
    throw error;
  }
}
