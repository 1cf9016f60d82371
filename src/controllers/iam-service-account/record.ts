import { sameJson } from '../../runtime/json.ts';
import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { isServiceAccountName } from '../../oidc/trust-policy.ts';
import { clusterNameOf } from '../issuer-contract.ts';
import type { IssuerEntry } from './issuers.ts';

export type ServiceAccountEntry = NonNullable<IAMServiceAccountStatus['serviceAccounts']>[number];

/** What became of a service account. */
export type ServiceAccountState = 'Pending' | 'Annotated' | 'NotFound' | 'Conflict';

/** Records every issuer that the role may come to trust. An entry goes only after its statement. */
export function recordIssuers(draft: IAMServiceAccountStatus, trusted: readonly IssuerEntry[]): void {
  const others = (draft.issuers ?? []).filter(({ url }) => !trusted.some((entry) => entry.url === url));
  draft.issuers = [...others, ...trusted];
}

/** Records every service account that may come to carry our annotations. */
export function recordServiceAccounts(
  draft: IAMServiceAccountStatus,
  { spec }: IAMServiceAccount,
  issuer: OIDCIssuer | undefined,
): void {
  if (!issuer?.spec.cluster || spec.serviceAccountPolicy === 'Ignore') return;
  const place = placeOfIssuer(issuer);
  const known = draft.serviceAccounts ?? [];
  const added = spec.subjects
    .filter(isServiceAccountName)
    .map(({ namespace, name }) => ({ ...place, namespace, name }))
    .filter((wanted) => !known.some((entry) => isSame(entry, wanted)))
    .map((wanted) => ({ ...wanted, state: 'Pending' satisfies ServiceAccountState }));
  if (added.length > 0) draft.serviceAccounts = [...known, ...added];
}

/** Anybody can call a cluster by any name, so a name counts only within the namespace of the issuer that gives it. */
type Place = Pick<ServiceAccountEntry, 'issuerNamespace' | 'cluster'>;

export const placeOfIssuer = (issuer: OIDCIssuer): Place => ({
  issuerNamespace: issuer.metadata.namespace,
  cluster: clusterNameOf(issuer),
});

export const isAt = (a: Place, b: Place) => a.cluster === b.cluster && a.issuerNamespace === b.issuerNamespace;

type Named = Pick<ServiceAccountEntry, 'issuerNamespace' | 'cluster' | 'namespace' | 'name'>;
export const isSame = (a: Named, b: Named) => isAt(a, b) && a.namespace === b.namespace && a.name === b.name;

/** Whether the stored status holds everything in the draft that is needed to undo the next steps. */
export function isStored(stored: IAMServiceAccountStatus | undefined, draft: IAMServiceAccountStatus): boolean {
  return sameJson(toUndo(stored ?? {}), toUndo(draft));
}

function toUndo(status: IAMServiceAccountStatus) {
  const {
    accountID,
    accountRoleARN,
    accountNamespace,
    roleName,
    issuers = [],
    serviceAccounts = [],
    tagKeys = [],
  } = status;
  return { accountID, accountRoleARN, accountNamespace, roleName, issuers, serviceAccounts, tagKeys };
}
