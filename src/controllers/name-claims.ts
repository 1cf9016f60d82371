import { isTrue } from '../api/conditions.ts';
import type { OIDCIssuer } from '../api/kinds.ts';
import { withoutScheme } from '../oidc/issuer-url.ts';
import { Index } from '../runtime/lookup.ts';
import { clusterNameOf } from './issuer-contract.ts';
import { seniority } from './seniority.ts';

/** What others know of the names that an OIDCIssuer holds or asks for. */
export interface NameClaim {
  readonly seniority: string;
  /** The keys of the names that its spec asks for. */
  readonly asked: readonly string[];
  /** The keys of its names. */
  readonly held: readonly string[];
  /** Those of them that IAM trusts or has trusted. */
  readonly registered: readonly string[];
}

/** A name that no two OIDCIssuers can have. */
export interface AskedName {
  readonly key: string;
  /** The field and its value. */
  readonly what: string;
}

/** What AWS says of names that are somebody else's. */
const notTheirs: readonly string[] = ['NotOwned', 'OwnedByAnotherCluster', 'BucketNameTaken'];

const aliasKey = (alias: string) => `alias/${alias}`;
const bucketKey = (name: string) => `bucket/${name}`;

/** Service accounts are told apart by namespace and cluster of the issuer, so a cluster's name counts within its namespace. */
export function namesAskedBy(object: OIDCIssuer): readonly AskedName[] {
  const { cloudFront, external } = object.spec.hosting;
  const { alias } = cloudFront ?? {};
  const bucket = external ? undefined : object.spec.bucket?.name;
  const cluster = clusterNameOf(object);
  const secret = object.spec.signingKeys?.generate?.secretName;
  return [
    { key: `cluster/${object.metadata.namespace}/${cluster}`, what: `spec.clusterName ${cluster}` },
    ...(alias === undefined ? [] : [{ key: aliasKey(alias), what: `spec.hosting.cloudFront.alias ${alias}` }]),
    ...(bucket === undefined ? [] : [{ key: bucketKey(bucket), what: `spec.bucket.name ${bucket}` }]),
    ...(secret === undefined
      ? []
      : [
          {
            key: `secret/${object.metadata.namespace}/${secret}`,
            what: `spec.signingKeys.generate.secretName ${secret}`,
          },
        ]),
  ];
}

/**
 * A refused object holds only what it made before, because it can ask for any name. So does one that found on AWS that its names are
 * somebody else's. Who uses an external issuer holds no name: several may.
 */
export function nameClaimOf(object: OIDCIssuer): NameClaim {
  const { metadata, status } = object;
  const { conditions } = status ?? {};
  const sites = (status?.sites ?? []).filter(
    ({ hosting, bucket, registered }) => hosting !== 'External' && (registered || bucket?.owned),
  );
  const isRefusedByAws = (conditions ?? []).some(({ reason }) => notTheirs.includes(reason));
  const isCurrent = status?.observedGeneration === metadata.generation;
  const isAccepted = isTrue(conditions, 'Accepted') && isCurrent && !isRefusedByAws;
  const namesOf = ({ url, bucket, nextBucket, formerBuckets = [] }: (typeof sites)[number]) => {
    const others = [nextBucket, ...formerBuckets].filter((other) => other?.owned);
    return [
      aliasKey(withoutScheme(url)),
      ...[bucket, ...others].flatMap((each) => (each ? [bucketKey(each.name)] : [])),
    ];
  };
  const asked = namesAskedBy(object).map(({ key }) => key);
  return {
    seniority: seniority(metadata),
    asked,
    held: [...new Set([...(isAccepted ? asked : []), ...sites.flatMap(namesOf)])],
    registered: [...new Set(sites.filter(({ registered }) => registered).flatMap(namesOf))],
  };
}

/** OIDCIssuers by the names that they hold or ask for. */
export const nameClaimIndex = () =>
  new Index<OIDCIssuer, NameClaim>({
    select: nameClaimOf,
    keys: (_, { asked, held }) => [...new Set([...asked, ...held])],
  });
