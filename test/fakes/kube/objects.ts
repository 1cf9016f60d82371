import type { NamespacedName, Resource } from '../../../src/api/resources.ts';
import { isMap, without, type Json } from './merge.ts';
import { schemaKey } from './schema.ts';
import { sameJson } from '../../../src/runtime/json.ts';

export const keyOf = (resource: Resource, ref: NamespacedName) => `${schemaKey(resource)}/${ref.namespace}/${ref.name}`;
export const meta = (object: Json): Json => (isMap(object['metadata']) ? object['metadata'] : {});
export const finalizersOf = (object: Json) => (meta(object)['finalizers'] as readonly string[] | undefined) ?? [];
export const timestamp = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** Of the kinds we touch, all custom ones have the status subresource and a generation. */
export const hasStatus = (resource: Resource) => resource.group !== '' && !resource.group.endsWith('.k8s.io');

export const sameSpec = (a: Json, b: Json) =>
  sameJson(without(a, 'metadata', 'status'), without(b, 'metadata', 'status'));
