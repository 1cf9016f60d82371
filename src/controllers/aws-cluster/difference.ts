import { isMap, sameJson } from '../../runtime/json.ts';

/** Atomic in the CRD: an apply replaces them whole. */
const atomic: ReadonlySet<string> = new Set(['hosting', 'signingKeys', 'cluster']);

/** Whether an apply would change something: at rest there is no write, not even one that changes nothing. */
export function isApplied(desired: unknown, observed: unknown): boolean {
  if (!isMap(desired) || !isMap(observed)) return sameJson(desired, observed);
  return Object.entries(desired).every(([key, value]) =>
    atomic.has(key) ? sameJson(value, observed[key]) : isApplied(value, observed[key]),
  );
}
