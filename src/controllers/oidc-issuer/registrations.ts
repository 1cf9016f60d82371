import { findCondition } from '../../api/conditions.ts';
import type { Account } from '../../aws/accounts.ts';
import { isAlreadyExists, isUnreachable } from '../../aws/errors.ts';
import { isOurs } from '../../aws/ownership.ts';
import type { Provider } from '../../aws/providers.ts';
import { diffTags } from '../../aws/tags.ts';
import { minutes } from '../../runtime/duration.ts';
import { type Outcome, ready } from '../../runtime/step.ts';
import { leftAlone, mayLackTags, mustBeOurs } from '../ownership.ts';
import type { IssuerContext, IssuerRemoval } from './context.ts';
import { look, type Looked, served } from './look.ts';
import { isNew, mayBeNew } from './propagation.ts';
import { settle, settledFields } from './settled.ts';

/** One IAM OIDC provider. Its URL and its account together are its ARN. */
export interface Registration {
  readonly url: string;
  readonly account: Account;
}

type Status = IssuerContext['status'];
type Entry = NonNullable<Status['providers']>[number];

export function findRegistration({ url, account }: Registration): Promise<Provider | undefined> {
  return account.providers.find(account.providers.arn(url));
}

/** Makes it once the documents behind its URL are ours, and repairs it. */
export async function ensureRegistration(context: IssuerContext, registration: Registration): Promise<Outcome> {
  const { services, desired, object, status } = context;
  const { url, account } = registration;
  const observed = entryOf(status, registration) && (await findRegistration(registration));
  if (observed) return repair(context, registration, observed);
  // IAM is not told to trust documents that are not there yet, or that are somebody else's.
  const verdict = services.settings.issuerCheck.mode === 'Skip' ? undefined : await look(context, url);
  if (verdict && verdict.state !== 'ours') {
    return {
      ...notServed(context, `${verdict.message}${hint(context, url, verdict.answer)}`),
      isOver: served(context, url),
    };
  }
  await settle(services.kube, object, desired);
  try {
    const arn = await account.providers.create({ url, audiences: desired.audiences, tags: desired.tags });
    record(context, registration, arn);
    return ready;
  } catch (error) {
    if (isUnreachable(error)) return notServed(context, `IAM cannot fetch ${url}`);
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
  context: IssuerContext | IssuerRemoval,
  registration: Registration,
): Promise<'deleted' | 'none' | 'notSeen'> {
  const { owner, status, pass, services } = context;
  const observed = await findRegistration(registration);
  const entry = entryOf(status, registration);
  if (!observed && entry && mayBeNew(context, 'ProvidersReady')) return 'notSeen';
  if (observed && mayLackTags({ tags: observed.tags, isNew: isNew(services, observed.createdAt) })) return 'notSeen';
  const own = observed !== undefined && isOurs(observed.tags, owner);
  if (own) await registration.account.providers.delete(observed.arn);
  else if (observed) leftAlone(pass, `IAM OIDC provider ${observed.arn}`);
  // A recorded provider that shows no tags may still be ours, so it is not forgotten while it lives.
  const mayBeOurs = observed !== undefined && Object.keys(observed.tags).length === 0;
  if (entry && !mayBeOurs) status.providers = status.providers?.filter((other) => other !== entry) ?? [];
  if (status.providers?.length === 0) delete status.settled;
  return own ? 'deleted' : 'none';
}

async function repair(
  context: IssuerContext,
  registration: Registration,
  { arn, audiences, tags, createdAt }: Provider,
): Promise<Outcome> {
  const { owner, desired, services, object, status } = context;
  mustBeOurs({ what: `IAM OIDC provider ${arn}`, tags, isNew: isNew(services, createdAt) }, owner);
  record(context, registration, arn);
  await settle(services.kube, object, desired);
  await registration.account.providers.update(arn, {
    addAudiences: desired.audiences.filter((audience) => !audiences.includes(audience)),
    removeAudiences: audiences.filter((audience) => !desired.audiences.includes(audience)),
    tags: diffTags(tags, desired.tags, { former: status.tagKeys ?? [] }),
  });
  return ready;
}

const isOf =
  ({ url, account }: Registration) =>
  (entry: Entry) =>
    entry.url === url && entry.accountID === account.id;

const entryOf = ({ providers = [] }: Status, registration: Registration): Entry | undefined =>
  providers.find(isOf(registration));

/** Roles ask for the audiences of the status, never for those of a spec that may have been refused since. */
function record({ desired, status }: IssuerContext, registration: Registration, arn: string): void {
  const { url, account } = registration;
  const { id: accountID, roleARN } = account;
  const audiences = [...desired.audiences];
  const entry = { url, arn, accountID, ...(roleARN !== undefined && { roleARN }), audiences, owned: true };
  const isSame = isOf(registration);
  status.providers = [...(status.providers ?? []).filter((other) => !isSame(other)), entry];
  status.settled = settledFields(desired);
}

/** Says what the cause may be. */
function hint({ desired }: IssuerContext, url: string, answer: Looked['answer']): string {
  if (answer === undefined) return '';
  // Only the alias is a record of ours, and it is on all of Route 53's servers by now. CloudFront serves its own names.
  return answer === 'unresolved' && url !== desired.issuerURL ? '' : hints[answer];
}

const hints: Readonly<Record<NonNullable<Looked['answer']>, string>> = {
  unresolved:
    ': Route 53 serves the record, so the operator probably sees another zone of the name (split horizon): ' +
    "set issuerCheck.nameservers in the operator's configuration, or issuerCheck.mode: Skip, which leaves the look to IAM",
  noResolver:
    ": the operator's name servers fail or do not answer: mend them, or set issuerCheck.nameservers or issuerCheck.mode: Skip " +
    'in its configuration',
  none:
    ': if the operator has no way out, set HTTPS_PROXY, or issuerCheck.mode: Skip in its configuration, which leaves the ' +
    'look to IAM',
};

/** For this time it is usual that the documents are not served yet. */
const patience = minutes(10);

function notServed({ services, object, pass }: IssuerContext, message: string) {
  const known = findCondition(object.status?.conditions, 'ProvidersReady');
  const reason = 'DocumentsNotServed';
  const waitsSince = known?.reason === reason ? Date.parse(known.lastTransitionTime) : Infinity;
  if (services.clock.now().getTime() - waitsSince >= patience) pass.event('Warning', reason, message);
  return { state: 'waiting', reason, message, requeueAfter: services.settings.intervals.documents } as const;
}
