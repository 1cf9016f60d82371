import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import { accountOfRole } from '../../aws/names.ts';
import { isLeavingForGood, trustedProviders, urlsOf } from '../issuer-contract.ts';
import type { IssuerSummary } from '../references.ts';

/** An issuer of a role, as the status remembers it. */
export interface IssuerEntry {
  url: string;
  providerARN: string;
}

/** One of the role's references. */
export interface Reference {
  readonly ref: NamespacedName;
  /** Undefined: it is not there, or it does not let this object's namespace refer to it. */
  readonly issuer: OIDCIssuer | undefined;
}

/** What the issuer of a reference means for the role. */
export interface Referred extends Reference {
  readonly state: 'ready' | 'notFound' | 'notReady' | 'leaving';
  /** The audiences that the issuer's provider takes. Empty: they are not known, and no statement can be written. */
  readonly audiences: readonly string[];
}

/** What its issuers mean for a role. */
export interface IssuerSituation {
  readonly referred: readonly Referred[];
  /** Of these, the ones that a role can trust now. */
  readonly ready: readonly (Referred & { readonly issuer: OIDCIssuer })[];
  /** The issuers whose statements belong in the role now. */
  readonly trusted: readonly IssuerEntry[];
}

export interface IssuerQuery {
  readonly references: readonly Reference[];
  /** The other issuers of the role's namespace, and those of other namespaces that the role trusts. */
  readonly others: readonly IssuerSummary[];
  /** The issuers whose statements the role has or may have. */
  readonly recorded: readonly IssuerEntry[];
  /** The role's account. Undefined: nothing has told it yet. */
  readonly accountID: string | undefined;
}

/**
 * Each issuer that is ready has its statements at once. A statement goes when its issuer leaves for good, or once the role refers to
 * others that are all ready. It stays while one of them cannot be seen or is not ready: a typo in a reference must not take AWS from
 * running pods, and an issuer that was deleted with Retain, or moved to another management cluster, still serves them.
 */
export function assess({ references, others, recorded, accountID }: IssuerQuery): IssuerSituation {
  const referred = references.map((reference) => ({ ...reference, ...stateOf(reference, recorded, accountID) }));
  const ready = referred.filter((each): each is Referred & { issuer: OIDCIssuer } => each.state === 'ready');
  const served = ready.flatMap(({ issuer }) => [
    ...providersOf(issuer, accountID),
    ...withoutProvider(issuer, recorded, accountID),
  ]);
  const leaving = references.flatMap(({ issuer }) => (isLeavingForGood(issuer) && issuer ? everyURL(issuer) : []));
  const isSettled = referred.every(({ state, issuer }) => state === 'ready' || isLeavingForGood(issuer));
  const kept = recorded.filter(
    ({ url, providerARN }) =>
      !leaving.includes(url) &&
      !others.some((other) => other.leavingForGood && other.providerARNs.includes(providerARN)),
  );
  return { referred, ready, trusted: eachOnce([...served, ...(isSettled ? [] : kept)]) };
}

function stateOf(
  { issuer }: Reference,
  recorded: readonly IssuerEntry[],
  accountID: string | undefined,
): Pick<Referred, 'state' | 'audiences'> {
  if (!issuer) return { state: 'notFound', audiences: [] };
  const audiences = audiencesOf(issuer, accountID);
  // While a deletion waits for the roles that trust the issuer, they lose nothing. No new role holds it up.
  const isServed = recorded.some(({ url }) => urlsOf(issuer).includes(url));
  const isDeleted = issuer.metadata.deletionTimestamp !== undefined;
  if (isLeavingForGood(issuer) || (isDeleted && !isServed)) return { state: 'leaving', audiences };
  return { state: audiences.length > 0 ? 'ready' : 'notReady', audiences };
}

const everyURL = ({ status }: OIDCIssuer) =>
  [...(status?.sites ?? []), ...(status?.providers ?? [])].map(({ url }) => url);

const eachOnce = (entries: readonly IssuerEntry[]) => [...new Map(entries.map((entry) => [entry.url, entry])).values()];

/** Those of URLs that still count and have no provider for a moment: their statements stay as they are. */
function withoutProvider(
  issuer: OIDCIssuer,
  recorded: readonly IssuerEntry[],
  accountID: string | undefined,
): IssuerEntry[] {
  const has = new Set(trustedProviders(issuer, accountID).map(({ url }) => url));
  return recorded.filter(({ url }) => urlsOf(issuer).includes(url) && !has.has(url));
}

/** Whether a role in that account can be made that trusts the issuer. */
export const isReady = (issuer: OIDCIssuer | undefined, accountID: string | undefined): boolean =>
  issuer !== undefined && issuer.metadata.deletionTimestamp === undefined && audiencesOf(issuer, accountID).length > 0;

/** What a role in that account trusts: the providers there of the URLs whose tokens count. */
export const providersOf = (issuer: OIDCIssuer, accountID: string | undefined): IssuerEntry[] =>
  trustedProviders(issuer, accountID).map(({ url, arn }) => ({ url, providerARN: arn }));

/**
 * The audiences of the current site's provider in that account, or else of a former one's. They are not those of the spec, because
 * STS compares with the provider's. Empty: not known.
 */
export function audiencesOf(issuer: OIDCIssuer, accountID: string | undefined): readonly string[] {
  return trustedProviders(issuer, accountID).find(({ audiences = [] }) => audiences.length > 0)?.audiences ?? [];
}

/** The account of a role, and how it is reached. */
export interface RoleAccount {
  /** Undefined: the issuer has not told it yet. */
  readonly accountID: string | undefined;
  /** Undefined: the operator's own credentials. */
  readonly roleARN: string | undefined;
  /** Of the object that names the role, because it is part of the external id. */
  readonly namespace: string;
}

/** The account that the object names, or else that of its first issuer. Undefined: no such issuer is there. */
export function accountAsked(
  { metadata, spec }: IAMServiceAccount,
  [first]: readonly Reference[],
): RoleAccount | undefined {
  if (spec.account) {
    const { roleARN } = spec.account;
    return { accountID: accountOfRole(roleARN), roleARN, namespace: metadata.namespace };
  }
  if (!first?.issuer) return undefined;
  const { issuer } = first;
  return {
    accountID: issuer.status?.accountID,
    roleARN: issuer.spec.account?.roleARN,
    namespace: issuer.metadata.namespace,
  };
}
