import type { OIDCIssuer } from '../api/kinds.ts';
import type { AccountRef } from '../aws/accounts.ts';

/** How an issuer's account is reached. It is the issuer that names the role, also for the IAMServiceAccounts that inherit the account. */
export const issuerAccount = ({ metadata, spec }: OIDCIssuer): AccountRef => ({
  roleARN: spec.account?.roleARN,
  namespace: metadata.namespace,
});
