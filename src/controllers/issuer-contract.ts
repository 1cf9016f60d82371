import type { OIDCIssuer } from '../api/kinds.ts';
import { findCondition } from '../api/conditions.ts';
import { annotations } from '../api/names.ts';

/** What the controllers of other kinds may know of an OIDCIssuer, beside its spec and its status. */

export function clusterNameOf({ spec, metadata }: OIDCIssuer): string {
  return spec.clusterName ?? metadata.name;
}

/** The site whose URL new tokens carry, as far as the status records one. */
export function currentSiteOf(status: OIDCIssuer['status']) {
  return status?.sites?.find(({ phase }) => phase === 'Current');
}

/** The URLs whose tokens count: of the current site, and of former ones until they are retired. The current one comes first. */
export function urlsOf({ status }: Pick<OIDCIssuer, 'status'>): readonly string[] {
  return (status?.sites ?? []).filter(({ phase }) => phase !== 'Retiring').map(({ url }) => url);
}

/** The issuer's providers that roles in that account trust, the current site's first. Undefined: no account is known. */
export function trustedProviders(issuer: OIDCIssuer, accountID: string | undefined) {
  const { providers = [] } = issuer.status ?? {};
  return urlsOf(issuer).flatMap(
    (its) => providers.find((each) => each.url === its && each.accountID === accountID) ?? [],
  );
}

/** Whether the issuer may be deleted although IAMServiceAccounts refer to it. */
export function isDeletionAllowed({ metadata }: OIDCIssuer): boolean {
  const value = metadata.annotations?.[annotations.allowDeletion];
  return value !== undefined && value !== 'false';
}

/**
 * The issuer is being deleted, what it has on AWS goes with it, and its controller has named the roles in a warning: from
 * now on they drop their trust.
 */
export function isLeavingForGood(issuer: OIDCIssuer | undefined): boolean {
  if (issuer?.metadata.deletionTimestamp === undefined || !isDeletionAllowed(issuer)) return false;
  if (issuer.spec.deletionPolicy === 'Retain' || issuer.spec.suspend) return false;
  return findCondition(issuer.status?.conditions, 'ProvidersReady')?.reason === 'DependentsRemaining';
}

/** Whether IAM has a provider of this issuer, as far as the status tells. */
export function isRegistered({ status }: OIDCIssuer): boolean {
  return (status?.providers ?? []).length > 0;
}
