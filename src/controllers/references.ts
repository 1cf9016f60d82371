import { isTrue } from '../api/conditions.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import type { NamespacedName } from '../api/resources.ts';
import { Index } from '../runtime/lookup.ts';
import { clusterNameOf, isLeavingForGood, isRegistered, urlsOf } from './issuer-contract.ts';
import { seniority } from './seniority.ts';

/**
 * The OIDCIssuers that an IAMServiceAccount refers to, with their namespaces. Its own namespace may be written or left out, so one
 * issuer can be named twice.
 */
export function issuerRefsOf({ metadata, spec }: Pick<IAMServiceAccount, 'metadata' | 'spec'>): NamespacedName[] {
  const refs = spec.issuerRefs.map(({ namespace, name }) => ({ namespace: namespace || metadata.namespace, name }));
  return [...new Map(refs.map((ref) => [issuerKey(ref), ref])).values()];
}

/** What a role knows of an issuer to which it does not refer. */
export interface IssuerSummary {
  readonly cluster: string;
  /** Those whose tokens count. */
  readonly urls: readonly string[];
  readonly registered: boolean;
  readonly leavingForGood: boolean;
  /** The ARNs of its own providers. Another issuer may claim its URL, but not these. */
  readonly providerARNs: readonly string[];
}

/** Issuers by namespace, and by the ARNs of their providers. */
export const issuerIndex = () =>
  new Index<OIDCIssuer, IssuerSummary>({
    select: (issuer) => ({
      cluster: clusterNameOf(issuer),
      urls: urlsOf(issuer),
      registered: isRegistered(issuer),
      leavingForGood: isLeavingForGood(issuer),
      providerARNs: (issuer.status?.providers ?? []).filter(({ owned }) => owned).map(({ arn }) => arn),
    }),
    keys: ({ namespace }, { providerARNs }) => [namespace, ...providerARNs],
  });

/** What the deletion of an issuer, or of one of its sites, waits for. */
interface LeavingIssuer {
  readonly deleted: boolean;
  /** Those that roles may trust and that leave. */
  readonly urls: readonly string[];
}

/** Issuers of which something is removed: by `namespace/name` those that are being deleted, and by the URLs that leave. */
export const leavingIssuerIndex = () =>
  new Index<OIDCIssuer, LeavingIssuer>({
    select: ({ metadata, status }) => {
      const deleted = metadata.deletionTimestamp !== undefined;
      const { sites = [], providers = [] } = status ?? {};
      const leaving = deleted ? [...sites, ...providers] : sites.filter(({ phase }) => phase === 'Retiring');
      return { deleted, urls: leaving.map(({ url }) => url) };
    },
    keys: (ref, { deleted, urls }) => [...new Set([...(deleted ? [issuerKey(ref)] : []), ...urls])],
  });

/** Which issuers an IAMServiceAccount refers to, and which its role trusts. */
export interface RoleSummary {
  readonly issuers: readonly string[];
  readonly urls: readonly string[];
}

/** IAMServiceAccounts by issuer: by `namespace/name` of those that they refer to, and by the URL of those that their roles trust. */
export const roleIndex = () =>
  new Index<IAMServiceAccount, RoleSummary>({
    select: roleSummary,
    keys: (_, { issuers, urls }) => [...issuers, ...urls],
  });

export function roleSummary(object: IAMServiceAccount): RoleSummary {
  return {
    issuers: issuerRefsOf(object).map(issuerKey),
    urls: (object.status?.issuers ?? []).map(({ url }) => url),
  };
}

/** What others know of an IAMServiceAccount that annotates service accounts. */
export interface Claim {
  readonly seniority: string;
  readonly deleting: boolean;
  readonly roleARN: string | undefined;
  /** The keys of its service accounts. */
  readonly serviceAccounts: readonly string[];
}

/**
 * The status says which service accounts are annotated or will be. The spec says which of them still are subjects. A refused object
 * claims nothing, because it can name any issuer.
 */
export function claimOf({ metadata, spec, status }: IAMServiceAccount): Claim {
  const accepted = isTrue(status?.conditions, 'Accepted') && status?.observedGeneration === metadata.generation;
  const isSubject = (entry: NamespacedName) =>
    spec.subjects.some(({ namespace, name }) => namespace === entry.namespace && name === entry.name);
  return {
    seniority: seniority(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    roleARN: status?.roleARN,
    serviceAccounts: accepted ? (status?.serviceAccounts ?? []).filter(isSubject).map(serviceAccountKey) : [],
  };
}

/** IAMServiceAccounts by the service accounts that they annotate. */
export const claimIndex = () =>
  new Index<IAMServiceAccount, Claim>({ select: claimOf, keys: (_, { serviceAccounts }) => serviceAccounts });

/** What others know of the role that an IAMServiceAccount names. */
export interface RoleNameClaim {
  /** Undefined: the object names none, or its account is not known yet. */
  readonly key: string | undefined;
  readonly seniority: string;
  /** Whether the object has the role, or its statements in it. */
  readonly hasRole: boolean;
}

/** IAM's names have no case. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names */
export function roleNameClaimOf({ metadata, spec, status }: IAMServiceAccount): RoleNameClaim {
  const { accountID, roleARN } = status ?? {};
  const name = spec.role?.name?.toLowerCase();
  return {
    key: name === undefined || accountID === undefined ? undefined : `${accountID}/${name}`,
    seniority: seniority(metadata),
    hasRole: roleARN !== undefined,
  };
}

/** IAMServiceAccounts by the roles that they name. */
export const roleNameIndex = () =>
  new Index<IAMServiceAccount, RoleNameClaim>({ select: roleNameClaimOf, keys: (_, { key }) => (key ? [key] : []) });

/** Anybody can call a cluster by any name, so a name counts only within the namespace of the issuer that gives it. */
export const placeOf = ({ issuerNamespace, cluster }: { readonly issuerNamespace: string; readonly cluster: string }) =>
  `${issuerNamespace}/${cluster}`;

export const serviceAccountKey = ({
  issuerNamespace,
  cluster,
  namespace,
  name,
}: NamespacedName & { readonly issuerNamespace: string; readonly cluster: string }) =>
  keyAt(placeOf({ issuerNamespace, cluster }), { namespace, name });

/** The key of a service account of the cluster at that place. */
export const keyAt = (place: string, { namespace, name }: NamespacedName) => `${place}/${namespace}/${name}`;

export const issuerKey = ({ namespace, name }: NamespacedName) => `${namespace}/${name}`;
