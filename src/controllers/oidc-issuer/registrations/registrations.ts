import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { Account } from '../../../aws/accounts.ts';
import { isAlreadyExists, isLimitExceeded, isUnreachable } from '../../../aws/errors.ts';
import { isOurs } from '../../../aws/ownership.ts';
import type { Provider } from '../../../aws/providers.ts';
import { diffTags } from '../../../aws/tags.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { TerminalError } from '../../explain.ts';
import { type Found, leftAlone, mayLackTags, mustBeOurs, mustShowTags } from '../../ownership.ts';
import type { AcceptedSite, IssuerPass, SiteContext } from '../context.ts';
import { type Looked, served } from './look.ts';
import { hint, notServed } from './not-served.ts';
import { isNew, mayBeNew } from '../site/propagation.ts';
import { servedURLs } from '../site/site.ts';

/** One IAM OIDC provider. Its URL and its account together are its ARN. */
export interface Registration {
  readonly url: string;
  readonly account: Account;
}

/** What the status records of a registration. */
export type Entry = NonNullable<OIDCIssuerStatus['providers']>[number];
/** What is recorded of a provider. */
type Recorded = Pick<Provider, 'arn' | 'audiences'> & { readonly owned?: boolean };

export function findRegistration({ url, account }: Registration): Promise<Provider | undefined> {
  return account.providers.find(account.providers.arn(url));
}

/**
 * The URLs of the recorded providers of this site, in that account or in all. Those that are of no site any more, as of a distribution
 * that is lost, go to the current one.
 */
export function recordedURLs({ site, status }: SiteContext, accountID?: string): readonly string[] {
  const others = (status.sites ?? []).filter(({ url }) => url !== site.url).flatMap(servedURLs);
  const isMine = (url: string) =>
    servedURLs(site.entry).includes(url) || (site.entry.phase === 'Current' && !others.includes(url));
  return (status.providers ?? [])
    .filter((entry) => accountID === undefined || entry.accountID === accountID)
    .map(({ url }) => url)
    .filter(isMine);
}

/** Records a provider of ours that the status does not name, because the status was lost. Tells whether there is one. */
export async function recordFound(context: IssuerPass, registration: Registration): Promise<boolean> {
  const found = await findRegistration(registration);
  if (!found || !isOurs(found.tags, context.owner)) return false;
  record(context, registration, found);
  return true;
}

/**
 * The URLs of sites that IAM trusts or has trusted. The status may miss a provider that was made when the operator died. So IAM is
 * asked about a former site of which the status has none, before the site counts as one that nobody needs.
 */
export async function trustedURLs(issuer: IssuerPass, current: string): Promise<ReadonlySet<string>> {
  const { account, status } = issuer;
  const trusted = new Set((status.providers ?? []).map(({ url }) => url));
  for (const { url, phase, registered } of status.sites ?? []) {
    if (url === current || trusted.has(url) || phase === 'Retiring') continue;
    // A provider that was withdrawn is made again once the name is ours again.
    if (registered || (await mayBeTrusted(issuer, { url, account }))) trusted.add(url);
  }
  return trusted;
}

/** Whether there is a provider of ours, or one that may be. */
async function mayBeTrusted({ owner, services }: IssuerPass, registration: Registration): Promise<boolean> {
  const found = await findRegistration(registration);
  if (!found) return false;
  return isOurs(found.tags, owner) || mayLackTags({ tags: found.tags, isNew: isNew(services, found.createdAt) });
}

/**
 * Makes it once the documents behind its URL are ours, and repairs it.
 * @param look looks at the URL as STS would
 */
export async function ensureRegistration(
  context: AcceptedSite,
  registration: Registration,
  look: () => Promise<Looked>,
): Promise<Outcome> {
  const { services, desired, status } = context;
  const { url, account } = registration;
  const isExternal = context.site.entry.hosting === 'External';
  const entry = entryOf(status, registration);
  const observed = (entry || isExternal) && (await findRegistration(registration));
  if (observed && isExternal && !entry?.owned) mustShowTags(asFound(context, observed));
  if (observed && isExternal && !entry?.owned && !isOurs(observed.tags, context.owner)) {
    return use(context, registration, observed);
  }
  if (observed) return repair(context, registration, observed);
  // IAM is not told to trust documents that are not there yet, or that are somebody else's.
  const verdict = services.settings.issuerCheck.mode === 'Skip' ? undefined : await look();
  if (verdict && verdict.state !== 'ours') {
    return {
      ...notServed(context, `${verdict.message}${hint(context, url, verdict.answer)}`),
      isOver: served(context, url),
    };
  }
  try {
    const arn = await account.providers.create({ url, audiences: desired.audiences, tags: desired.tags });
    record(context, registration, { arn, audiences: desired.audiences });
    return ready;
  } catch (error) {
    if (isUnreachable(error)) return notServed(context, `IAM of account ${account.id} cannot fetch ${url}`);
    if (isLimitExceeded(error)) throw quotaFull(account.id, error);
    const there = isAlreadyExists(error) ? await findRegistration(registration) : undefined;
    if (!there) throw error;
    return repair(context, registration, there);
  }
}

/**
 * Deletes the provider if it is ours, and takes it out of the status.
 * `notSeen`: it is so new that IAM may not show it yet. It stays in the status, and is looked for again.
 */
export async function removeRegistration(
  context: SiteContext,
  registration: Registration,
): Promise<'deleted' | 'none' | 'notSeen'> {
  const { owner, status, pass, services } = context;
  const entry = entryOf(status, registration);
  const forget = () => {
    status.providers = status.providers?.filter((other) => other !== entry) ?? [];
  };
  if (entry?.owned === false) {
    forget();
    return 'none';
  }
  const observed = await findRegistration(registration);
  if (!observed && entry && mayBeNew(context, 'ProvidersReady')) return 'notSeen';
  if (observed && mayLackTags({ tags: observed.tags, isNew: isNew(services, observed.createdAt) })) return 'notSeen';
  const own = observed !== undefined && isOurs(observed.tags, owner);
  if (own) await registration.account.providers.delete(observed.arn);
  else if (observed) leftAlone(pass, `IAM OIDC provider ${observed.arn}`);
  // A recorded provider that shows no tags may still be ours, so it is not forgotten while it lives.
  const mayBeOurs = observed !== undefined && Object.keys(observed.tags).length === 0;
  if (entry && !mayBeOurs) forget();
  return own ? 'deleted' : 'none';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const quotaFull = (accountID: string, cause: unknown) =>
  new TerminalError(
    'LimitExceeded',
    `account ${accountID} has as many IAM OIDC providers as its quota L-858F3967 allows: ask AWS for more (Service Quotas, in IAM), or ` +
      'delete providers that nobody needs',
    { cause },
  );

async function repair(context: AcceptedSite, registration: Registration, provider: Provider): Promise<Outcome> {
  const { owner, desired, status } = context;
  const { arn, audiences, tags } = provider;
  mustBeOurs(asFound(context, provider), owner);
  const wanted = [...desired.audiences, ...formerAudiences(context, registration, audiences)];
  record(context, registration, { arn, audiences: wanted });
  await registration.account.providers.update(arn, {
    addAudiences: wanted.filter((audience) => !audiences.includes(audience)),
    removeAudiences: audiences.filter((audience) => !wanted.includes(audience)),
    tags: diffTags(tags, desired.tags, { former: status.tagKeys ?? [] }),
  });
  return ready;
}

const asFound = ({ services }: IssuerPass, { arn, tags, createdAt }: Provider): Found => ({
  what: `IAM OIDC provider ${arn}`,
  tags,
  isNew: isNew(services, createdAt),
});

/** Somebody else hosts the issuer and made its provider, which is used as it is. */
function use(context: AcceptedSite, registration: Registration, { arn, audiences }: Provider): Outcome {
  const { desired, services } = context;
  const missing = desired.audiences.filter((audience) => !audiences.includes(audience));
  if (missing.length === 0) {
    record(context, registration, { arn, audiences, owned: false });
    return ready;
  }
  const message =
    `IAM OIDC provider ${arn} is somebody else's and lacks the audience ${missing.join(' and ')}: ` +
    'add it there, or name one of its audiences in spec.audiences';
  return { state: 'waiting', reason: 'AudienceMissing', message, requeueAfter: services.settings.intervals.missing };
}

/**
 * Pods may carry tokens for an audience that the spec named before, for as long as they run. So it stays until somebody who knows
 * takes it away in IAM. If the status is lost, nobody can tell it from one that somebody else added.
 */
function formerAudiences(
  { desired, object }: AcceptedSite,
  registration: Registration,
  observed: readonly string[],
): readonly string[] {
  const recorded = entryOf(object.status ?? {}, registration)?.audiences ?? observed;
  return observed.filter((audience) => recorded.includes(audience) && !desired.audiences.includes(audience));
}

const isOf =
  ({ url, account }: Registration) =>
  (entry: Entry) =>
    entry.url === url && entry.accountID === account.id;

const entryOf = ({ providers = [] }: OIDCIssuerStatus, registration: Registration): Entry | undefined =>
  providers.find(isOf(registration));

export const isRecorded = (status: OIDCIssuerStatus, registration: Registration): boolean =>
  entryOf(status, registration) !== undefined;

/** Roles ask for the audiences of the status, never for those of a spec that may have been refused since. */
function record({ status }: IssuerPass, registration: Registration, recorded: Recorded): void {
  const { url, account } = registration;
  const { id: accountID, roleARN } = account;
  const { arn, owned = true } = recorded;
  const audiences = [...recorded.audiences];
  const entry = { url, arn, accountID, ...(roleARN !== undefined && { roleARN }), audiences, owned };
  const entries = status.providers ?? [];
  const isSame = isOf(registration);
  // In its place: the order stays the same from pass to pass, whichever account fails.
  status.providers = entries.some(isSame)
    ? entries.map((other) => (isSame(other) ? entry : other))
    : [...entries, entry];
  for (const site of status.sites ?? []) if (site.url === url) site.registered = true;
}
