import type { KubernetesObject } from './meta.ts';

/** The part of another operator's kind that we read. Its schema is not ours, so any field may be missing. */
export interface AWSCluster extends KubernetesObject {
  readonly spec?: {
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
  readonly spec?: { readonly paused?: boolean };
}
