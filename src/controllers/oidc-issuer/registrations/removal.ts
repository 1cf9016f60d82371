import { annotations } from '../../../api/names.ts';
import type { IAMServiceAccount } from '../../../api/kinds.ts';
import type { Account } from '../../../aws/accounts.ts';
import { isShutOut } from '../../../aws/errors.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { dependentsOf } from '../../dependents.ts';
import { explain } from '../../explain.ts';
import { isDeletionAllowed } from '../../issuer-contract.ts';
import type { SiteContext } from '../context.ts';
import { listIAMServiceAccounts, namesOf } from '../deletion-hold.ts';
import { servedURLs } from '../site/site.ts';
import { formerPlaces, inEach, type Place, wantedPlaces } from './places.ts';
import { type Entry, recordedURLs, removeRegistration } from './registrations.ts';

/** Removes the providers of the site in all accounts, once nobody trusts them there. */
export async function removeProviders(context: SiteContext): Promise<Outcome> {
  const { object, services, site } = context;
  const { intervals } = services.settings;
  const dependents = await findDependents(context);
  if (dependents.length > 0) {
    warn(context, dependents);
    const message = `still trusted by IAMServiceAccount ${namesOf(dependents, object)}: resume one that is suspended, take the annotation ${annotations.plan} off one that has it, mend one that is not Accepted, or delete it`;
    return { state: 'waiting', reason: 'DependentsRemaining', message, requeueAfter: intervals.dependents };
  }
  const urls = await findURLs(context);
  const strangers: string[] = [];
  const notSeen = new Set<string>();
  await inEach(context, placesToLeave(context), async (place) => {
    const account = await enter(context, place);
    if (!account) return;
    const trusting = isRetired(context) ? await listTrusting(account, context) : [];
    strangers.push(...trusting);
    if (trusting.length > 0) return;
    for (const url of new Set([...urls, ...recordedURLs(context, account.id)]))
      if ((await removeRegistration(context, { url, account })) === 'notSeen') notSeen.add(url);
  });
  if (isRetired(context)) site.entry.trustedBy = shown(strangers);
  if (strangers.length > 0) {
    const message = `still trusted by IAM role ${shown(strangers).join(', ')}, which the operator did not make: take the trust away`;
    return { state: 'waiting', reason: 'DependentsRemaining', message, requeueAfter: intervals.dependents };
  }
  if (notSeen.size === 0) return ready;
  const message = `IAM may not show the new provider of ${[...notSeen].join(' and ')} yet: it is looked for again`;
  return { state: 'waiting', reason: 'Deleting', message, requeueAfter: intervals.missing };
}

/** Roles in the status and in a message: in an order that stays the same, and not more than somebody would read. */
export const shown = (roles: readonly string[]): string[] => roles.toSorted().slice(0, 20);

/** A site that is retired holds those that trust it. A deleted issuer goes once nobody trusts any of its sites. */
const isRetired = ({ object }: SiteContext) => object.metadata.deletionTimestamp === undefined;

/**
 * All accounts that may have a provider. A status that was lost does not name them, and a deletion does not ask whether the spec
 * was ever allowed. So a role that is only in the spec is assumed if a Guardrail allows it.
 */
function placesToLeave(context: SiteContext): readonly Place[] {
  const { object, services, status } = context;
  const recorded = new Set((status.additionalAccounts ?? []).map(({ roleARN }) => roleARN));
  const wanted = wantedPlaces(context);
  const unsure = wanted.filter(({ kind, roleARN }) => kind === 'additional' && !recorded.has(roleARN ?? ''));
  const verdict = isRetired(context) || unsure.length === 0 ? undefined : services.admission.issuer(object);
  if (!verdict || verdict.allowed) return [...wanted, ...formerPlaces(context)];
  const sure = wanted.filter((place) => !unsure.includes(place));
  const former = formerPlaces(context, sure);
  const isKnown = ({ accountID }: Place) => former.some((place) => place.accountID === accountID);
  for (const place of unsure.filter((each) => !isKnown(each)))
    notLookedFor(context, `in ${place.name}: ${verdict.message}`);
  return [...sure, ...former];
}

/** What is recorded of the site in that account. */
function recordedIn(context: SiteContext, accountID: string): readonly Entry[] {
  const urls = recordedURLs(context, accountID);
  return (context.status.providers ?? []).filter((entry) => entry.accountID === accountID && urls.includes(entry.url));
}

const notLookedFor = ({ pass }: SiteContext, message: string) =>
  pass.event('Warning', 'NotLookedFor', `no provider is recorded, and none was looked for, ${message}`);

/** Undefined: the account is shut, and nothing there holds the removal. */
async function enter(context: SiteContext, place: Place): Promise<Account | undefined> {
  const { pass, status } = context;
  try {
    const account = await place.reach();
    await account.open();
    return account;
  } catch (error) {
    if (place.kind === 'home' || !isShutOut(error)) throw error;
    const { message } = explain(error);
    const recorded = recordedIn(context, place.accountID);
    // Somebody else's provider stays in any case.
    const left = recorded.filter(({ owned }) => owned).map(({ arn }) => arn);
    if (place.kind === 'additional' && left.length > 0) throw new Error(remedyFor(left), { cause: error });
    if (left.length > 0) {
      const words =
        `${left.join(' and ')} is left in ${place.name}, which the spec does not name any more and which does not let the operator in: ` +
        `delete it there, because whoever gets the issuer's name could use it: ${message}`;
      pass.event('Warning', 'ProviderLeft', words);
    } else if (recorded.length === 0) notLookedFor(context, `in ${place.name}: ${message}`);
    status.providers = (status.providers ?? []).filter((entry) => !recorded.includes(entry));
    return undefined;
  }
}

const remedyFor = (providers: readonly string[]) =>
  'the removal waits until the account lets the operator in. If it never will, take it out of spec.additionalAccounts: ' +
  `${providers.join(' and ')} is then left there`;

/** The URLs that tokens may have carried. */
async function findURLs(context: SiteContext): Promise<readonly string[]> {
  const domain = await context.ownDomain();
  const { url } = context.site;
  return [...(url === '' ? [] : [url]), ...(domain === undefined ? [] : [issuerURL(domain)])];
}

/** ARNs of the roles that trust the site and that no IAMServiceAccount stands for. The status shows them. */
async function listTrusting(account: Account, context: SiteContext): Promise<readonly string[]> {
  const { entry } = context.site;
  // A provider that is not ours stays, with all that trusts it.
  const isOwned = recordedIn(context, account.id).some(({ owned }) => owned);
  if (entry.hosting === 'External' && !isOwned) return [];
  return account.roles.listTrusting(servedURLs(entry).map((url) => account.providers.arn(url)));
}

/** A role's statement outlives the provider. It would let in whoever it names as soon as there is a provider under that URL again. */
async function findDependents(context: SiteContext): Promise<readonly IAMServiceAccount[]> {
  const { services, object, site, status } = context;
  const urls = isRetired(context) ? servedURLs(site.entry) : undefined;
  return listIAMServiceAccounts(services.kube, (candidates) => dependentsOf({ ...object, status }, candidates, urls));
}

/** Comes before the roles drop their trust: they begin when they read in the issuer's condition that it waits for them. */
function warn({ object, pass }: SiteContext, dependents: readonly IAMServiceAccount[]): void {
  const losing = dependents.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (losing.length === 0 || !isDeletionAllowed(object)) return;
  const message = `the deletion is allowed, and so the roles of IAMServiceAccount ${namesOf(losing, object)} stop trusting this issuer: their pods lose access to AWS`;
  pass.event('Warning', 'DependentsLoseAccess', message);
}
