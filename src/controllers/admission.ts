import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';

export interface Allowed {
  readonly allowed: true;
  /** The Guardrail that allows it. */
  readonly guardrail: string;
  /** The boundary for a role whose object names none. */
  readonly permissionsBoundary?: string;
  /** Whether the Guardrail lists the role that the object names among the existing ones that may be taken. Of roles only. */
  readonly existingRole?: boolean;
}

/** What the Guardrails say of an object. */
export type Verdict = Allowed | { readonly allowed: false; readonly message: string };

export interface RoleRequest {
  readonly object: IAMServiceAccount;
  /** Those to which the object refers, as far as they are there. */
  readonly issuers: readonly OIDCIssuer[];
  /** How the role's account shall be reached. Undefined: neither the object nor an issuer tells it. */
  readonly account: { readonly accountID: string | undefined; readonly roleARN: string | undefined } | undefined;
  /** True: from now on the role is reached so. Else it is reached as the object's status records, if it does. */
  readonly accountReady: boolean;
}

/** It is asked before anything is sent to AWS, and decides nothing about what was made already. */
export interface Admission {
  issuer(issuer: OIDCIssuer): Verdict;
  role(request: RoleRequest): Verdict;
}
