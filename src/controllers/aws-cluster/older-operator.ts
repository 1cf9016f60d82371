import type { AWSCluster } from '../../api/aws-cluster.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { annotations, finalizer, olderFinalizers } from '../../api/names.ts';
import { configMaps, type Resource } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { clusterNameOf } from './source.ts';

/**
 * Whether the operator that this one succeeds still looks after the cluster. Two operators would undo each other's changes. And if
 * nothing is to be adopted, this one would make things beside those that are there.
 */
export function isLookedAfter({ metadata }: AWSCluster): boolean {
  const { [annotations.pauseOlder]: isPaused, [annotations.adopt]: isAdopted } = metadata.annotations ?? {};
  return holds({ metadata }) && !(isPaused === 'true' && isAdopted === 'true');
}

/**
 * Takes the finalizers of the older operator away, which would hold a deletion for ever. Our own is there by then, so that no
 * deletion slips between.
 */
export async function handOver(kube: KubeClient, resource: Resource, cluster: AWSCluster): Promise<void> {
  if (!holds(cluster)) return;
  // The AWSCluster comes last: as long as it has them, this is tried again.
  await handOverValues(kube, cluster);
  await release(kube, resource, cluster);
}

/** The finalizers that stay on an AWSCluster which we let go. Those of the older operator go too if it is paused and the cluster was to be adopted. */
export async function finalizersOfOthers(kube: KubeClient, cluster: AWSCluster): Promise<readonly string[]> {
  const others = cluster.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
  if (!holds(cluster) || isLookedAfter(cluster)) return others;
  await handOverValues(kube, cluster);
  return others.filter((name) => !isOlder(name));
}

/** Of the ConfigMap with the cluster's values. */
async function handOverValues(kube: KubeClient, cluster: AWSCluster): Promise<void> {
  const ref = { namespace: cluster.metadata.namespace, name: `${clusterNameOf(cluster)}-cluster-values` };
  const values = await kube.find<KubernetesObject>(configMaps, ref);
  if (values && holds(values)) await release(kube, configMaps, values);
}

const isOlder = (name: string) => (olderFinalizers as readonly string[]).includes(name);

const holds = ({ metadata }: Pick<KubernetesObject, 'metadata'>) => metadata.finalizers?.some(isOlder) ?? false;

async function release(kube: KubeClient, resource: Resource, { metadata }: KubernetesObject): Promise<void> {
  const { resourceVersion, finalizers = [] } = metadata;
  const others = finalizers.filter((name) => !isOlder(name));
  await kube.patch(resource, metadata, { metadata: { resourceVersion, finalizers: others } });
}
