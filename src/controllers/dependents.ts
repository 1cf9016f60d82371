import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import { finalizer } from '../api/names.ts';
import { mayBeRegistered } from './issuer-contract.ts';

/** The one answer to who refers to an issuer. */
export function refersTo({ metadata, spec }: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  return (
    metadata.namespace === issuer.metadata.namespace &&
    spec.issuerRefs.some(({ name }) => name === issuer.metadata.name)
  );
}

/** Those for whom the deletion of the issuer waits: their pods would lose AWS. One that is being deleted needs it no more. */
export function usersOf(issuer: OIDCIssuer, accounts: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  return accounts.filter((account) => account.metadata.deletionTimestamp === undefined && refersTo(account, issuer));
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
      account.metadata.namespace === issuer.metadata.namespace &&
      ((account.status?.issuers ?? []).some(({ url }) => urls.includes(url)) || mayTrust(account, issuer)) &&
      !(account.metadata.deletionTimestamp !== undefined && account.spec.deletionPolicy === 'Retain'),
  );
}

/** A role that its object forgot: the next pass over it knows. */
function mayTrust(account: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  return mayHaveForgotten(account) && refersTo(account, issuer);
}

/**
 * Our finalizer says that there may be a role, and a status that was lost no longer says whom it trusts. It stays so,
 * whatever other passes write, until one knows: from the first pass on, which comes before the finalizer, there is a list.
 */
export function mayHaveForgotten({ metadata, status }: IAMServiceAccount): boolean {
  return status?.issuers === undefined && (metadata.finalizers?.includes(finalizer) ?? false);
}
