import type { RecordChange } from '../../../aws/dns.ts';
import { isAccessDenied, isChangeRefused } from '../../../aws/errors.ts';
import { plainName } from '../../../aws/names.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { leftAlone, notOwned } from '../../ownership.ts';
import { changeRecords, type AcceptedSite, type SiteContext, type ZonePlace, type ZoneRecords } from '../context.ts';
import { awaitByHand, lookForAlias, releaseRecords } from './by-hand.ts';
import { addressRecords, aliasChanges, aliasCreations, aliasDeletions, pointsAt, upsert } from './dns-records.ts';
import { isByHand } from './places.ts';
import { tellRecords, toldRecords } from './told-records.ts';
import { findZone } from './zones.ts';

/**
 * The alias records, until all of Route 53's servers have them, or until DNS shows the one that somebody else makes.
 * Changes under way are known to this instance alone: after a restart the documents are fetched through the alias all the same
 * before anything trusts it.
 */
export const dnsStep: Step<AcceptedSite, SiteContext> = {
  condition: 'DNSReady',
  needs: ['DistributionReady'],
  rests: true,

  async reconcile(context) {
    const { site, status } = context;
    const { alias, entry } = site;
    if (!entry.distribution) throw new Error(`the distribution of ${alias} went away during the pass`);
    const { domainName: domain } = entry.distribution;
    if (isByHand(entry)) return aliasByHand(context, domain);
    const { zone, changed } = (await createFirst(context, domain)) ?? (await ensure(context, domain));
    tellRecords(
      status,
      alias,
      ['A', 'AAAA'].map((type) => ({ name: alias, type, value: domain, present: true })),
    );
    for (const each of await context.privateRecords()) await answerPrivately(context, each, domain);
    return changed ?? inSync(context, [zone]);
  },

  /** What was changed is known by its id. */
  async lookAgain(context) {
    const zone = isByHand(context.site.entry) ? undefined : await findZone(context, context.site, { fresh: false });
    if (!zone || 'kept' in zone || !context.services.dnsChanges.has(changeKey(context, zone))) return undefined;
    return inSync(context, [zone]);
  },

  async remove(context) {
    const { site, pass } = context;
    const { alias } = site;
    if (isByHand(site.entry)) releaseRecords(context);
    const zones = await context.allRecords();
    if (zones.length === 0) return ready;
    const domain = await context.ownDomain();
    let changed: Outcome | undefined;
    for (const zone of zones) {
      const changes = aliasDeletions(zone.records, { alias, domains: domain === undefined ? [] : [domain] });
      changed = (await change(context, zone, changes)) ?? changed;
      if (changes.length === 0 && addressRecords(zone.records, alias).length > 0)
        leftAlone(pass, `DNS record ${alias}`);
    }
    return changed ?? inSync(context, zones);
  },
};

interface Ensured {
  readonly zone: ZonePlace;
  /** What to wait for. Undefined: all was there. */
  readonly changed: Outcome | undefined;
}

/**
 * If nobody read the zone in this pass and the records were never there, then they are created unread: Route 53 refuses that if
 * anything is in the way. Undefined: the zone has to be read.
 */
async function createFirst(context: AcceptedSite, domain: string): Promise<Ensured | undefined> {
  const { site, status, pass } = context;
  const { alias } = site;
  const wereThere = toldRecords(status, alias).some(({ name }) => name === alias);
  if (!pass.isReturn || pass.plan || wereThere) return undefined;
  const zone = await findZone(context, site, { fresh: false });
  if ('kept' in zone) return undefined;
  try {
    return { zone, changed: await change(context, zone, aliasCreations({ alias, domain })) };
  } catch (error) {
    if (isChangeRefused(error)) return undefined;
    throw error;
  }
}

async function ensure(context: AcceptedSite, domain: string): Promise<Ensured> {
  const { alias } = context.site;
  const place = await context.records();
  if (place.kept !== 'inZone') throw new Error(`the zone of ${alias} went away during the pass`);
  const { zone } = place;
  const changes = aliasChanges(zone.records, { alias, domain });
  if (!changes) {
    throw notOwned(`a DNS record ${alias} that does not point at ${domain}`);
  }
  return { zone, changed: await change(context, zone, changes) };
}

async function aliasByHand(context: AcceptedSite, domain: string): Promise<Outcome> {
  const found = await lookForAlias(context, domain);
  if (found.isThere) return ready;
  if (found.isShown === false || context.services.settings.issuerCheck.mode === 'Required') {
    return awaitByHand(context, found);
  }
  const message = `not looked at, because no name server answers and issuerCheck.mode is Skip: ${found.request}`;
  return { state: 'ready', message };
}

/** In a private zone there can be no alias record of a distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html */
async function answerPrivately(context: AcceptedSite, zone: ZoneRecords, domain: string): Promise<void> {
  const { site, pass } = context;
  const { alias } = site;
  const observed = addressRecords(zone.records, alias);
  const name = `private zone ${plainName(zone.zone.name)} (${zone.zone.id})`;
  if (observed.length > 0) {
    if (observed.every((record) => pointsAt(record, domain))) return;
    const message = `DNS record ${alias} in ${name} does not point at ${domain} and is left alone`;
    return pass.event('Warning', 'PrivateRecordForeign', message);
  }
  try {
    await change(context, zone, [upsert({ name: alias, type: 'CNAME', value: domain })]);
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    const message = `${name} does not let the operator make records, so ${alias} does not answer inside its VPCs`;
    pass.event('Normal', 'PrivateZoneLeftOut', message);
  }
}

/** Gives what to wait for: no change is on all servers at once. Undefined: there was nothing to change. */
async function change(
  context: SiteContext,
  zone: ZonePlace,
  changes: readonly RecordChange[],
): Promise<Outcome | undefined> {
  if (changes.length === 0) return undefined;
  const id = await changeRecords(context, zone, changes);
  context.services.dnsChanges.set(changeKey(context, zone), id);
  return rollingOut(context, id);
}

const changeKey = ({ object, site }: SiteContext, { zone }: ZonePlace) =>
  `${object.metadata.uid} ${site.url} ${zone.id}`;

async function inSync(context: SiteContext, zones: readonly ZonePlace[]): Promise<Outcome> {
  const { dnsChanges } = context.services;
  for (const zone of zones) {
    const key = changeKey(context, zone);
    const id = dnsChanges.get(key);
    if (id !== undefined && !(await zone.dns.isInSync(id))) return rollingOut(context, id);
    dnsChanges.delete(key);
  }
  return ready;
}

const rollingOut = ({ services }: SiteContext, id: string): Outcome => ({
  state: 'waiting',
  reason: 'DNSChangePending',
  message: `Route 53 is rolling out change ${id} to its servers`,
  requeueAfter: services.settings.intervals.dns,
});
