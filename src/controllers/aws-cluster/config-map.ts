import type { OIDCIssuer } from '../../api/kinds.ts';
import { apiVersion, configMaps, oidcIssuers } from '../../api/resources.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { DesiredObject, KubeClient } from '../../runtime/kube-client.ts';
import { currentSiteOf } from '../issuer-contract.ts';
import { isApplied } from './difference.ts';

/** The data that Giant Swarm's other tools read about the distribution. Undefined while there is none. */
function cloudFrontConfigMap({ metadata, spec, status }: OIDCIssuer): DesiredObject | undefined {
  const { namespace, name, uid } = metadata;
  const distribution = currentSiteOf(status)?.distribution;
  if (!distribution) return undefined;
  const { arn, domainName, id } = distribution;
  const data = { arn, domain: domainName, distributionId: id, domainAlias: spec.hosting.cloudFront?.alias ?? '' };
  return {
    metadata: {
      namespace,
      name: `${name}-irsa-cloudfront`,
      ownerReferences: [{ apiVersion: apiVersion(oidcIssuers), kind: oidcIssuers.kind, name, uid }],
    },
    data,
  };
}

/** Writes only if something differs. */
export async function ensureConfigMap(kube: KubeClient, issuer: OIDCIssuer): Promise<void> {
  const desired = cloudFrontConfigMap(issuer);
  if (!desired) return;
  const observed = await kube.find<KubernetesObject>(configMaps, desired.metadata);
  if (!isApplied(desired, observed)) await kube.apply(configMaps, desired, { force: true });
}
