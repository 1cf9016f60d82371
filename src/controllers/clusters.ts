import type { Reason } from '../api/conditions.ts';
import type { OIDCIssuer } from '../api/kinds.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { type NamespacedName, namespaces, oidcIssuers } from '../api/resources.ts';
import type { Pass } from '../runtime/definition.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { Secrets } from '../runtime/secrets.ts';
import type { WorkloadClusters } from '../runtime/workload-clusters.ts';
import { clientDuring } from './during-pass.ts';
import { clusterNameOf } from './issuer-contract.ts';
import { placeOf } from './references.ts';
import { secretsForbidden } from './secret-permissions.ts';

export type Reached =
  | { readonly state: 'connected'; readonly client: KubeClient }
  /** The issuer says no way to its cluster, or the Secret with the kubeconfig is gone, as it is when the cluster is gone. */
  | { readonly state: 'noWay'; readonly message: string }
  | Blocked;

/** The operator cannot take the way to the cluster now. A person can mend that, and it does not mean that the cluster is gone. */
export interface Blocked {
  readonly state: 'blocked';
  readonly reason: Reason;
  readonly message: string;
}

export interface ClusterDependencies {
  readonly kube: KubeClient;
  readonly secrets: Secrets;
  readonly workloadClusters: WorkloadClusters;
  /** The operator's own cluster, whose service accounts are watched once an issuer says inCluster. */
  readonly ownCluster: { follow(place: string): void };
}

/** The clusters whose pods use an issuer, by what its spec says about the way there. */
export class IssuerClusters {
  /** @param pass ends all calls to a workload cluster, as those of the other clients */
  constructor(
    private readonly dependencies: ClusterDependencies,
    private readonly pass: Pass,
  ) {}

  /** Reaches a cluster by an issuer that may be gone, or of another cluster by now. Throws InvalidKubeconfigError. */
  async reachBy(ref: NamespacedName, cluster: string): Promise<Reached> {
    const issuer = await this.dependencies.kube.find<OIDCIssuer>(oidcIssuers, ref);
    if (!issuer || clusterNameOf(issuer) !== cluster) return noWay(`no OIDCIssuer of cluster ${cluster} is left`);
    return this.reach(issuer);
  }

  /** Asks nothing of the cluster itself. Whether a Guardrail allows inCluster was judged when the role was accepted. Throws InvalidKubeconfigError. */
  async reach(issuer: OIDCIssuer): Promise<Reached> {
    const { metadata, spec } = issuer;
    const { kube, secrets, workloadClusters, ownCluster } = this.dependencies;
    const { name, namespace } = metadata;
    const cluster = clusterNameOf(issuer);
    const place = placeOf({ issuerNamespace: namespace, cluster });
    if (spec.cluster?.inCluster) {
      ownCluster.follow(place);
      return { state: 'connected', client: kube };
    }
    const reference = spec.cluster?.kubeconfigSecretRef;
    if (!reference) return noWay(`OIDCIssuer ${name} has no spec.cluster`);
    const entry = await secrets.entry({ namespace, name: reference.name }, reference.key);
    switch (entry.state) {
      case 'found': {
        const client = workloadClusters.connect(entry.value, place);
        return { state: 'connected', client: clientDuring(client, this.pass, ` of cluster ${cluster}`) };
      }
      case 'forbidden': {
        // The Secret goes with the namespace, as the permission to read it did, and nobody will grant that again.
        if (await isBeingDeleted(kube, namespace)) return noWay(`namespace ${namespace} is being deleted`);
        const message = secretsForbidden(`read Secret ${namespace}/${reference.name}`, namespace);
        return { state: 'blocked', reason: 'SecretForbidden', message };
      }
      case 'noSecret':
        return noWay(`Secret ${reference.name} with the kubeconfig does not exist`);
      case 'noEntry':
        return {
          state: 'blocked',
          reason: 'SecretNotFound',
          message: `Secret ${reference.name} has no entry ${reference.key} with a kubeconfig`,
        };
    }
  }
}

const noWay = (message: string): Reached => ({ state: 'noWay', message });

async function isBeingDeleted(kube: KubeClient, name: string): Promise<boolean> {
  const namespace = await kube.find<KubernetesObject>(namespaces, { namespace: '', name });
  return namespace?.metadata.deletionTimestamp !== undefined;
}
