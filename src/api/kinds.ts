import type { GuardrailSpec } from './generated/guardrail.ts';
import type { IAMServiceAccountSpec, IAMServiceAccountStatus } from './generated/iam-service-account.ts';
import type { OIDCIssuerSpec, OIDCIssuerStatus } from './generated/oidc-issuer.ts';
import type { KubernetesObject } from './meta.ts';

export interface OIDCIssuer extends KubernetesObject {
  readonly spec: OIDCIssuerSpec;
  readonly status?: OIDCIssuerStatus;
}

export interface IAMServiceAccount extends KubernetesObject {
  readonly spec: IAMServiceAccountSpec;
  readonly status?: IAMServiceAccountStatus;
}

/** Cluster-scoped. */
export interface Guardrail extends KubernetesObject {
  readonly spec: GuardrailSpec;
}
