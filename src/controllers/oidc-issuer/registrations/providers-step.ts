import { annotations } from '../../../api/names.ts';
import { isShutOut } from '../../../aws/errors.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { explain } from '../../explain.ts';
import { once } from '../../once.ts';
import { forgetTagKeys } from '../../tag-keys.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { isDistributions, servedURLs } from '../site/site.ts';
import { look } from './look.ts';
import { forgetAccount, formerPlaces, inEach, type Place, wantedPlaces } from './places.ts';
import { removeProviders, shown } from './removal.ts';
import {
  ensureRegistration,
  type Entry,
  isRecorded,
  recordedURLs,
  recordFound,
  type Registration,
  removeRegistration,
} from './registrations.ts';

/** One IAM OIDC provider for each URL that tokens may carry, in each account. An account that fails holds up no other. */
export const providersStep: Step<AcceptedSite, SiteContext> = {
  condition: 'ProvidersReady',
  needs: ['DistributionReady', 'DocumentsPublished', 'DNSReady'],
  rests: true,

  async reconcile(context) {
    const { object, status } = context;
    // Accounts differ in what they have, and not in what is served.
    const wanted = wantedURLs(context).map((url) => ({ url, look: once(() => look(context, url)) }));
    const waits: Outcome[] = [];
    const kept: string[] = [];
    // The current site leaves an account for all sites.
    const former = context.site.entry.phase === 'Current' ? formerPlaces(context) : [];
    await inEach(context, [...wantedPlaces(context), ...former], async (place) => {
      if (place.kind === 'former') {
        kept.push(...(await leave(context, place)));
        return;
      }
      const account = await place.reach();
      for (const { url, look } of wanted) {
        const outcome = await ensureRegistration(context, { url, account }, look);
        if (outcome.state === 'waiting') {
          waits.push(outcome);
          return;
        }
      }
      const urls = wanted.map(({ url }) => url);
      for (const url of recordedURLs(context, account.id).filter(
        (each) => isDistributions(each) && !urls.includes(each),
      ))
        kept.push(...(await dropUntrusted(context, { url, account })));
    });
    const [wait] = waits;
    if (wait) return wait;
    // All that has tags was reached in this pass, so none of the former ones is left.
    if (status.sites?.length === 1 && kept.length === 0) forgetTagKeys(status, object.spec.tags);
    const serving = (status.sites ?? []).filter(({ phase }) => phase === 'Serving').map(({ url }) => url);
    const words = [...kept];
    if (serving.length > 0 && context.site.entry.phase === 'Current') words.push(stillServing(context, serving));
    return words.length === 0 ? ready : { state: 'ready', message: words.join('; ') };
  },

  /**
   * A name behind the issuer's URL is proven not to be ours. Whoever has it can publish keys, so no provider may trust it. Once
   * the name is ours again, the providers are registered again.
   */
  async withdraw(context, proof) {
    const { pass, site } = context;
    const gone = new Set<string>();
    const places = new Set<string>();
    const tell = () => {
      if (gone.size === 0) return;
      const where = places.size > 1 ? ` (in accounts ${[...places].join(', ')})` : '';
      const message = `IAM does not trust ${[...gone].join(' and ')}${where} until the name is ours again: ${proof}`;
      pass.event('Warning', 'ProvidersWithdrawn', message);
    };
    await inEach(context, [...wantedPlaces(context), ...formerPlaces(context)], async (place) => {
      const account = await place.reach();
      // The status may miss the last one that was made.
      for (const url of servedURLs(site.entry)) await recordFound(context, { url, account });
      for (const url of recordedURLs(context, account.id)) {
        if ((await removeRegistration(context, { url, account })) !== 'deleted') continue;
        gone.add(url);
        places.add(account.id);
      }
    }).finally(tell);
  },

  remove: removeProviders,
};

/** The URLs of the site that tokens may carry. */
export function wantedURLs({ desired, site }: AcceptedSite): readonly string[] {
  return desired.keepDistributionProvider ? servedURLs(site.entry) : [site.url];
}

/** Takes the providers of all sites out of an account that the spec does not name any more. Says what stays, and why. */
async function leave(context: SiteContext, place: Place): Promise<string[]> {
  const { status } = context;
  const { accountID, name } = place;
  const isHere = (entry: Entry) => entry.accountID === accountID;
  // Somebody else's provider was only used.
  status.providers &&= status.providers.filter((entry) => entry.owned || !isHere(entry));
  const recorded = (status.providers ?? []).filter(isHere).map(({ url }) => url);
  const kept: string[] = [];
  try {
    const account = await place.reach();
    await account.open();
    // The status may miss the last one that was made.
    for (const url of new Set([...recorded, ...(status.sites ?? []).flatMap(servedURLs)]))
      kept.push(...(await dropUntrusted(context, { url, account })));
  } catch (error) {
    // Somebody closed it on purpose, and nothing that the spec asks for is missing.
    if (!isShutOut(error)) throw error;
    const { message } = explain(error);
    if (recorded.length > 0) {
      kept.push(
        `${recorded.join(' and ')} stays registered in ${name}, which the spec does not name any more and which does not let the ` +
          `operator in: ${message}`,
      );
    }
  }
  if (kept.length === 0 && !status.providers?.some(isHere)) forgetAccount(status, accountID);
  return kept;
}

/** Says what keeps it. */
async function dropUntrusted(context: SiteContext, registration: Registration): Promise<string[]> {
  const { url, account } = registration;
  if (!isRecorded(context.status, registration) && !(await recordFound(context, registration))) return [];
  const roles = await account.roles.listTrusting([account.providers.arn(url)]);
  if (roles.length > 0) return [`${url} stays registered while IAM role ${shown(roles).join(', ')} trusts it`];
  const removed = await removeRegistration(context, registration);
  return removed === 'notSeen' ? [`IAM may not show the new provider of ${url} yet: it is looked for again`] : [];
}

function stillServing({ site }: AcceptedSite, former: readonly string[]): string {
  return (
    `${former.join(' and ')} stays trusted until the cluster's new tokens carry ${site.url}: its API servers need ` +
    `--service-account-issuer=${site.url} first, and the former URL after it. If the operator does not reach the cluster, annotate ` +
    `this object with ${annotations.migrated}=${site.url} once they have` +
    (site.entry.staleAnnotation ? '; the annotation was there before: take it away first' : '')
  );
}
