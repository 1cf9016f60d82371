import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { settledAnnotation } from '../../api/names.ts';
import { oidcIssuers } from '../../api/resources.ts';
import { issuerURL, withoutScheme } from '../../oidc/issuer-url.ts';
import { currentSiteOf, type Settled, whose, written } from '../issuer-contract.ts';
import type { AcceptedSite } from './context.ts';

export interface Change {
  readonly field: string;
  readonly was: string;
  readonly is: string;
}

const aliasField = 'spec.hosting.cloudFront.alias';

type Asked = Pick<AcceptedSite, 'site' | 'desired'>;

export function settledFields({ site, desired: { signingKeys, audiences } }: Asked): Settled {
  return {
    [aliasField]: site.alias,
    'spec.bucket.name': site.bucket.name,
    'spec.signingKeys':
      signingKeys.from === 'secretRef'
        ? `secretRef ${signingKeys.name} ${signingKeys.key}`
        : `generate ${signingKeys.secretName}`,
    'spec.audiences': [...audiences].sort().join(' '),
  };
}

/** The first field that differs from what the status records as made on AWS. */
export function findChange({ status }: OIDCIssuer, asked: Asked): Change | undefined {
  return differing({ ...status?.settled, ...begun(status) }, asked);
}

/**
 * The same for a lost status, by the annotation. That is written before the provider is made, so it counts only if there is a
 * provider of this URL.
 */
export function findWrittenChange(object: OIDCIssuer, asked: Asked): (Change & { url: string }) | undefined {
  const before = written(object);
  const change = object.status?.settled ? undefined : differing(before, asked);
  return change && { ...change, url: issuerURL(before[aliasField] ?? asked.site.alias) };
}

/** Writes only if something differs. */
export async function settle(context: AcceptedSite): Promise<void> {
  const { object, services } = context;
  const { namespace, name } = object.metadata;
  const value = JSON.stringify({ [whose]: `${namespace}/${name}`, ...settledFields(context) });
  if (object.metadata.annotations?.[settledAnnotation] === value) return;
  await services.kube.patch(oidcIssuers, object.metadata, {
    metadata: { annotations: { [settledAnnotation]: value } },
  });
}

function differing(before: Settled, asked: Asked): Change | undefined {
  return Object.entries(settledFields(asked))
    .map(([field, is]) => ({ field, was: before[field] ?? is, is }))
    .find(({ was, is }) => was !== is);
}

/** A bucket or a certificate under another name would be left behind, even if there is no provider yet. */
function begun(status: OIDCIssuerStatus | undefined): Settled {
  const site = currentSiteOf(status);
  const bucket = site?.bucket?.name;
  const alias = site?.certificate && withoutScheme(site.url);
  return {
    ...(bucket !== undefined && { 'spec.bucket.name': bucket }),
    ...(alias !== undefined && { [aliasField]: alias }),
  };
}
