import { findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { annotations } from '../../api/names.ts';
import { iamServiceAccounts } from '../../api/resources.ts';
import type { Hold } from '../../runtime/definition.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { usersOf } from '../dependents.ts';
import { isDeletionAllowed } from '../issuer-contract.ts';
import type { IssuerDependencies } from './context.ts';

/**
 * A single `kubectl delete oidcissuer` must not take AWS away from running pods. Once the removal has
 * begun, a role that comes later holds nothing: it never had what is being removed.
 */
export async function holdsDeletion(
  { kube, settings }: Pick<IssuerDependencies, 'kube' | 'settings'>,
  object: OIDCIssuer,
): Promise<Hold | undefined> {
  const hasBegun = findCondition(object.status?.conditions, 'Ready')?.reason === 'Deleting';
  if (hasBegun || isDeletionAllowed(object)) return undefined;
  const users = await listIAMServiceAccounts(kube, (candidates) => usersOf(object, candidates));
  if (users.length === 0) return undefined;
  const message =
    `IAMServiceAccount ${namesOf(users, object)} still refer to this issuer, so nothing is deleted yet: ` +
    `delete them too, or annotate this object with ${annotations.allowDeletion}=true, and their pods lose access to AWS, ` +
    'or set spec.deletionPolicy: Retain, which leaves everything on AWS';
  return { reason: 'DependentsRemaining', message, requeueAfter: settings.intervals.dependents };
}

/**
 * The IAMServiceAccounts that the choice takes. Only a deletion lists, because a lookup may lag behind. The choice is asked object by
 * object: all that the cluster has may not fit in memory.
 */
export function listIAMServiceAccounts(
  kube: KubeClient,
  choose: (candidates: readonly IAMServiceAccount[]) => readonly IAMServiceAccount[],
): Promise<readonly IAMServiceAccount[]> {
  return kube.list<IAMServiceAccount>(iamServiceAccounts, { keep: (object) => choose([object]).length > 0 });
}

/** The names in an order that stays the same, and not more than somebody would read. */
export function namesOf(dependents: readonly IAMServiceAccount[], { metadata: { namespace } }: OIDCIssuer): string {
  const names = dependents
    .map(({ metadata }) =>
      metadata.namespace === namespace ? metadata.name : `${metadata.namespace}/${metadata.name}`,
    )
    .sort();
  const shown = names.slice(0, shownAtMost).join(', ');
  return names.length > shownAtMost ? `${shown} and ${names.length - shownAtMost} more` : shown;
}

const shownAtMost = 20;
