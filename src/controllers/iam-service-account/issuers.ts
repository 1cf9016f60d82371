import type { OIDCIssuer } from '../../api/kinds.ts';

/** An issuer of a role, as the status remembers it. */
export interface IssuerEntry {
  url: string;
  providerARN: string;
}

/** What the issuers of the namespace mean for a role. */
export interface IssuerSituation {
  /** The one that the role refers to. */
  readonly issuer: OIDCIssuer | undefined;
  readonly state: 'ready' | 'notFound' | 'notReady' | 'leaving';
  /** Those whose statements belong into the role now. */
  readonly trusted: readonly IssuerEntry[];
}

export interface IssuerQuery {
  /** Name of the OIDCIssuer that the role refers to. */
  readonly name: string;
  /** All of the namespace. */
  readonly issuers: readonly OIDCIssuer[];
  /** Those whose statements the role has or may have. */
  readonly recorded: readonly IssuerEntry[];
}

/**
 * A statement goes when its issuer is being deleted, or when the role refers to another issuer. It does not go because
 * the issuer cannot be seen: one that was deleted with Retain, or moved to another management cluster, still serves pods.
 */
export function assess({ name, issuers, recorded }: IssuerQuery): IssuerSituation {
  const issuer = issuers.find(({ metadata }) => metadata.name === name);
  if (!issuer) return { issuer, state: 'notFound', trusted: withoutOthers(name, issuers, recorded) };
  if (issuer.metadata.deletionTimestamp === undefined) {
    const provider = providerOf(issuer);
    return provider
      ? { issuer, state: 'ready', trusted: [provider] }
      : { issuer, state: 'notReady', trusted: withoutOthers(name, issuers, recorded) };
  }
  const stays = issuer.spec.deletionPolicy === 'Retain' || issuer.spec.suspend;
  return { issuer, state: 'leaving', trusted: stays ? withoutOthers(name, issuers, recorded) : [] };
}

function withoutOthers(name: string, issuers: readonly OIDCIssuer[], recorded: readonly IssuerEntry[]): IssuerEntry[] {
  const others = issuers.filter(({ metadata }) => metadata.name !== name).map(({ status }) => status?.issuerURL);
  return recorded.filter(({ url }) => !others.includes(url));
}

/** The provider of the issuer's URL in the issuer's own account. */
function providerOf({ status }: OIDCIssuer): IssuerEntry | undefined {
  const provider = status?.providers?.find(
    ({ url, accountID }) => url === status.issuerURL && accountID === status.accountID,
  );
  return provider && { url: provider.url, providerARN: provider.arn };
}

/** The name of the cluster whose pods use the issuer. */
export function clusterNameOf({ metadata, spec }: OIDCIssuer): string {
  return spec.clusterName ?? metadata.name;
}
