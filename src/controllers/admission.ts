import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';

export interface Allowed {
  readonly allowed: true;
  /** The Guardrail that allows it. */
  readonly guardrail: string;
  /** The boundary for a role whose object names none. */
  readonly permissionsBoundary?: string;
}

/** What the Guardrails say of an object. */
export type Verdict = Allowed | { readonly allowed: false; readonly message: string };

export interface RoleRequest {
  readonly object: IAMServiceAccount;
  /** Undefined: it is not there. */
  readonly issuer: OIDCIssuer | undefined;
  /** True: from now on the role is reached as the issuer says. Else it is reached as the object's status records, if it does. */
  readonly issuerReady: boolean;
}

/** It is asked before anything is sent to AWS, and decides nothing about what was made already. */
export interface Admission {
  issuer(issuer: OIDCIssuer): Verdict;
  role(request: RoleRequest): Verdict;
}
