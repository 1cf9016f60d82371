import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { leftAlone, notOwned } from '../../ownership.ts';
import { changeRecords, type AcceptedSite, type SiteContext } from '../context.ts';
import { addressRecords, aliasChanges, aliasDeletions } from './dns-records.ts';

/**
 * The alias records, until all of Route 53's servers have them.
 * Changes under way are known to this instance alone: after a restart the documents are fetched through the alias all the same
 * before anything trusts it.
 */
export const dnsStep: Step<AcceptedSite, SiteContext> = {
  condition: 'DNSReady',
  needs: ['DistributionReady'],

  async reconcile(context) {
    const { services, site } = context;
    const { alias, entry } = site;
    const zone = await context.records();
    if (!zone || !entry.distribution) throw new Error(`the zone of ${alias} went away during the pass`);
    const target = { alias, domain: entry.distribution.domainName };
    const changes = aliasChanges(zone.records, target);
    if (!changes) {
      throw notOwned(`a DNS record ${alias} that does not point at ${target.domain}`);
    }
    if (changes.length > 0) {
      services.dnsChanges.set(changeKey(context), await changeRecords(context, zone.zone, changes));
    }
    return inSync(context);
  },

  async remove(context) {
    const { services, site, pass } = context;
    const { alias } = site;
    const zone = await context.records();
    if (!zone) return ready;
    const domain = await context.ownDomain();
    const changes = aliasDeletions(zone.records, { alias, domains: domain === undefined ? [] : [domain] });
    if (changes.length > 0) {
      services.dnsChanges.set(changeKey(context), await changeRecords(context, zone.zone, changes));
    } else if (addressRecords(zone.records, alias).length > 0) leftAlone(pass, `DNS record ${alias}`);
    return inSync(context);
  },
};

const changeKey = ({ object, site }: SiteContext) => `${object.metadata.uid} ${site.url}`;

async function inSync(context: SiteContext): Promise<Outcome> {
  const { account, services } = context;
  const { dnsChanges, settings } = services;
  const key = changeKey(context);
  const change = dnsChanges.get(key);
  if (change !== undefined && !(await account.dns.isInSync(change))) {
    const message = `Route 53 is rolling out change ${change} to its servers`;
    return { state: 'waiting', reason: 'DNSChangePending', message, requeueAfter: settings.intervals.dns };
  }
  dnsChanges.delete(key);
  return ready;
}
