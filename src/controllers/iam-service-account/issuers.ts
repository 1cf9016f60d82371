import type { OIDCIssuer } from '../../api/kinds.ts';
import { isLeavingForGood, trustedProviders, urlsOf } from '../issuer-contract.ts';
import type { IssuerSummary } from '../references.ts';

/** An issuer of a role, as the status remembers it. */
export interface IssuerEntry {
  url: string;
  providerARN: string;
}

/** What its issuer means for a role. */
export interface IssuerSituation {
  /** The one that the role refers to. */
  readonly issuer: OIDCIssuer | undefined;
  readonly state: 'ready' | 'notFound' | 'notReady' | 'leaving';
  /** The audiences that the issuer's provider takes. Empty: they are not known, and no statement can be written. */
  readonly audiences: readonly string[];
  /** The issuers whose statements belong in the role now. */
  readonly trusted: readonly IssuerEntry[];
}

export interface IssuerQuery {
  /** The one that the role refers to. */
  readonly issuer: OIDCIssuer | undefined;
  /** The other issuers of the role's namespace, and those of other namespaces that the role trusts. */
  readonly others: readonly IssuerSummary[];
  /** The issuers whose statements the role has or may have. */
  readonly recorded: readonly IssuerEntry[];
}

/**
 * A statement goes when its issuer leaves for good, or once the role refers to another issuer that is ready. It stays while the
 * issuer cannot be seen or is not ready: a typo in the reference must not take AWS from running pods, and an issuer that was
 * deleted with Retain, or moved to another management cluster, still serves them.
 */
export function assess({ issuer, others, recorded }: IssuerQuery): IssuerSituation {
  const audiences = issuer ? audiencesOf(issuer) : [];
  const kept = recorded.filter(
    ({ providerARN }) => !others.some((other) => other.leavingForGood && other.providerARNs.includes(providerARN)),
  );
  if (!issuer) return { issuer, audiences, state: 'notFound', trusted: kept };
  const isLeaving = issuer.metadata.deletionTimestamp !== undefined;
  if (isLeavingForGood(issuer)) return { issuer, audiences, state: 'leaving', trusted: [] };
  // While a deletion waits for the roles that trust the issuer, they lose nothing. No new role holds it up.
  const isServed = recorded.some(({ url }) => urlsOf(issuer).includes(url));
  if (isLeaving && !isServed) return { issuer, audiences, state: 'leaving', trusted: kept };
  return audiences.length > 0
    ? { issuer, audiences, state: 'ready', trusted: [...providersOf(issuer), ...withoutProvider(issuer, recorded)] }
    : { issuer, audiences, state: 'notReady', trusted: kept };
}

/** Those of URLs that still count and have no provider for a moment: their statements stay as they are. */
function withoutProvider(issuer: OIDCIssuer, recorded: readonly IssuerEntry[]): IssuerEntry[] {
  const has = new Set(trustedProviders(issuer).map(({ url }) => url));
  return recorded.filter(({ url }) => urlsOf(issuer).includes(url) && !has.has(url));
}

/** Whether a role can be made that trusts the issuer. */
export const isReady = (issuer: OIDCIssuer | undefined): boolean =>
  issuer !== undefined && issuer.metadata.deletionTimestamp === undefined && audiencesOf(issuer).length > 0;

/** What a role in the issuer's own account trusts: the providers of the URLs whose tokens count, as far as they are there. */
export function providersOf(issuer: OIDCIssuer | undefined): IssuerEntry[] {
  return issuer ? trustedProviders(issuer).map(({ url, arn }) => ({ url, providerARN: arn })) : [];
}

/**
 * The audiences of the current site's provider, or else of a former one's. They are not those of the spec, because STS compares
 * with the provider's. Empty: not known.
 */
export function audiencesOf(issuer: OIDCIssuer): readonly string[] {
  return trustedProviders(issuer).find(({ audiences = [] }) => audiences.length > 0)?.audiences ?? [];
}
