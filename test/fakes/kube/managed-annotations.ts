import { fieldManager } from '../../../src/api/names.ts';
import type { ManagedFields } from '../../../src/api/meta.ts';
import { meta } from './objects.ts';
import { isMap, type Json } from './merge.ts';
import { sameJson } from '../../../src/runtime/json.ts';

const annotationsOf = (object: Json) => (meta(object)['annotations'] ?? {}) as Readonly<Record<string, string>>;

/** The fields of the annotations that the operator wrote last. */
export function managedAnnotations(managedFields: readonly ManagedFields[] = []): string[] {
  return managedFields
    .filter(({ manager }) => manager === fieldManager)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1?.['f:metadata']?.['f:annotations'] ?? {}))
    .filter((field) => field !== '.');
}

/** The fields of what was applied, each under `f:` and its name. */
export function appliedFields(value: unknown): Json {
  if (!isMap(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [`f:${key}`, appliedFields(field)]));
}

/** What was applied and still stands: a field that somebody changes is theirs from then on. */
export function standing(applied: Json, now: unknown): Json {
  const fields = Object.entries(applied).flatMap(([key, field]) => {
    const current = isMap(now) ? now[key] : undefined;
    if (isMap(field)) return [[key, standing(field, current)] as const];
    return sameJson(field, current) ? [[key, field] as const] : [];
  });
  return Object.fromEntries(fields);
}

/** The managedFields after an update: who changes an annotation manages it. Of all fields and managers only this is kept. */
export function manageAnnotations(before: Json, after: Json, { ours }: { readonly ours: boolean }): ManagedFields[] {
  const [old, now] = [annotationsOf(before), annotationsOf(after)];
  const changed = (key: string) => old[key] !== now[key];
  const managed = managedAnnotations(meta(before)['managedFields'] as ManagedFields[] | undefined);
  const kept = managed.filter((field) => !changed(field.slice('f:'.length)));
  const written = ours ? Object.keys(now).filter(changed) : [];
  const fields = [...kept, ...written.map((key) => `f:${key}`)];
  if (fields.length === 0) return [];
  const all = Object.fromEntries(['.', ...fields].map((field) => [field, {}]));
  return [{ manager: fieldManager, fieldsV1: { 'f:metadata': { 'f:annotations': all } } }];
}
