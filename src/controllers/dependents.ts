import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import { finalizer } from '../api/names.ts';
import { mayBeRegistered } from './issuer-contract.ts';
import { issuerKey, issuerRefsOf } from './references.ts';

/** The one answer to who refers to an issuer. */
export function refersTo({ metadata, spec }: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  return issuerRefsOf({ metadata, spec }).map(issuerKey).includes(issuerKey(issuer.metadata));
}

/** Those for whom the deletion of the issuer waits: their pods would lose AWS. One that is being deleted needs it no more, and one of another namespace that was never let in must not hold it. */
export function usersOf(issuer: OIDCIssuer, accounts: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  return accounts.filter(
    (account) =>
      account.metadata.deletionTimestamp === undefined &&
      refersTo(account, issuer) &&
      (account.metadata.namespace === issuer.metadata.namespace ||
        (account.status?.issuers ?? []).some(({ url }) => url === issuer.status?.issuerURL)),
  );
}

/**
 * Those whose roles have, or may have, a statement for the issuer: it must not go before they dropped it, for a provider
 * that is made anew under its URL would let in whoever that statement names.
 * One that is being deleted with Retain keeps its statement on purpose and holds nothing.
 */
export function dependentsOf(issuer: OIDCIssuer, accounts: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  // One that was never registered, as a copy of another, has its URL from its spec alone.
  const urls = mayBeRegistered(issuer)
    ? [issuer.status?.issuerURL, ...(issuer.status?.providers ?? []).map(({ url }) => url)]
    : [];
  return accounts.filter(
    (account) =>
      ((account.status?.issuers ?? []).some(({ url }) => urls.includes(url)) || mayTrust(account, issuer)) &&
      !(account.metadata.deletionTimestamp !== undefined && account.spec.deletionPolicy === 'Retain'),
  );
}

/** A role that its object forgot: the next pass over it knows. */
function mayTrust(account: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  const mayBeLetIn =
    account.metadata.namespace === issuer.metadata.namespace ||
    (issuer.spec.allowedNamespaces?.from ?? 'Same') !== 'Same';
  return mayHaveForgotten(account) && mayBeLetIn && refersTo(account, issuer);
}

/**
 * Our finalizer says that there may be a role, and a status that was lost no longer says whom it trusts. It stays so,
 * whatever other passes write, until one knows: from the first pass on, which comes before the finalizer, there is a list.
 */
export function mayHaveForgotten({ metadata, status }: IAMServiceAccount): boolean {
  return status?.issuers === undefined && (metadata.finalizers?.includes(finalizer) ?? false);
}
