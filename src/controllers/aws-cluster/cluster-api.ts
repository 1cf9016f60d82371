import { parse } from 'yaml';
import type { AWSCluster, AWSClusterIdentity } from '../../api/aws-cluster.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { labels } from '../../api/names.ts';
import {
  awsClusterRoleIdentities,
  capiAWSClusters,
  configMaps,
  namespaces,
  type NamespacedName,
  secrets,
} from '../../api/resources.ts';
import { partitionOf } from '../../aws/partitions.ts';
import { isMap } from '../../runtime/json.ts';
import { matchesSelector } from '../allowed-namespaces.ts';
import { findCluster } from './find-cluster.ts';
import {
  accountOf,
  clusterNameOf,
  type Derivation,
  incomplete,
  isOptedIn,
  issuerOf,
  legacyTags,
  type Source,
  type SourceDependencies,
  tooLong,
  waits,
  warning,
} from './source.ts';

/** Cluster API's AWSCluster: the role of its identity, its cluster's domain, and the keys that kubeadm made. */
export class ClusterApiSource implements Source {
  readonly resource = capiAWSClusters;
  readonly output = secrets;

  constructor(private readonly dependencies: SourceDependencies) {}

  async derive(cluster: AWSCluster): Promise<Derivation> {
    if (!isOptedIn(cluster)) return { state: 'notOptedIn' };
    const { metadata, spec } = cluster;
    const { namespace } = metadata;
    const name = clusterNameOf(cluster);
    const region = spec?.region;
    if (!region) return incomplete('spec.region is missing');
    const role = await this.#roleOf(cluster);
    if ('state' in role) return role;
    const { name: partition } = partitionOf(region);
    const domain = await this.#domainOf(cluster);
    if (typeof domain !== 'string' && partition === 'aws') return domain;
    const bucket = `${role.accountID}-g8s-${name}-oidc-pod-identity-v3`;
    if (bucket.length > 63) return tooLong(bucket);
    const desired = issuerOf(cluster, this.resource, {
      region,
      account: { roleARN: role.roleARN },
      hosting:
        partition === 'aws' && typeof domain === 'string' ? { cloudFront: { alias: `irsa.${domain}` } } : { s3: {} },
      bucket: { name: bucket },
      signingKeys: { secretRef: { name: `${name}-sa`, key: 'tls.crt' } },
      tags: {
        ...spec.additionalTags,
        ...(isGiantSwarms(cluster) && legacyTags({ namespace, name }, installationOf(domain))),
      },
    });
    return { state: 'issuer', desired };
  }

  /** The role of the identity that the AWSCluster may use, or why there is none. */
  async #roleOf({ metadata, spec }: AWSCluster): Promise<{ roleARN: string; accountID: string } | Derivation> {
    const { kind, name } = spec?.identityRef ?? {};
    if (!kind || !name) return incomplete('spec.identityRef is missing: it has to name an AWSClusterRoleIdentity');
    if (kind !== awsClusterRoleIdentities.kind) {
      const message = `spec.identityRef names an ${kind}, and the operator can only assume the role of an ${awsClusterRoleIdentities.kind}`;
      return { state: 'waiting', event: warning('IdentityNotSupported', message) };
    }
    const what = `${kind} ${name}`;
    const identity = await this.dependencies.kube.find<AWSClusterIdentity>(awsClusterRoleIdentities, {
      namespace: '',
      name,
    });
    if (!identity) return waits('IdentityNotFound', `${what} does not exist`);
    if (!(await this.#isAllowed(identity, metadata.namespace))) {
      const message = `${what} does not admit namespace ${metadata.namespace}: add it to its spec.allowedNamespaces`;
      return waits('IdentityNotAllowed', message);
    }
    const roleARN = identity.spec?.roleARN ?? '';
    const accountID = accountOf(roleARN);
    return accountID === undefined
      ? waits('InvalidIdentity', `spec.roleARN of ${what} is not the ARN of an IAM role`)
      : { roleARN, accountID };
  }

  /** As Cluster API reads it: nothing admits nobody, and an empty object admits all. https://cluster-api-aws.sigs.k8s.io/topics/multitenancy */
  async #isAllowed({ spec }: AWSClusterIdentity, namespace: string): Promise<boolean> {
    const allowed = spec?.allowedNamespaces;
    if (!allowed) return false;
    const { list, selector } = allowed;
    const hasSelector = Object.keys(selector ?? {}).length > 0;
    if (list === undefined && !hasSelector) return true;
    if (list?.includes(namespace)) return true;
    if (!selector || !hasSelector) return false;
    const ref = { namespace: '', name: namespace };
    const found = await this.dependencies.kube.find<KubernetesObject>(namespaces, ref);
    return found !== undefined && matchesSelector(selector, found.metadata.labels ?? {});
  }

  /** The domain below which all names of the cluster are. */
  async #domainOf(cluster: AWSCluster): Promise<string | Derivation> {
    const { namespace } = cluster.metadata;
    const name = clusterNameOf(cluster);
    const ref = { namespace, name: `${name}-cluster-values` };
    const values = await this.#valuesOf(ref);
    if (values !== undefined) {
      const domain = values['baseDomain'];
      if (typeof domain === 'string' && domain !== '') return domain;
      return waits('Incomplete', `entry values of ConfigMap ${namespace}/${ref.name} has no baseDomain`);
    }
    const host = (await findCluster(this.dependencies.kube, cluster))?.spec?.controlPlaneEndpoint?.host ?? '';
    const domain = /^api\.(.+)$/.exec(host)?.[1];
    if (domain !== undefined && !host.endsWith('.amazonaws.com')) return domain;
    const message =
      `the cluster's domain is not known: make ConfigMap ${namespace}/${ref.name} with the entry values and baseDomain in it, ` +
      `or give Cluster ${name} an endpoint of the form api.<domain>`;
    return waits('Incomplete', message);
  }

  /** Undefined if there is no such ConfigMap. */
  async #valuesOf(ref: NamespacedName): Promise<Readonly<Record<string, unknown>> | undefined> {
    const found = await this.dependencies.kube.find<KubernetesObject & { data?: Readonly<Record<string, string>> }>(
      configMaps,
      ref,
    );
    if (!found) return undefined;
    try {
      const values: unknown = parse(found.data?.['values'] ?? '');
      return isMap(values) ? values : {};
    } catch {
      return {};
    }
  }
}

const isGiantSwarms = ({ metadata }: AWSCluster) => metadata.labels?.[labels.release] !== undefined;

/** Giant Swarm's domains begin with the cluster and the installation. */
const installationOf = (domain: string | Derivation) => (typeof domain === 'string' ? domain.split('.')[1] : undefined);
