import type { AWSCluster, Cluster } from '../../api/aws-cluster.ts';
import { clusters, olderClusters } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { clusterNameOf } from './source.ts';

/** Cluster API's Cluster of an AWSCluster. For a version that is not served, the answer is the same as for an object that does not exist. */
export async function findCluster(kube: KubeClient, awsCluster: AWSCluster): Promise<Cluster | undefined> {
  const ref = { namespace: awsCluster.metadata.namespace, name: clusterNameOf(awsCluster) };
  return (await kube.find<Cluster>(clusters, ref)) ?? (await kube.find<Cluster>(olderClusters, ref));
}
