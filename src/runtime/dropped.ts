import type { Resource } from '../api/resources.ts';
import type { Finding } from './findings.ts';
import { isMap, type JsonMap } from './json.ts';

/**
 * The path of a field that a merge patch sets and the answer to the patch lacks. The API server drops what the installed
 * CustomResourceDefinition does not know. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 */
export function findDropped(patch: JsonMap, kept: unknown): string | undefined {
  for (const [field, value] of Object.entries(patch)) {
    if (value === null || value === undefined) continue;
    const there = isMap(kept) ? kept[field] : undefined;
    if (there === undefined) return field;
    for (const below of pairs(value, there)) {
      const dropped = findDropped(below.value, below.kept);
      if (dropped !== undefined) return `${field}.${dropped}`;
    }
  }
  return undefined;
}

/** The maps in the value, each with what was kept of it. */
function pairs(value: unknown, kept: unknown): { readonly value: JsonMap; readonly kept: unknown }[] {
  if (isMap(value)) return [{ value, kept }];
  if (!Array.isArray(value) || !Array.isArray(kept)) return [];
  return value.flatMap((item: unknown, index) => pairs(item, kept[index]));
}

/** Without the field nobody would know what has to be undone, so no step may run. */
export function outdated({ plural, group }: Resource, dropped: string): Finding {
  const message =
    `the API server does not keep ${dropped}: CustomResourceDefinition ${plural}.${group} is older than the operator: ` +
    "apply that of the operator's release (kubectl apply -k config/crd)";
  return { type: 'Accepted', state: 'failed', reason: 'OutdatedCRD', message, terminal: true };
}
