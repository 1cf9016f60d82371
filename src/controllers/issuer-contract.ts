import type { OIDCIssuer } from '../api/kinds.ts';
import { findCondition } from '../api/conditions.ts';
import { annotations, settledAnnotation } from '../api/names.ts';

/** What the controllers of other kinds may know of an OIDCIssuer, beside its spec and its status. */

export function clusterNameOf({ spec, metadata }: OIDCIssuer): string {
  return spec.clusterName ?? metadata.name;
}

/** The site whose URL new tokens carry, as far as the status records one. */
export function currentSiteOf(status: OIDCIssuer['status']) {
  return status?.sites?.find(({ phase }) => phase === 'Current');
}

/** Whether the issuer may be deleted although IAMServiceAccounts refer to it. */
export function isDeletionAllowed({ metadata }: OIDCIssuer): boolean {
  const value = metadata.annotations?.[annotations.allowDeletion];
  return value !== undefined && value !== 'false';
}

/**
 * The issuer is being deleted, what it has on AWS goes with it, and its controller has named the roles in a warning: from
 * now on they drop their trust.
 */
export function isLeavingForGood(issuer: OIDCIssuer | undefined): boolean {
  if (issuer?.metadata.deletionTimestamp === undefined || !isDeletionAllowed(issuer)) return false;
  if (issuer.spec.deletionPolicy === 'Retain' || issuer.spec.suspend) return false;
  return findCondition(issuer.status?.conditions, 'ProvidersReady')?.reason === 'DependentsRemaining';
}

/** By field, in words that can be compared and shown. */
export type Settled = Readonly<Record<string, string>>;

/** The key that names the annotation's object: a copy of the object under another name carries the annotation along. */
export const whose = 'metadata.name';

/** Whether IAM may have a provider of this issuer, whatever became of its status. */
export function mayBeRegistered(issuer: OIDCIssuer): boolean {
  return (issuer.status?.providers ?? []).length > 0 || Object.keys(written(issuer)).length > 0;
}

/** What the annotation says was settled. Empty if there is none, or if it is another object's. */
export function written({ metadata }: OIDCIssuer): Settled {
  try {
    const parsed: unknown = JSON.parse(metadata.annotations?.[settledAnnotation] ?? '{}');
    const entries = Object.entries(parsed ?? {}).filter(([, value]) => typeof value === 'string');
    const fields = Object.fromEntries(entries) as Settled;
    return fields[whose] === `${metadata.namespace}/${metadata.name}` ? fields : {};
  } catch {
    return {};
  }
}
