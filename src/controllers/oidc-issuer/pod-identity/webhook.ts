import type { KubernetesObject } from '../../../api/meta.ts';
import { mutatingWebhookConfigurations } from '../../../api/resources.ts';
import { isMap } from '../../../runtime/json.ts';
import type { KubeClient } from '../../../runtime/kube-client.ts';

/** Whoever has the cluster may write as many configurations as they like. */
const longestList = 5;

/** The name in https://github.com/aws/amazon-eks-pod-identity-webhook, on EKS and in kOps. Others have it in the names of their charts. */
const usualName = 'pod-identity-webhook';
/** The name of its older manifests. */
const olderName = 'iam-for-pods';

/** Whether the cluster calls the pod identity webhook for new pods. Whether the webhook answers is not known. */
export async function hasWebhook(client: KubeClient): Promise<boolean> {
  const resource = mutatingWebhookConfigurations;
  const usual = await client.find<KubernetesObject>(resource, { namespace: '', name: usualName });
  if (usual && isPodIdentityWebhook(usual)) return true;
  const others = await client.list<KubernetesObject>(resource, { keep: isPodIdentityWebhook, longest: longestList });
  return others.length > 0;
}

/** By its name, because nothing else tells what a webhook does. */
export function isPodIdentityWebhook(configuration: KubernetesObject): boolean {
  return listOf((configuration as { readonly webhooks?: unknown }).webhooks).some((webhook) => {
    const { name, clientConfig, rules } = webhook;
    const service = isMap(clientConfig) && isMap(clientConfig['service']) ? clientConfig['service']['name'] : undefined;
    const names = [configuration.metadata.name, name, service].filter((each) => typeof each === 'string');
    return (
      names.some((each) => each.includes(usualName) || each.includes(olderName)) && listOf(rules).some(isForNewPods)
    );
  });
}

const isForNewPods = ({ operations, resources }: Readonly<Record<string, unknown>>) =>
  holds(operations, 'CREATE') && holds(resources, 'pods');

const holds = (list: unknown, item: string) => Array.isArray(list) && (list.includes(item) || list.includes('*'));

const listOf = (value: unknown) => (Array.isArray(value) ? value : []).filter(isMap);
