import type { KubernetesObject } from '../api/meta.ts';

/** The whole object once more, as its author applied it. https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The object of a list or watch without `managedFields` and kubectl's copy of it, which are mostly more than half of the object.
 * Nobody who follows a kind reads them. Whoever needs them reads the object itself.
 */
export function slim<O extends Partial<KubernetesObject>>(object: O): O {
  const { metadata } = object;
  if (metadata?.managedFields === undefined && metadata?.annotations?.[lastApplied] === undefined) return object;
  const { managedFields: _, annotations, ...rest } = metadata;
  const { [lastApplied]: __, ...others } = annotations ?? {};
  return { ...object, metadata: { ...rest, ...(annotations && { annotations: others }) } };
}
