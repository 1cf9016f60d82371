import type { OIDCIssuerSpec } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { type Owner, ownershipTags } from '../../aws/ownership.ts';
import { defaultAudiences, partitionOf } from '../../aws/partitions.ts';
import type { Tags } from '../../aws/tags.ts';
import { hours, parseDuration } from '../../runtime/duration.ts';
import { clusterNameOf } from '../issuer-contract.ts';
import type { Generated } from './keys/generate.ts';

/** What an accepted spec asks of each site, with every default filled in. */
export interface DesiredIssuer {
  /** Ours win over the user's. */
  readonly tags: Tags;
  /** Undefined: the spec names none, because somebody else publishes the keys. */
  readonly signingKeys: SigningKeySource | undefined;
  /** Milliseconds. */
  readonly keyRetention: number;
  readonly audiences: readonly string[];
  /** The provider of the distribution's own name is there too. */
  readonly keepDistributionProvider: boolean;
  readonly comment: string;
}

export type SigningKeySource =
  | { readonly from: 'secretRef'; readonly name: string; readonly key: string }
  | ({ readonly from: 'generate' } & Generated)
  | { readonly from: 'apiServer' };

function signingKeySource({ signingKeys }: OIDCIssuerSpec): SigningKeySource | undefined {
  if (signingKeys?.secretRef) return { from: 'secretRef', ...signingKeys.secretRef };
  if (signingKeys?.apiServer) return { from: 'apiServer' };
  if (!signingKeys?.generate) return undefined;
  const { secretName, rotateEvery = '0s' } = signingKeys.generate;
  return { from: 'generate', secretName, rotateEvery: parseDuration(rotateEvery) };
}

/** For this time, in milliseconds, tokens may live that a key signed before it left its source, or that carry a former URL. */
export const keyRetentionOf = ({ spec: { keyRetention } }: OIDCIssuer): number =>
  keyRetention === undefined ? hours(25) : parseDuration(keyRetention);

/** Of new distributions. It helps to find those of a lost status, whose tags prove whose they are. */
export const commentOf = (object: OIDCIssuer): string =>
  `Created by irsa-operator for cluster ${clusterNameOf(object)}`;

export function desiredIssuer(object: OIDCIssuer, owner: Owner): DesiredIssuer {
  const { spec } = object;
  return {
    tags: { ...spec.tags, ...ownershipTags(owner, clusterNameOf(object)) },
    signingKeys: signingKeySource(spec),
    keyRetention: keyRetentionOf(object),
    audiences: spec.audiences ?? defaultAudiences(partitionOf(spec.region)),
    keepDistributionProvider: spec.hosting.cloudFront?.distributionProvider === 'Keep',
    comment: commentOf(object),
  };
}
