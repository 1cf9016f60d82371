import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';

/**
 * Those whose roles have, or may have, a statement for the issuer: it must not go before they dropped it, for a provider
 * that is made anew under its URL would let in whoever that statement names.
 * One that is being deleted with Retain keeps its statement on purpose and holds nothing.
 */
export function dependentsOf(issuer: OIDCIssuer, accounts: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  const urls = [issuer.status?.issuerURL, ...(issuer.status?.providers ?? []).map(({ url }) => url)];
  return accounts.filter(
    ({ metadata, spec, status }) =>
      metadata.namespace === issuer.metadata.namespace &&
      (status?.issuers ?? []).some(({ url }) => urls.includes(url)) &&
      !(metadata.deletionTimestamp !== undefined && spec.deletionPolicy === 'Retain'),
  );
}
