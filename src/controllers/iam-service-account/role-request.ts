import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { RoleRequest } from '../admission.ts';
import { accountAsked, isReady, type Reference } from './issuers.ts';

/** What a Guardrail has to allow. */
export function roleRequest(object: IAMServiceAccount, references: readonly Reference[]): RoleRequest {
  const account = accountAsked(object, references);
  const issuers = references.flatMap(({ issuer }) => issuer ?? []);
  const accountReady = issuers.some((issuer) => isReady(issuer, account?.accountID));
  return { object, issuers, account, accountReady };
}
