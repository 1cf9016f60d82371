import { isMap, sameJson } from '../../runtime/json.ts';

/** Fields that are atomic in the CRD: an apply replaces them whole. */
const atomic: ReadonlySet<string> = new Set(['hosting', 'signingKeys', 'cluster']);

/** Lists that an apply merges entry by entry, by this key. Entries of others stay. */
const keyed: Readonly<Record<string, string>> = { ownerReferences: 'uid' };

/** Whether an apply would change something. At rest we write nothing, not even a change that changes nothing. */
export function isApplied(desired: unknown, observed: unknown): boolean {
  if (!isMap(desired) || !isMap(observed)) return sameJson(desired, observed);
  return Object.entries(desired).every(([key, value]) =>
    atomic.has(key) ? sameJson(value, observed[key]) : isFieldApplied(key, value, observed[key]),
  );
}

function isFieldApplied(name: string, desired: unknown, observed: unknown): boolean {
  const key = keyed[name];
  if (key === undefined || !Array.isArray(desired) || !Array.isArray(observed)) return isApplied(desired, observed);
  const others = observed.filter(isMap);
  return desired
    .filter(isMap)
    .every((entry) => others.some((other) => other[key] === entry[key] && isApplied(entry, other)));
}
