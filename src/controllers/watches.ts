import { hash } from 'node:crypto';
import type { Guardrail, IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { awsClusterLabel, podIdentityLabel, webhookAnnotations } from '../api/names.ts';
import type { NamespacedName } from '../api/resources.ts';
import type { Related } from '../runtime/controller.ts';
import type { Change } from '../runtime/informer.ts';
import type { Lookup } from '../runtime/lookup.ts';
import { mayHaveForgotten } from './dependents.ts';
import { currentSiteOf, isLeavingForGood, urlsOf } from './issuer-contract.ts';
import { nameClaimOf } from './name-claims.ts';
import { type Claim, issuerKey, keyAt, roleNameClaimOf, roleSummary } from './references.ts';

/*
 * Whom the change of an object concerns besides the object itself. Each watch picks the part of the object that matters, so that a
 * change of any other part sets nothing off.
 */

/** The IAMServiceAccounts that refer to an OIDCIssuer or whose roles trust it. */
export const issuersForRoles = (rolesByIssuer: Lookup<unknown>) =>
  ({
    select: (issuer: OIDCIssuer) => ({
      uid: issuer.metadata.uid,
      deleting: issuer.metadata.deletionTimestamp !== undefined,
      leavingForGood: isLeavingForGood(issuer),
      spec: issuer.spec,
      accountID: issuer.status?.accountID,
      urls: urlsOf(issuer),
      providers: issuer.status?.providers,
    }),
    affected: (issuer, { urls }) => [issuerKey(issuer), ...urls].flatMap((key) => refsOf(rolesByIssuer.under(key))),
  }) satisfies Related<OIDCIssuer, { urls: readonly string[] }>;

/** The OIDCIssuers whose deletion, or that of a former site, waits for an IAMServiceAccount. A changed role causes no AWS calls for other issuers. */
export const rolesForLeavingIssuers = (leavingIssuers: Lookup<unknown>) =>
  ({
    select: (role: IAMServiceAccount) => ({
      ...roleSummary(role),
      deleting: role.metadata.deletionTimestamp !== undefined,
      forgotten: mayHaveForgotten(role),
    }),
    affected: (_, { issuers, urls }) => [...issuers, ...urls].flatMap((key) => refsOf(leavingIssuers.under(key))),
  }) satisfies Related<IAMServiceAccount, { issuers: readonly string[]; urls: readonly string[] }>;

/** The AWSCluster of which an OIDCIssuer was made. */
export const issuersForClusters = {
  select: ({ metadata, spec, status }: OIDCIssuer) => ({
    cluster: metadata.labels?.[awsClusterLabel],
    deleting: metadata.deletionTimestamp !== undefined,
    spec,
    issuerURL: status?.issuerURL,
    distribution: currentSiteOf(status)?.distribution,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  }),
  affected: ({ namespace }, { cluster }) => (cluster === undefined ? [] : [{ namespace, name: cluster }]),
} satisfies Related<OIDCIssuer, { cluster: string | undefined }>;

/** The other OIDCIssuers that ask for a name which one begins to hold, or holds no more. */
export const issuersForNames = (names: Lookup<unknown>) =>
  ({
    select: (issuer: OIDCIssuer) => ({ held: nameClaimOf(issuer).held }),
    affected: (issuer, { held }) =>
      held.flatMap((key) => refsOf(names.under(key))).filter((other) => issuerKey(other) !== issuerKey(issuer)),
  }) satisfies Related<OIDCIssuer, { held: readonly string[] }>;

/** The other IAMServiceAccounts that name a role which one begins to hold, or holds no more. */
export const rolesForRoleNames = (roleNames: Lookup<unknown>) =>
  ({
    select: roleNameClaimOf,
    affected: (role, { key }) =>
      key === undefined ? [] : refsOf(roleNames.under(key)).filter((other) => issuerKey(other) !== issuerKey(role)),
  }) satisfies Related<IAMServiceAccount, { key: string | undefined }>;

/** A Guardrail can decide about any object. */
export const guardrailsForAll = (all: Iterable<readonly [NamespacedName, unknown]>) =>
  ({ select: ({ spec }: Guardrail) => spec, affected: () => refsOf(all) }) satisfies Related<Guardrail, unknown>;

/** The labels of a namespace decide only about the objects in it. */
export const namespacesForTheirs = (byNamespace: Lookup<unknown>) =>
  ({
    select: ({ metadata }: KubernetesObject) => metadata.labels ?? {},
    affected: ({ name }) => refsOf(byNamespace.under(name)),
  }) satisfies Related<KubernetesObject, unknown>;

/** What a watch keeps of a service account: digests, because the texts in a cluster may be of any length. */
export interface ServiceAccountState {
  readonly uid: string;
  readonly roleARN: string;
  /** Of the other annotations that we may have written, and of our label. */
  readonly others: string;
}

export function serviceAccountState({ metadata }: KubernetesObject): ServiceAccountState {
  const { roleARN, ...others } = webhookAnnotations;
  const annotations = metadata.annotations ?? {};
  return {
    uid: digest(metadata.uid),
    roleARN: digest(annotations[roleARN]),
    others: digest([...Object.values(others).map((key) => annotations[key]), metadata.labels?.[podIdentityLabel]]),
  };
}

/** Of JSON; absent counts as null. */
const digest = (value: unknown) => hash('sha256', JSON.stringify(value ?? null), 'base64');

/**
 * The IAMServiceAccounts that have to look at a service account: it names another role than theirs, or they wrote annotations that
 * somebody changed. What they write themselves concerns nobody.
 */
export function rolesOfServiceAccount(
  claims: Lookup<Claim>,
  place: string,
  { ref, selected, before, kind }: Change<ServiceAccountState>,
): NamespacedName[] {
  if (kind === 'deleted') return [];
  const wasChanged = before !== undefined && before.uid === selected.uid && before.others !== selected.others;
  return claims
    .under(keyAt(place, ref))
    .filter(([, { deleting, roleARN }]) => {
      if (deleting || roleARN === undefined) return false;
      const ours = digest(roleARN);
      return selected.roleARN !== ours || (wasChanged && before.roleARN === ours);
    })
    .map(([role]) => role);
}

const refsOf = (objects: Iterable<readonly [NamespacedName, unknown]>): NamespacedName[] =>
  [...objects].map(([ref]) => ref);
