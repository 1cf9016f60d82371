import type { IAMServiceAccount } from '../../../api/kinds.ts';
import { annotations } from '../../../api/names.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import { ready, type Step } from '../../../runtime/step.ts';
import { dependentsOf } from '../../dependents.ts';
import { isDeletionAllowed } from '../../issuer-contract.ts';
import { forgetTagKeys } from '../../tag-keys.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { listIAMServiceAccounts, namesOf } from '../deletion-hold.ts';
import { isDistributions, servedURLs } from '../site/site.ts';
import { ensureRegistration, recordFound, removeRegistration } from './registrations.ts';

/** One IAM OIDC provider for each URL that tokens may carry. */
export const providersStep: Step<AcceptedSite, SiteContext> = {
  condition: 'ProvidersReady',
  needs: ['DistributionReady', 'DocumentsPublished', 'DNSReady'],

  async reconcile(context) {
    const { account, object, status } = context;
    const wanted = wantedURLs(context);
    for (const url of wanted) {
      const outcome = await ensureRegistration(context, { url, account });
      if (outcome.state === 'waiting') return outcome;
    }
    const words: string[] = [];
    for (const url of recordedURLs(context).filter((each) => isDistributions(each) && !wanted.includes(each))) {
      const roles = await account.roles.listTrusting([account.providers.arn(url)]);
      if (roles.length === 0) await removeRegistration(context, { url, account });
      else words.push(`${url} stays registered while IAM role ${shown(roles).join(', ')} trusts it`);
    }
    const waiting = (status.sites ?? []).filter(({ phase }) => phase === 'Serving').map(({ url }) => url);
    // All that has tags was reached in this pass, so none of the former ones is left.
    if (status.sites?.length === 1) forgetTagKeys(status, object.spec.tags);
    if (waiting.length > 0 && context.site.entry.phase === 'Current') words.push(stillServing(context, waiting));
    return words.length === 0 ? ready : { state: 'ready', message: words.join('; ') };
  },

  /**
   * A name behind the issuer's URL is proven not to be ours. Whoever has it can publish keys, so no provider may trust it. Once
   * the name is ours again, the providers are registered again.
   */
  async withdraw(context, proof) {
    const { account, pass, site } = context;
    // The status may miss the last one that was made.
    for (const url of servedURLs(site.entry)) await recordFound(context, { url, account });
    const gone: string[] = [];
    for (const url of recordedURLs(context))
      if ((await removeRegistration(context, { url, account })) === 'deleted') gone.push(url);
    if (gone.length === 0) return;
    const message = `IAM does not trust ${gone.join(' and ')} until the name is ours again: ${proof}`;
    pass.event('Warning', 'ProvidersWithdrawn', message);
  },

  async remove(context) {
    const { account, object, services } = context;
    const dependents = await findDependents(context);
    if (dependents.length > 0) {
      warn(context, dependents);
      const message = `still trusted by IAMServiceAccount ${namesOf(dependents, context.object)}: resume one that is suspended, take the annotation ${annotations.plan} off one that has it, or delete it`;
      const requeueAfter = services.settings.intervals.dependents;
      return { state: 'waiting', reason: 'DependentsRemaining', message, requeueAfter };
    }
    const holding = object.metadata.deletionTimestamp === undefined ? await findStrangers(context) : [];
    if (holding.length > 0) {
      const message = `still trusted by IAM role ${holding.join(', ')}, which the operator did not make: take the trust away`;
      const requeueAfter = services.settings.intervals.dependents;
      return { state: 'waiting', reason: 'DependentsRemaining', message, requeueAfter };
    }
    const notSeen: string[] = [];
    for (const url of await findURLs(context))
      if ((await removeRegistration(context, { url, account })) === 'notSeen') notSeen.push(url);
    if (notSeen.length === 0) return ready;
    const message = `IAM may not show the new provider of ${notSeen.join(' and ')} yet: it is looked for again`;
    return { state: 'waiting', reason: 'Deleting', message, requeueAfter: services.settings.intervals.missing };
  },
};

/** The URLs of the site that tokens may carry. */
export function wantedURLs({ desired, site }: AcceptedSite): readonly string[] {
  return desired.keepDistributionProvider ? servedURLs(site.entry) : [site.url];
}

/** The recorded providers of this site. Those that are of no site any more, as of a distribution that is lost, go to the current one. */
export function recordedURLs({ site, status }: SiteContext): readonly string[] {
  const others = (status.sites ?? []).filter(({ url }) => url !== site.url).flatMap(servedURLs);
  const isMine = (url: string) =>
    servedURLs(site.entry).includes(url) || (site.entry.phase === 'Current' && !others.includes(url));
  return (status.providers ?? []).map(({ url }) => url).filter(isMine);
}

function stillServing({ site }: AcceptedSite, former: readonly string[]): string {
  return (
    `${former.join(' and ')} stays trusted until the cluster's new tokens carry ${site.url}: its API servers need ` +
    `--service-account-issuer=${site.url} first, and the former URL after it. If the operator does not reach the cluster, annotate ` +
    `this object with ${annotations.migrated}=${site.url} once they have` +
    (site.entry.staleAnnotation ? '; the annotation was there before: take it away first' : '')
  );
}

/** The URLs that tokens may have carried, and the recorded ones. */
async function findURLs(context: SiteContext): Promise<ReadonlySet<string>> {
  const domain = await context.ownDomain();
  const { url } = context.site;
  return new Set([
    ...recordedURLs(context),
    ...(url === '' ? [] : [url]),
    ...(domain === undefined ? [] : [issuerURL(domain)]),
  ]);
}

/** ARNs of the roles that trust the site and that no IAMServiceAccount stands for. The status shows them. */
async function findStrangers({ account, site, status }: SiteContext): Promise<readonly string[]> {
  const { entry } = site;
  // A provider that is not ours stays, with all that trusts it.
  const isOwned = (status.providers ?? []).some(({ url, owned }) => owned && url === entry.url);
  if (entry.hosting === 'External' && !isOwned) return [];
  const roles = await account.roles.listTrusting(servedURLs(entry).map((url) => account.providers.arn(url)));
  entry.trustedBy = shown(roles);
  return entry.trustedBy;
}

/** Roles in the status and in a message: in an order that stays the same, and not more than somebody would read. */
const shown = (roles: readonly string[]): string[] => roles.toSorted().slice(0, 20);

/** A role's statement outlives the provider. It would let in whoever it names as soon as there is a provider under that URL again. */
async function findDependents(context: SiteContext): Promise<readonly IAMServiceAccount[]> {
  const { services, object, site, status } = context;
  // A site that is retired holds those that trust it. A deleted issuer goes once nobody trusts any of its sites.
  const isRetired = object.metadata.deletionTimestamp === undefined;
  const urls = isRetired ? servedURLs(site.entry) : undefined;
  return listIAMServiceAccounts(services.kube, (candidates) => dependentsOf({ ...object, status }, candidates, urls));
}

/** Comes before the roles drop their trust: they begin when they read in the issuer's condition that it waits for them. */
function warn({ object, pass }: SiteContext, dependents: readonly IAMServiceAccount[]): void {
  const losing = dependents.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (losing.length === 0 || !isDeletionAllowed(object)) return;
  const message = `the deletion is allowed, and so the roles of IAMServiceAccount ${namesOf(losing, object)} stop trusting this issuer: their pods lose access to AWS`;
  pass.event('Warning', 'DependentsLoseAccess', message);
}
