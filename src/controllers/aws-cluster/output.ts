import type { OIDCIssuer } from '../../api/kinds.ts';
import { apiVersion, oidcIssuers, type Resource } from '../../api/resources.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { DesiredObject, KubeClient } from '../../runtime/kube-client.ts';
import { currentSiteOf } from '../issuer-contract.ts';
import { isApplied } from './difference.ts';

/** The data that Giant Swarm's other tools read about the distribution, in a ConfigMap or a Secret. Undefined while there is none. */
function outputOf({ metadata, spec, status }: OIDCIssuer, { kind }: Resource): DesiredObject | undefined {
  const { namespace, name, uid } = metadata;
  const distribution = currentSiteOf(status)?.distribution;
  if (!distribution) return undefined;
  const { arn, domainName, id } = distribution;
  const data = { arn, domain: domainName, distributionId: id, domainAlias: spec.hosting.cloudFront?.alias ?? '' };
  return {
    metadata: {
      namespace,
      name: `${spec.clusterName ?? name}-irsa-cloudfront`,
      ownerReferences: [{ apiVersion: apiVersion(oidcIssuers), kind: oidcIssuers.kind, name, uid }],
    },
    data: kind === 'Secret' ? mapValues(data, (text) => Buffer.from(text).toString('base64')) : data,
  };
}

/** Writes only if something differs. */
export async function ensureOutput(kube: KubeClient, resource: Resource, issuer: OIDCIssuer): Promise<void> {
  const desired = outputOf(issuer, resource);
  if (!desired) return;
  const observed = await kube.find<Output>(resource, desired.metadata);
  if (observed && !isOfDistribution(observed)) return;
  if (!isApplied(desired, observed)) await kube.apply(resource, desired, { force: true });
}

type Output = KubernetesObject & { readonly data?: Readonly<Record<string, unknown>> };

/** Ours, or the older operator's. Anything else of that name is somebody's own. */
const isOfDistribution = ({ data = {} }: Output) => 'distributionId' in data;

const mapValues = (data: Readonly<Record<string, string>>, change: (text: string) => string) =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, change(text)]));
