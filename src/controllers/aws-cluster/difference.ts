import type { KubernetesObject, ManagedFields } from '../../api/meta.ts';
import { fieldManager } from '../../api/names.ts';
import { isMap, sameJson } from '../../runtime/json.ts';
import type { DesiredObject } from '../../runtime/kube-client.ts';

/** Fields that are atomic in the CRD: an apply replaces them whole. */
const atomic: ReadonlySet<string> = new Set(['hosting', 'signingKeys', 'cluster']);

/** Lists that an apply merges entry by entry, by this key. Entries of others stay. */
const keyed: Readonly<Record<string, string>> = { ownerReferences: 'uid' };

/** Whether an apply would change nothing. At rest we write nothing, not even a change that changes nothing. */
export function isApplied(desired: DesiredObject, observed: KubernetesObject | undefined): boolean {
  return isMergedIn(desired, observed) && !leavesOut(desired, observed?.metadata.managedFields);
}

/** Whether we applied something before that we do not apply any more: server-side apply takes that away. */
function leavesOut(desired: DesiredObject, managedFields: readonly ManagedFields[] = []): boolean {
  return managedFields
    .filter(({ manager, operation }) => manager === fieldManager && operation === 'Apply')
    .some(({ fieldsV1 }) => lacksField(desired, fieldsV1 ?? {}));
}

/** Of lists, whose fields begin with `k:` and `v:`, none of ours ever gets shorter. */
function lacksField(value: unknown, fields: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(fields).filter((field) => field.startsWith('f:'));
  if (names.length > 0 && !isMap(value)) return !Array.isArray(value);
  return names.some((field) => {
    const name = field.slice('f:'.length);
    const inner = (value as Readonly<Record<string, unknown>>)[name];
    const below = fields[field];
    return inner === undefined || (isMap(below) && lacksField(inner, below));
  });
}

function isMergedIn(desired: unknown, observed: unknown): boolean {
  if (!isMap(desired) || !isMap(observed)) return sameJson(desired, observed);
  return Object.entries(desired).every(([key, value]) =>
    atomic.has(key) ? sameJson(value, observed[key]) : isFieldApplied(key, value, observed[key]),
  );
}

function isFieldApplied(name: string, desired: unknown, observed: unknown): boolean {
  const key = keyed[name];
  if (key === undefined || !Array.isArray(desired) || !Array.isArray(observed)) return isMergedIn(desired, observed);
  const others = observed.filter(isMap);
  return desired
    .filter(isMap)
    .every((entry) => others.some((other) => other[key] === entry[key] && isMergedIn(entry, other)));
}
