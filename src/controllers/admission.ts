import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';

export interface Allowed {
  readonly allowed: true;
  /** The Guardrail that allows it. */
  readonly guardrail: string;
  /** For the role whose object names none. */
  readonly permissionsBoundary?: string;
}

/** What the Guardrails say of an object. */
export type Verdict = Allowed | { readonly allowed: false; readonly message: string };

export interface RoleRequest {
  readonly object: IAMServiceAccount;
  /** Undefined: it is not there. */
  readonly issuer: OIDCIssuer | undefined;
  /** From now on the role is reached as the issuer says. Else it is reached as its status records, where it does. */
  readonly issuerReady: boolean;
}

/** Asked before anything is sent to AWS; never for a removal. */
export interface Admission {
  issuer(issuer: OIDCIssuer): Verdict;
  role(request: RoleRequest): Verdict;
}
