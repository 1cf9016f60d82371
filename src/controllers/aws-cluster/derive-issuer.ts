import type { AWSCluster } from '../../api/aws-cluster.ts';
import { annotations, awsClusterLabel, labels } from '../../api/names.ts';
import { partitionOf } from '../../aws/partitions.ts';
import type { DesiredObject } from '../../runtime/kube-client.ts';

/** What an AWSCluster's release, region and annotations ask for. */
export type Derivation =
  | { readonly state: 'notOptedIn' }
  /** A row of the table in docs/aws-cluster.md that is not built. */
  | { readonly state: 'notSupported'; readonly message: string }
  | { readonly state: 'incomplete'; readonly message: string }
  | {
      readonly state: 'issuer';
      readonly region: string;
      readonly domain: string;
      readonly distributionProvider: 'Keep' | 'Remove';
    };

export function derivationOf({ metadata, spec }: AWSCluster): Derivation {
  const release = metadata.labels?.[labels.release];
  const version = /^v?(\d+)\.(\d+)\./.exec(release ?? '');
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  const has = (annotation: string) => metadata.annotations?.[annotation] !== undefined;
  if (major < 19 && !has(annotations.optIn)) return { state: 'notOptedIn' };
  if (!version) return { state: 'notSupported', message: `label ${labels.release} ${release ?? ''} is not a release` };

  const region = spec?.provider?.region;
  const domain = spec?.cluster?.dns?.domain;
  if (!region) return { state: 'incomplete', message: 'spec.provider.region is missing' };
  if (!domain) return { state: 'incomplete', message: 'spec.cluster.dns.domain is missing' };
  if (partitionOf(region).name !== 'aws') return notSupported(release, `in region ${region}`);
  if (major < 18 || (major === 18 && minor < 4)) return notSupported(release, '');
  if (major === 18 && !has(annotations.enableAlias))
    return notSupported(release, `without annotation ${annotations.enableAlias}`);
  const isKept = major === 18 || metadata.annotations?.[annotations.keepDistributionProvider] !== 'false';
  return { state: 'issuer', region, domain, distributionProvider: isKept ? 'Keep' : 'Remove' };
}

function notSupported(release: string | undefined, where: string): Derivation {
  return { state: 'notSupported', message: `release ${release ?? ''} ${where}`.trimEnd() + ' is not supported yet' };
}

/** The account in a role's ARN. Undefined if the text is not such an ARN. */
export function accountOf(roleARN: string): string | undefined {
  return /^arn:[a-z0-9-]+:iam::(\d{12}):role\/.+$/.exec(roleARN)?.[1];
}

/** Only the fields that the AWSCluster decides. Other accounts, policies and tags are the user's. */
export function derivedIssuer(
  { metadata: { namespace, name } }: AWSCluster,
  { region, domain, distributionProvider }: Extract<Derivation, { state: 'issuer' }>,
  { roleARN, accountID }: { readonly roleARN: string; readonly accountID: string },
): DesiredObject & { readonly spec: Readonly<Record<string, unknown>> } {
  return {
    metadata: { namespace, name, labels: { [awsClusterLabel]: name } },
    spec: {
      region,
      account: { roleARN },
      hosting: { cloudFront: { alias: `irsa.${name}.k8s.${domain}`, distributionProvider } },
      bucket: { name: `${accountID}-g8s-${name}-oidc-pod-identity-v2` },
      signingKeys: { generate: { secretName: `${name}-service-account-v2` } },
      cluster: { kubeconfigSecretRef: { name: `${name}-kubeconfig`, key: 'value' } },
      tags: legacyTags({ namespace, name, domain }),
    },
  };
}

/** The older operator's tags, by which Giant Swarm's other tools find a cluster's objects. */
function legacyTags({ namespace, name, domain }: { namespace: string; name: string; domain: string }) {
  return {
    'giantswarm.io/cluster': name,
    'giantswarm.io/installation': domain.split('.')[0],
    'giantswarm.io/organization': namespace.replace(/^org-/, ''),
    [`kubernetes.io/cluster/${name}`]: 'owned',
  };
}
