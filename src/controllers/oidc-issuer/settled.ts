import type { OIDCIssuer } from '../../api/kinds.ts';
import { settledAnnotation } from '../../api/names.ts';
import { oidcIssuers } from '../../api/resources.ts';
import { withoutScheme } from '../../oidc/issuer-url.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import type { DesiredIssuer } from './desired.ts';

/** By field, in words that can be compared and shown. */
type Settled = Readonly<Record<string, string>>;

interface Change {
  readonly field: string;
  readonly was: string;
  readonly is: string;
}

function settledFields({ alias, bucket, signingKeys, audiences }: DesiredIssuer): Settled {
  return {
    'spec.hosting.cloudFront.alias': alias,
    'spec.bucket.name': bucket.name,
    'spec.signingKeys':
      signingKeys.from === 'secretRef'
        ? `secretRef ${signingKeys.name} ${signingKeys.key}`
        : `generate ${signingKeys.secretName}`,
    'spec.audiences': [...audiences].sort().join(' '),
  };
}

/** The first field that now asks for something else than what stands on AWS, or stood there when the provider was registered. */
export function findChange(issuer: OIDCIssuer, desired: DesiredIssuer): Change | undefined {
  const before: Settled = { ...recorded(issuer), ...begun(issuer) };
  return Object.entries(settledFields(desired))
    .map(([field, is]) => ({ field, was: before[field] ?? is, is }))
    .find(({ was, is }) => was !== is);
}

/** Writes only where it has to. */
export async function settle(kube: KubeClient, issuer: OIDCIssuer, desired: DesiredIssuer): Promise<void> {
  const value = JSON.stringify(settledFields(desired));
  if (issuer.metadata.annotations?.[settledAnnotation] === value) return;
  await kube.patch(oidcIssuers, issuer.metadata, { metadata: { annotations: { [settledAnnotation]: value } } });
}

/** A bucket or a certificate under another name would be left behind, also where there is no provider yet. */
function begun({ status }: OIDCIssuer): Settled {
  const bucket = status?.bucket?.name;
  const alias = status?.certificate && status.issuerURL !== undefined ? withoutScheme(status.issuerURL) : undefined;
  return {
    ...(bucket !== undefined && { 'spec.bucket.name': bucket }),
    ...(alias !== undefined && { 'spec.hosting.cloudFront.alias': alias }),
  };
}

function recorded({ metadata }: OIDCIssuer): Settled {
  try {
    const parsed: unknown = JSON.parse(metadata.annotations?.[settledAnnotation] ?? '{}');
    const entries = Object.entries(parsed ?? {}).filter(([, value]) => typeof value === 'string');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
