import type { AWSCluster } from '../../api/aws-cluster.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { annotations, olderFinalizers } from '../../api/names.ts';
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
  const { namespace } = cluster.metadata;
  const values = await kube.find<KubernetesObject>(configMaps, {
    namespace,
    name: `${clusterNameOf(cluster)}-cluster-values`,
  });
  // The AWSCluster comes last: as long as it has them, this is tried again.
  if (values && holds(values)) await release(kube, configMaps, values);
  await release(kube, resource, cluster);
}

const holds = ({ metadata }: Pick<KubernetesObject, 'metadata'>) =>
  olderFinalizers.some((name) => metadata.finalizers?.includes(name));

async function release(kube: KubeClient, resource: Resource, { metadata }: KubernetesObject): Promise<void> {
  const { resourceVersion, finalizers = [] } = metadata;
  const others = finalizers.filter((name) => !(olderFinalizers as readonly string[]).includes(name));
  await kube.patch(resource, metadata, { metadata: { resourceVersion, finalizers: others } });
}
