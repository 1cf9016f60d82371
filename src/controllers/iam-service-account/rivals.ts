import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import { type Claim, claimOf, serviceAccountKey } from '../references.ts';

/** Another IAMServiceAccount that wants to annotate the same service account of the same cluster. */
export interface Rival {
  /** For messages. Of another namespace no more is told than that it is one. */
  readonly name: string;
  readonly roleARN: string | undefined;
  /** The service account is the rival's: it is the older object. */
  readonly isOlder: boolean;
  readonly deleting: boolean;
}

/**
 * The objects whose status says that they annotate the service account or will, and whose spec still names it.
 * The lookup may lag behind, so that two objects of the same moment miss each other. Still they do not fight: an object that sees
 * no rival writes only if no role is written there, and of two that see each other only the older one writes over the other's
 * role. So the older one takes the service account back once, and both come to the same answer.
 */
export function rivalsOf(
  object: IAMServiceAccount,
  claims: Lookup<Claim>,
  serviceAccount: NamespacedName & { readonly cluster: string; readonly issuerNamespace: string },
): Rival[] {
  const own = claimOf(object).seniority;
  return claims
    .under(serviceAccountKey(serviceAccount))
    .filter(([ref]) => nameOf(ref) !== nameOf(object.metadata))
    .map(([ref, claim]) => ({
      name:
        ref.namespace === object.metadata.namespace
          ? `IAMServiceAccount ${nameOf(ref)}`
          : 'an IAMServiceAccount of another namespace',
      roleARN: claim.roleARN,
      // An object that is being deleted lets go by itself, and must not get back what it lost.
      isOlder: !claim.deleting && claim.seniority < own,
      deleting: claim.deleting,
    }));
}

const nameOf = ({ namespace, name }: NamespacedName) => `${namespace}/${name}`;
