import type { OIDCIssuer } from './kinds.ts';
import type { KubernetesObject } from './meta.ts';

/** A label selector. */
type Selector = NonNullable<NonNullable<OIDCIssuer['spec']['allowedNamespaces']>['selector']>;

/** The parts of two kinds of that name that we read. Their schemas are not ours, so any field may be missing. */
export interface AWSCluster extends KubernetesObject {
  readonly spec?: {
    /** Cluster API's kind. */
    readonly region?: string;
    readonly identityRef?: { readonly kind?: string; readonly name?: string };
    readonly additionalTags?: Readonly<Record<string, string>>;
    /** Giant Swarm's kind, as the next. */
    readonly cluster?: {
      readonly dns?: {
        /** `INSTALLATION.BASE_DOMAIN`. */
        readonly domain?: string;
      };
    };
    readonly provider?: {
      readonly region?: string;
      /** The Secret with the role that the operator assumes in the cluster's account. */
      readonly credentialSecret?: { readonly name?: string; readonly namespace?: string };
    };
  };
}

/** Cluster API's Cluster, read only for this. */
export interface Cluster extends KubernetesObject {
  readonly spec?: { readonly paused?: boolean; readonly controlPlaneEndpoint?: { readonly host?: string } };
}

/** Cluster API's AWSClusterRoleIdentity. */
export interface AWSClusterIdentity extends KubernetesObject {
  readonly spec?: {
    readonly roleARN?: string;
    readonly allowedNamespaces?: { readonly list?: readonly string[]; readonly selector?: Selector };
  };
}
