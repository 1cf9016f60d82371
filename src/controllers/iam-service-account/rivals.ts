import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import { type Claim, claimOf, serviceAccountKey } from '../references.ts';

/** Another IAMServiceAccount that gives the same service account of the same cluster a role. */
export interface Rival {
  /** `namespace/name` */
  readonly name: string;
  readonly roleARN: string | undefined;
  /** The service account is the rival's: it is the older object. */
  readonly isOlder: boolean;
}

/**
 * Those whose status says that the service account is, or is to be, annotated by them, and whose spec still names it.
 * The lookup may lag behind, so that each of two objects of the same moment misses the other. That does not make them fight:
 * an object that sees no rival writes only where no role is written, and of two that see each other only the older one writes
 * over the other's role. So the older one takes the service account back once, and both come to the same answer.
 */
export function rivalsOf(
  object: IAMServiceAccount,
  claims: Lookup<Claim>,
  serviceAccount: NamespacedName & { readonly cluster: string },
): Rival[] {
  const own = claimOf(object).seniority;
  return claims
    .under(serviceAccountKey(serviceAccount))
    .filter(([ref]) => nameOf(ref) !== nameOf(object.metadata))
    .map(([ref, claim]) => ({
      name: nameOf(ref),
      roleARN: claim.roleARN,
      // One that is going lets go by itself, and must not get back what it lost.
      isOlder: !claim.deleting && claim.seniority < own,
    }));
}

const nameOf = ({ namespace, name }: NamespacedName) => `${namespace}/${name}`;
