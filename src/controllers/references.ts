import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import type { NamespacedName } from '../api/resources.ts';
import { Index } from '../runtime/lookup.ts';
import { clusterNameOf, mayBeRegistered } from './issuer-contract.ts';

/** The OIDCIssuers that an IAMServiceAccount refers to, with their namespaces. */
export function issuerRefsOf({ metadata, spec }: Pick<IAMServiceAccount, 'metadata' | 'spec'>): NamespacedName[] {
  return spec.issuerRefs.map(({ namespace, name }) => ({ namespace: namespace || metadata.namespace, name }));
}

/** What the roles of its namespace know of an issuer that they do not refer to. */
export interface IssuerSummary {
  readonly cluster: string;
  readonly url: string | undefined;
  readonly registered: boolean;
}

/** Issuers by namespace. */
export const issuerIndex = () =>
  new Index<OIDCIssuer, IssuerSummary>({
    select: (issuer) => ({
      cluster: clusterNameOf(issuer),
      url: issuer.status?.issuerURL,
      registered: mayBeRegistered(issuer),
    }),
    keys: ({ namespace }) => [namespace],
  });

/** Which issuers an IAMServiceAccount refers to, and which its role trusts. */
export interface RoleSummary {
  readonly issuers: readonly string[];
  readonly urls: readonly string[];
}

/** IAMServiceAccounts by issuer: by `namespace/name` of those that they refer to, and by the URL of those that their roles trust. */
export const roleIndex = () =>
  new Index<IAMServiceAccount, RoleSummary>({
    select: (account) => ({
      issuers: issuerRefsOf(account).map(issuerKey),
      urls: (account.status?.issuers ?? []).map(({ url }) => url),
    }),
    keys: (_, { issuers, urls }) => [...issuers, ...urls],
  });

export const issuerKey = ({ namespace, name }: NamespacedName) => `${namespace}/${name}`;
