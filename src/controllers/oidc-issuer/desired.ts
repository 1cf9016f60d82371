import type { OIDCIssuerSpec } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { bucketDomain, bucketName, isAccountRegional } from '../../aws/names.ts';
import { defaultAudiences, partitionOf } from '../../aws/partitions.ts';
import { type Owner, ownershipTags } from '../../aws/ownership.ts';
import type { Tags } from '../../aws/tags.ts';
import { jwksURL } from '../../oidc/discovery.ts';
import { issuerURL } from '../../oidc/issuer-url.ts';
import { clusterNameOf } from '../issuer-contract.ts';

/** What an accepted spec asks for, with every default filled in. */
export interface DesiredIssuer {
  readonly uid: string;
  /** Ours win over the user's. */
  readonly tags: Tags;
  readonly region: string;
  readonly alias: string;
  readonly issuerURL: string;
  readonly jwksURI: string;
  readonly bucket: { readonly name: string; readonly accountRegional: boolean; readonly domain: string };
  readonly signingKeys: SigningKeySource;
  readonly audiences: readonly string[];
  /** The provider of the distribution's own name is there too. */
  readonly keepDistributionProvider: boolean;
  readonly comment: string;
}

export type SigningKeySource =
  | { readonly from: 'secretRef'; readonly name: string; readonly key: string }
  | { readonly from: 'generate'; readonly secretName: string };

export function bucketNameOf(object: OIDCIssuer, accountID: string, installation: string): string {
  const { namespace, name } = object.metadata;
  const cluster = clusterNameOf(object);
  return (
    object.spec.bucket?.name ??
    bucketName({ installation, namespace, name, cluster }, { accountID, region: object.spec.region })
  );
}

export function signingKeySource({ signingKeys }: OIDCIssuerSpec): SigningKeySource | undefined {
  if (signingKeys?.secretRef) return { from: 'secretRef', ...signingKeys.secretRef };
  return signingKeys?.generate && { from: 'generate', secretName: signingKeys.generate.secretName };
}

export function desiredIssuer(
  object: OIDCIssuer,
  accountID: string,
  { owner, alias, signingKeys }: { owner: Owner; alias: string; signingKeys: SigningKeySource },
): DesiredIssuer {
  const { spec } = object;
  const url = issuerURL(alias);
  const partition = partitionOf(spec.region);
  const bucket = bucketNameOf(object, accountID, owner.installation);
  return {
    uid: object.metadata.uid,
    tags: { ...spec.tags, ...ownershipTags(owner, clusterNameOf(object)) },
    region: spec.region,
    alias,
    issuerURL: url,
    jwksURI: jwksURL(url),
    bucket: {
      name: bucket,
      accountRegional: isAccountRegional(bucket, { accountID, region: spec.region }),
      domain: bucketDomain(bucket, spec.region, partition),
    },
    signingKeys,
    audiences: spec.audiences ?? defaultAudiences(partition),
    keepDistributionProvider: spec.hosting.cloudFront?.distributionProvider === 'Keep',
    comment: `Created by irsa-operator for cluster ${clusterNameOf(object)}`,
  };
}
