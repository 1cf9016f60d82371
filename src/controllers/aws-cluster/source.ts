import type { AWSCluster } from '../../api/aws-cluster.ts';
import { annotations, awsClusterGroupLabel, awsClusterLabel, labels } from '../../api/names.ts';
import type { NamespacedName, Resource } from '../../api/resources.ts';
import type { EventText } from '../../runtime/events.ts';
import type { DesiredObject, KubeClient } from '../../runtime/kube-client.ts';
import type { Secrets } from '../../runtime/secrets.ts';

export interface SourceDependencies {
  readonly kube: KubeClient;
  readonly secrets: Secrets;
}

/** A kind of AWSCluster, and what its objects ask for. */
export interface Source {
  /** The optional kind. */
  readonly resource: Resource;
  /** The kind of the object from which other tools read about the distribution. */
  readonly output: Resource;
  derive(cluster: AWSCluster): Promise<Derivation>;
}

export type Derivation =
  | { readonly state: 'notOptedIn' }
  | {
      readonly state: 'waiting';
      readonly event: EventText;
      /** Something beside the AWSCluster is missing, and may be there soon. */
      readonly soon?: boolean;
    }
  | { readonly state: 'issuer'; readonly desired: DesiredIssuer };

export type DesiredIssuer = DesiredObject & { readonly spec: Readonly<Record<string, unknown>> };

/** The release that the label says. Undefined: the label is missing, or it is none. */
export function releaseOf({ metadata }: AWSCluster): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(metadata.labels?.[labels.release] ?? '') ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

/** An AWSCluster that Cluster API made from a ClusterClass has a name of its own. */
export const clusterNameOf = ({ metadata }: AWSCluster): string =>
  metadata.labels?.[labels.clusterName] ?? metadata.name;

export const has = ({ metadata }: AWSCluster, annotation: string): boolean =>
  metadata.annotations?.[annotation] !== undefined;

/** From release 19 on every cluster has an issuer. */
export const isOptedIn = (cluster: AWSCluster): boolean =>
  (releaseOf(cluster)?.major ?? 0) >= 19 || has(cluster, annotations.optIn);

/** The account in a role's ARN. Undefined if the text is not such an ARN. */
export function accountOf(roleARN: string): string | undefined {
  return /^arn:[a-z0-9-]+:iam::(\d{12}):role\/.+$/.exec(roleARN)?.[1];
}

/** What both kinds of AWSCluster decide about their issuer. Other accounts, policies and tags are the user's. */
export function issuerOf(
  awsCluster: AWSCluster,
  { group }: Resource,
  spec: Readonly<Record<string, unknown>>,
): DesiredIssuer {
  const { metadata } = awsCluster;
  const { namespace, name } = metadata;
  const cluster = clusterNameOf(awsCluster);
  const isKept = metadata.labels?.[labels.keepIRSA] !== undefined;
  const podIdentity = metadata.annotations?.[annotations.podIdentity];
  return {
    metadata: {
      namespace,
      name,
      labels: { [awsClusterLabel]: name, [awsClusterGroupLabel]: group },
      ...passedOn(metadata.annotations),
    },
    spec: {
      ...spec,
      ...(cluster !== name && { clusterName: cluster }),
      cluster: {
        kubeconfigSecretRef: { name: `${cluster}-kubeconfig`, key: 'value' },
        ...(podIdentity !== undefined && { podIdentity }),
      },
      ...(isKept && { deletionPolicy: 'Retain' }),
    },
  };
}

/** The annotations that the issuer has because its AWSCluster has them. */
function passedOn(its: Readonly<Record<string, string>> = {}): Pick<DesiredIssuer['metadata'], 'annotations'> {
  const { [annotations.adopt]: adopt, [annotations.plan]: plan } = its;
  const passed = {
    ...(adopt === 'true' && { [annotations.adopt]: adopt }),
    ...(plan !== undefined && { [annotations.plan]: plan }),
  };
  return Object.keys(passed).length > 0 ? { annotations: passed } : {};
}

/** The older operator's tags, by which Giant Swarm's other tools find a cluster's objects. */
export function legacyTags({ namespace, name }: NamespacedName, installation: string | undefined) {
  return {
    'giantswarm.io/cluster': name,
    ...(installation !== undefined && { 'giantswarm.io/installation': installation }),
    'giantswarm.io/organization': namespace.replace(/^org-/, ''),
    [`kubernetes.io/cluster/${name}`]: 'owned',
  };
}

export const warning = (reason: string, message: string): EventText => ({ type: 'Warning', reason, message });

export const incomplete = (message: string): Derivation => ({
  state: 'waiting',
  event: warning('Incomplete', message),
});

export const tooLong = (bucket: string): Derivation => ({
  state: 'waiting',
  event: warning('NameTooLong', `metadata.name is too long: bucket ${bucket} has more than 63 characters`),
});

export const waits = (reason: string, message: string): Derivation => ({
  state: 'waiting',
  event: warning(reason, message),
  soon: true,
});
