import type { KubernetesObject } from '../../api/meta.ts';
import { skipPodIdentityLabel } from '../../api/names.ts';
import { type NamespacedName, pods } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { isForbidden } from '../../runtime/kube-error.ts';

/** The parts of a Pod that we read. */
interface Pod extends KubernetesObject {
  readonly spec?: {
    readonly volumes?: readonly {
      readonly projected?: {
        readonly sources?: readonly { readonly serviceAccountToken?: { readonly audience?: string } }[];
      };
    }[];
  };
  readonly status?: { readonly phase?: string };
}

/**
 * The names of the service account's pods that run without a token for the role: a pod keeps for its life what it was started with.
 * Undefined: the operator may not list pods there.
 */
export async function podsWithoutToken(
  client: KubeClient,
  { namespace, name }: NamespacedName,
  audiences: readonly string[],
): Promise<readonly string[] | undefined> {
  try {
    const fieldSelector = `spec.serviceAccountName=${name}`;
    const keep = (pod: Pod) => runs(pod) && !hasToken(pod, audiences);
    const found = await client.list<Pod>(pods, { namespace, fieldSelector, keep });
    return found.map(({ metadata }) => metadata.name).sort();
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

const runs = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  metadata.labels?.[skipPodIdentityLabel] === undefined &&
  status?.phase !== 'Succeeded' &&
  status?.phase !== 'Failed';

const hasToken = ({ spec }: Pod, audiences: readonly string[]) =>
  (spec?.volumes ?? [])
    .flatMap(({ projected }) => projected?.sources ?? [])
    .some(({ serviceAccountToken }) => audiences.includes(serviceAccountToken?.audience ?? ''));
