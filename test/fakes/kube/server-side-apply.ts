import { copy, isMap, type Json } from './merge.ts';
import type { Schema } from './schema.ts';
import { sameJson } from '../../../src/runtime/json.ts';

/** A field that an applier set: where, and to what. Lists are taken as one value. */
interface Field {
  readonly path: readonly string[];
  readonly value: unknown;
}

function fields(value: unknown, schema: Schema | undefined, path: readonly string[] = []): Field[] {
  const whole = !isMap(value) || Object.keys(value).length === 0 || schema?.['x-kubernetes-map-type'] === 'atomic';
  if (whole) return [{ path, value }];
  return Object.entries(value).flatMap(([key, child]) => fields(child, schema?.properties?.[key], [...path, key]));
}

const at = (object: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object);

function set(object: Json, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) object[key] = copy(value);
  else set(isMap(object[key]) ? object[key] : (object[key] = {}), rest, value);
}

function unset(object: Json, path: readonly string[]): void {
  const parent = at(object, path.slice(0, -1));
  if (!isMap(parent)) return;
  delete parent[path.at(-1)!];
  if (Object.keys(parent).length === 0 && path.length > 1) unset(object, path.slice(0, -1));
}

/** What was applied last. */
export interface Applied {
  readonly fields: Json;
  /** Those that somebody else owns too. */
  readonly shared: ReadonlySet<string>;
}

/**
 * What server-side apply makes of an object, for one applier.
 * A field that somebody changed after the applier is theirs: it is not taken away, and setting it again needs force.
 */
export function applyTo(
  stored: Json,
  last: Applied | undefined,
  applied: Json,
  schema?: Schema,
): { readonly result: Json; readonly conflicts: readonly string[]; readonly shared: ReadonlySet<string> } {
  const before = last ? fields(last.fields, schema) : [];
  const shared = new Set(last?.shared);
  const now = fields(applied, schema);
  const result = copy(stored);
  const key = (field: Field) => JSON.stringify(field.path);
  const ours = new Set(
    before.filter((field) => sameJson(at(stored, field.path), field.value)).map((field) => key(field)),
  );
  const wanted = new Set(now.map(key));
  for (const field of before)
    if (ours.has(key(field)) && !wanted.has(key(field)) && !shared.has(key(field))) unset(result, field.path);
  const conflicts: string[] = [];
  for (const field of now) {
    const current = at(stored, field.path);
    // An empty map claims that the map is there, and nothing in it.
    if (isMap(current) && isMap(field.value) && Object.keys(field.value).length === 0) continue;
    if (current !== undefined && !sameJson(current, field.value) && !ours.has(key(field)))
      conflicts.push(`.${field.path.join('.')}`);
    // Somebody else set it to the same before us, and stays its owner.
    if (current !== undefined && sameJson(current, field.value) && !ours.has(key(field))) shared.add(key(field));
    set(result, field.path, field.value);
  }
  return { result, conflicts, shared };
}
