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
  if (!issuer?.spec.cluster) return;
  const cluster = clusterNameOf(issuer);
  const known = draft.serviceAccounts ?? [];
  const added = spec.subjects
    .filter(isServiceAccountName)
    .filter((subject) => !known.some((entry) => entry.cluster === cluster && isSame(entry, subject)))
    .map(({ namespace, name }) => ({ cluster, namespace, name, state: 'Pending' satisfies ServiceAccountState }));
  if (added.length > 0) draft.serviceAccounts = [...known, ...added];
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}
export const isSame = (a: Named, b: Named) => a.namespace === b.namespace && a.name === b.name;

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
