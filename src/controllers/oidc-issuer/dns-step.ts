import { type Outcome, ready, type Step } from '../../runtime/step.ts';
import { leftAlone, notOwned } from '../ownership.ts';
import { changeRecords, type IssuerContext, type IssuerRemoval } from './context.ts';
import { addressRecords, aliasChanges, aliasDeletions } from './dns-records.ts';

/**
 * The alias records, until all of Route 53's servers have them.
 * Changes under way are known to this instance alone: after a restart the documents are fetched through the alias all the same
 * before anything trusts it.
 */
export class DnsStep implements Step<IssuerContext, IssuerRemoval> {
  readonly condition = 'DNSReady';
  readonly needs = ['DistributionReady'] as const;
  /** Ids of changes by the issuer's UID. */
  readonly #changes = new Map<string, string>();

  async reconcile(context: IssuerContext): Promise<Outcome> {
    const { desired, status } = context;
    const zone = await context.records();
    if (!zone || !status.distribution) throw new Error(`the zone of ${desired.alias} went away during the pass`);
    const target = { alias: desired.alias, domain: status.distribution.domainName };
    const changes = aliasChanges(zone.records, target);
    if (!changes) {
      throw notOwned(`a DNS record ${desired.alias} that does not point at ${target.domain}`);
    }
    if (changes.length > 0) this.#changes.set(desired.uid, await changeRecords(context, zone.zone, changes));
    return this.#inSync(context);
  }

  async remove(context: IssuerRemoval): Promise<Outcome> {
    const { issuer, alias, pass } = context;
    const zone = alias === undefined ? undefined : await context.records();
    if (alias === undefined || !zone) return ready;
    const domain = await context.ownDomain();
    const changes = aliasDeletions(zone.records, { alias, domains: domain === undefined ? [] : [domain] });
    if (changes.length > 0) this.#changes.set(issuer.metadata.uid, await changeRecords(context, zone.zone, changes));
    else if (addressRecords(zone.records, alias).length > 0) leftAlone(pass, `DNS record ${alias}`);
    return this.#inSync(context);
  }

  async #inSync({ account, issuer, dependencies }: IssuerContext | IssuerRemoval): Promise<Outcome> {
    const { uid } = issuer.metadata;
    const change = this.#changes.get(uid);
    if (change !== undefined && !(await account.dns.isInSync(change))) {
      const message = `Route 53 is bringing change ${change} to its servers`;
      return {
        state: 'waiting',
        reason: 'DNSChangePending',
        message,
        requeueAfter: dependencies.settings.intervals.dns,
      };
    }
    this.#changes.delete(uid);
    return ready;
  }
}
