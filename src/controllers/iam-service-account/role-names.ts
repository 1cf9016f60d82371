import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import { type RoleNameClaim, roleNameClaimOf } from '../references.ts';

/**
 * Why the object cannot have the role that it names: another object has it. Of two that both have it, or both do not, the older one
 * holds it. Undefined: nobody does.
 */
export function holderOfRole(
  object: IAMServiceAccount,
  status: IAMServiceAccountStatus,
  roleNames: Lookup<RoleNameClaim>,
): string | undefined {
  const own = roleNameClaimOf({ ...object, status });
  if (own.key === undefined) return undefined;
  const { namespace, name } = object.metadata;
  const isOther = (ref: { readonly namespace: string; readonly name: string }) =>
    ref.namespace !== namespace || ref.name !== name;
  const holder = roleNames
    .under(own.key)
    .find(
      ([ref, claim]) =>
        isOther(ref) && (claim.hasRole === own.hasRole ? claim.seniority < own.seniority : claim.hasRole),
    );
  if (!holder) return undefined;
  // Of another namespace no more is told than that it is one.
  const [ref] = holder;
  const who =
    ref.namespace === namespace ? `IAMServiceAccount ${ref.name}` : 'an IAMServiceAccount of another namespace';
  return `spec.role.name: ${who} holds role ${object.spec.role?.name ?? ''}: name another role, or add the subjects to that object`;
}
