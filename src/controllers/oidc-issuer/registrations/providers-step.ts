import type { IAMServiceAccount } from '../../../api/kinds.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import { ready, type Step } from '../../../runtime/step.ts';
import { dependentsOf } from '../../dependents.ts';
import { isDeletionAllowed, mayBeRegistered } from '../../issuer-contract.ts';
import { forgetTagKeys } from '../../tag-keys.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { listIAMServiceAccounts, namesOf } from '../deletion-hold.ts';
import { findURLs } from '../site/recovery.ts';
import { ensureRegistration, removeRegistration } from './registrations.ts';

/** One IAM OIDC provider for each URL that tokens may carry. */
export const providersStep: Step<AcceptedSite, SiteContext> = {
  condition: 'ProvidersReady',
  needs: ['DistributionReady', 'DocumentsPublished', 'DNSReady'],

  async reconcile(context) {
    const { account } = context;
    const wanted = wantedURLs(context);
    for (const url of wanted) {
      const outcome = await ensureRegistration(context, { url, account });
      if (outcome.state === 'waiting') return outcome;
    }
    for (const url of recordedURLs(context)) {
      if (!wanted.includes(url)) await removeRegistration(context, { url, account });
    }
    // All that has tags was reached in this pass, so none of the former ones is left.
    forgetTagKeys(context.status, context.object.spec.tags);
    return ready;
  },

  /**
   * A name behind the issuer's URL is proven not to be ours. Whoever has it can publish keys, so no provider may trust it. Once
   * the name is ours again, the providers are registered again.
   */
  async withdraw(context, proof) {
    const { account, object, pass, site } = context;
    if (!mayBeRegistered(object)) return;
    const { distribution } = site.entry;
    const own = distribution ? [issuerURL(distribution.domainName)] : [];
    // Not only those of the status, which may miss the last one that was made.
    const urls = new Set([...recordedURLs(context), site.url, ...own]);
    const gone: string[] = [];
    for (const url of urls) if ((await removeRegistration(context, { url, account })) === 'deleted') gone.push(url);
    if (gone.length === 0) return;
    const message = `IAM does not trust ${gone.join(' and ')} until the name is ours again: ${proof}`;
    pass.event('Warning', 'ProvidersWithdrawn', message);
  },

  async remove(context) {
    const { account, services } = context;
    const dependents = await findDependents(context);
    if (dependents.length > 0) {
      warn(context, dependents);
      const message = `still trusted by IAMServiceAccount ${namesOf(dependents, context.object)}: resume one that is suspended, or delete it`;
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

/** The URLs that tokens may carry. */
export function wantedURLs({ desired, site }: AcceptedSite): readonly string[] {
  const { distribution } = site.entry;
  const own = desired.keepDistributionProvider && distribution ? [issuerURL(distribution.domainName)] : [];
  return [site.url, ...own];
}

const recordedURLs = ({ status }: AcceptedSite) => (status.providers ?? []).map(({ url }) => url);

/** A role's statement outlives the provider. It would let in whoever it names as soon as there is a provider under that URL again. */
async function findDependents({ services, object, site }: SiteContext): Promise<readonly IAMServiceAccount[]> {
  // The issuer's own URL may be lost with the status.
  const status = { ...object.status, issuerURL: site.url };
  return listIAMServiceAccounts(services.kube, (candidates) => dependentsOf({ ...object, status }, candidates));
}

/** Comes before the roles drop their trust: they begin when they read in the issuer's condition that it waits for them. */
function warn({ object, pass }: SiteContext, dependents: readonly IAMServiceAccount[]): void {
  const losing = dependents.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (losing.length === 0 || !isDeletionAllowed(object)) return;
  const message = `the deletion is allowed, and so the roles of IAMServiceAccount ${namesOf(losing, object)} stop trusting this issuer: their pods lose access to AWS`;
  pass.event('Warning', 'DependentsLoseAccess', message);
}
