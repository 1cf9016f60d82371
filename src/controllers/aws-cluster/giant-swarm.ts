import type { AWSCluster } from '../../api/aws-cluster.ts';
import { annotations, labels } from '../../api/names.ts';
import { awsClusters, configMaps } from '../../api/resources.ts';
import { partitionOf } from '../../aws/partitions.ts';
import { secretsForbidden } from '../secret-permissions.ts';
import {
  accountOf,
  type Derivation,
  has,
  incomplete,
  isOptedIn,
  issuerOf,
  legacyTags,
  releaseOf,
  type Source,
  type SourceDependencies,
  tooLong,
  waits,
  warning,
} from './source.ts';

/** The entry of the credential Secret with the role to assume. */
const roleEntry = 'aws.awsoperator.arn';

interface Traits {
  readonly major: number;
  readonly minor: number;
  /** As in ARNs. */
  readonly partition: string;
  readonly hasAlias: boolean;
}

/** A row of the table in docs/aws-cluster.md. */
interface Row {
  readonly isOf: (traits: Traits) => boolean;
  readonly hosting: 's3' | 'cloudFront' | 'cloudFrontWithAlias';
  /** Of the bucket's name. */
  readonly suffix: '' | '-v2';
}

/** The first row that fits counts. */
const rows: readonly Row[] = [
  { isOf: ({ major }) => major === 17, hosting: 's3', suffix: '' },
  { isOf: ({ major, partition }) => major >= 18 && partition !== 'aws', hosting: 's3', suffix: '-v2' },
  { isOf: ({ major }) => major >= 19, hosting: 'cloudFrontWithAlias', suffix: '-v2' },
  {
    isOf: ({ major, minor, hasAlias }) => major === 18 && minor >= 4 && hasAlias,
    hosting: 'cloudFrontWithAlias',
    suffix: '-v2',
  },
  { isOf: ({ major }) => major === 18, hosting: 'cloudFront', suffix: '-v2' },
];

/** Giant Swarm's AWSCluster. Its release decides how the issuer is hosted. */
export class GiantSwarmSource implements Source {
  readonly resource = awsClusters;
  readonly output = configMaps;

  constructor(private readonly dependencies: SourceDependencies) {}

  async derive(cluster: AWSCluster): Promise<Derivation> {
    if (!isOptedIn(cluster)) return { state: 'notOptedIn' };
    const { metadata, spec } = cluster;
    const region = spec?.provider?.region;
    const domain = spec?.cluster?.dns?.domain;
    const release = releaseOf(cluster);
    const label = metadata.labels?.[labels.release] ?? '';
    if (!release) return notSupported(`label ${labels.release} ${label} is not a release`);
    if (!region) return incomplete('spec.provider.region is missing');
    if (!domain) return incomplete('spec.cluster.dns.domain is missing');
    const traits = { ...release, partition: partitionOf(region).name, hasAlias: has(cluster, annotations.enableAlias) };
    const row = rows.find(({ isOf }) => isOf(traits));
    if (!row) return notSupported(`release ${label} is not supported`);

    const roleARN = await this.#roleARN(cluster);
    if (typeof roleARN !== 'string') return roleARN;
    const { namespace, name } = metadata;
    const bucket = `${accountOf(roleARN)}-g8s-${name}-oidc-pod-identity${row.suffix}`;
    if (bucket.length > 63) return tooLong(bucket);
    const keepsProvider =
      release.major === 18 || metadata.annotations?.[annotations.keepDistributionProvider] !== 'false';
    const hostings = {
      s3: { s3: {} },
      cloudFront: { cloudFront: {} },
      cloudFrontWithAlias: {
        cloudFront: {
          alias: `irsa.${name}.k8s.${domain}`,
          distributionProvider: keepsProvider ? 'Keep' : 'Remove',
        },
      },
    };
    const desired = issuerOf(cluster, this.resource, {
      region,
      account: { roleARN },
      hosting: hostings[row.hosting],
      bucket: { name: bucket },
      signingKeys: { generate: { secretName: `${name}-service-account-v2` } },
      tags: legacyTags({ namespace, name }, domain.split('.')[0]),
    });
    return { state: 'issuer', desired };
  }

  /** Of the role that the credential Secret names, or why there is none. */
  async #roleARN({ spec }: AWSCluster): Promise<string | Derivation> {
    const { name, namespace } = spec?.provider?.credentialSecret ?? {};
    if (!name || !namespace) return incomplete('spec.provider.credentialSecret has no name and namespace');
    const entry = await this.dependencies.secrets.entry({ namespace, name }, roleEntry);
    if (entry.state === 'forbidden') {
      return waits('SecretForbidden', secretsForbidden(`read Secret ${namespace}/${name}`, namespace));
    }
    if (entry.state !== 'found') {
      return waits('SecretNotFound', `Secret ${namespace}/${name} or its entry ${roleEntry} does not exist`);
    }
    const roleARN = entry.value.trim();
    if (accountOf(roleARN) !== undefined) return roleARN;
    const message = `entry ${roleEntry} of Secret ${namespace}/${name} is not the ARN of an IAM role`;
    return waits('InvalidCredentialSecret', message);
  }
}

const notSupported = (message: string): Derivation => ({
  state: 'waiting',
  event: warning('ReleaseNotSupported', message),
});
