import type { OIDCIssuer } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import { type NameClaim, nameClaimOf, namesAskedBy } from '../name-claims.ts';

/** A name that the spec asks for and another OIDCIssuer holds. */
export interface HeldName {
  /** The field and its value. */
  readonly what: string;
  /** Of another namespace no more is told than that it is one. */
  readonly holder: string;
}

/**
 * An issuer that is registered under a name keeps it, because pods depend on it. Of two that are not, the older one has the name.
 * The lookup may lag behind, so that two objects of the same moment miss each other. Then AWS refuses one of them, and both come
 * to the same answer at their next passes.
 */
export function findHeldName(object: OIDCIssuer, claims: Lookup<NameClaim>): HeldName | undefined {
  const own = nameClaimOf(object);
  for (const { key, what } of namesAskedBy(object)) {
    const holder = claims
      .under(key)
      .filter(([ref, claim]) => !isSame(ref, object.metadata) && claim.held.includes(key))
      .find(([, claim]) => comesFirst(claim, own, key));
    if (!holder) continue;
    const [{ namespace, name }] = holder;
    const isNeighbour = namespace === object.metadata.namespace;
    return { what, holder: isNeighbour ? `OIDCIssuer ${name}` : 'an OIDCIssuer of another namespace' };
  }
  return undefined;
}

function comesFirst(other: NameClaim, own: NameClaim, key: string): boolean {
  const [its, ours] = [other.registered.includes(key), own.registered.includes(key)];
  return its === ours ? other.seniority < own.seniority : its;
}

const isSame = (a: NamespacedName, b: NamespacedName) => a.namespace === b.namespace && a.name === b.name;
