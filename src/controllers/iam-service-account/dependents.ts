import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { finalizer } from '../../api/names.ts';
import { isUnobserved } from './record.ts';

/**
 * Those whose roles have, or may have, a statement for the issuer: it must not go before they dropped it, for a provider
 * that is made anew under its URL would let in whoever that statement names.
 * One that is being deleted with Retain keeps its statement on purpose and holds nothing.
 */
export function dependentsOf(issuer: OIDCIssuer, accounts: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  const urls = [issuer.status?.issuerURL, ...(issuer.status?.providers ?? []).map(({ url }) => url)];
  return accounts.filter(
    (account) =>
      account.metadata.namespace === issuer.metadata.namespace &&
      ((account.status?.issuers ?? []).some(({ url }) => urls.includes(url)) || mayHaveForgotten(account, issuer)) &&
      !(account.metadata.deletionTimestamp !== undefined && account.spec.deletionPolicy === 'Retain'),
  );
}

/** Our finalizer says that there may be a role, and a status that was lost no longer says whom it trusts: its next pass does. */
function mayHaveForgotten(account: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  return (
    isUnobserved(account) &&
    account.status?.issuers === undefined &&
    (account.metadata.finalizers?.includes(finalizer) ?? false) &&
    account.spec.issuerRefs.some(({ name }) => name === issuer.metadata.name)
  );
}
