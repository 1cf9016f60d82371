import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { settledAnnotation } from '../../api/names.ts';
import { oidcIssuers } from '../../api/resources.ts';
import { issuerURL, withoutScheme } from '../../oidc/issuer-url.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { type Settled, whose, written } from '../issuer-contract.ts';
import type { DesiredIssuer } from './desired.ts';

export interface Change {
  readonly field: string;
  readonly was: string;
  readonly is: string;
}

const aliasField = 'spec.hosting.cloudFront.alias';

export function settledFields({ alias, bucket, signingKeys, audiences }: DesiredIssuer): Settled {
  return {
    [aliasField]: alias,
    'spec.bucket.name': bucket.name,
    'spec.signingKeys':
      signingKeys.from === 'secretRef'
        ? `secretRef ${signingKeys.name} ${signingKeys.key}`
        : `generate ${signingKeys.secretName}`,
    'spec.audiences': [...audiences].sort().join(' '),
  };
}

/** The first field that differs from what the status records as made on AWS. */
export function findChange({ status }: OIDCIssuer, desired: DesiredIssuer): Change | undefined {
  return differing({ ...status?.settled, ...begun(status) }, desired);
}

/**
 * The same for a lost status, by the annotation. That is written before the provider is made, so it counts only if there is a
 * provider of this URL.
 */
export function findWrittenChange(object: OIDCIssuer, desired: DesiredIssuer): (Change & { url: string }) | undefined {
  const before = written(object);
  const change = object.status?.settled ? undefined : differing(before, desired);
  return change && { ...change, url: issuerURL(before[aliasField] ?? desired.alias) };
}

/** Writes only if something differs. */
export async function settle(kube: KubeClient, object: OIDCIssuer, desired: DesiredIssuer): Promise<void> {
  const { namespace, name } = object.metadata;
  const value = JSON.stringify({ [whose]: `${namespace}/${name}`, ...settledFields(desired) });
  if (object.metadata.annotations?.[settledAnnotation] === value) return;
  await kube.patch(oidcIssuers, object.metadata, { metadata: { annotations: { [settledAnnotation]: value } } });
}

function differing(before: Settled, desired: DesiredIssuer): Change | undefined {
  return Object.entries(settledFields(desired))
    .map(([field, is]) => ({ field, was: before[field] ?? is, is }))
    .find(({ was, is }) => was !== is);
}

/** A bucket or a certificate under another name would be left behind, even if there is no provider yet. */
function begun(status: OIDCIssuerStatus | undefined): Settled {
  const bucket = status?.bucket?.name;
  const alias = status?.certificate && status.issuerURL !== undefined ? withoutScheme(status.issuerURL) : undefined;
  return {
    ...(bucket !== undefined && { 'spec.bucket.name': bucket }),
    ...(alias !== undefined && { [aliasField]: alias }),
  };
}
