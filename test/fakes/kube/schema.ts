import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import type { Resource } from '../../../src/api/resources.ts';
import { copy, isMap, type Json } from './merge.ts';

/** The part of a structural schema that changes what is stored. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly default?: unknown;
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface CustomResourceDefinition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const folder = new URL('../../../crds/', import.meta.url);

function loadSchemas(): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const file of readdirSync(folder)) {
    const definition = parse(readFileSync(new URL(file, folder), 'utf8')) as CustomResourceDefinition;
    const schema = definition.kind === 'CustomResourceDefinition' && definition.spec.versions[0]?.schema;
    if (schema) schemas.set(`${definition.spec.names.plural}.${definition.spec.group}`, schema.openAPIV3Schema);
  }
  return schemas;
}

/** The schemas of crds/, by schemaKey(). */
export const schemas = loadSchemas();

export const schemaKey = (resource: Resource) => `${resource.plural}.${resource.group}`;

/** As the API server stores it: fields that the schema does not know are dropped, defaults filled in. */
export function pruneAndDefault(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) return value.map((item) => pruneAndDefault(item, schema.items ?? {}));
  if (!isMap(value)) return value;
  const known = schema.properties;
  if (!known) {
    const { additionalProperties } = schema;
    if (typeof additionalProperties !== 'object') return value;
    return mapValues(value, (item) => pruneAndDefault(item, additionalProperties));
  }
  const kept = schema['x-kubernetes-preserve-unknown-fields'] ? { ...value } : {};
  for (const name in known) {
    const property = known[name] ?? {};
    const given = value[name] ?? copy(property.default);
    if (given !== undefined) kept[name] = pruneAndDefault(given, property);
  }
  return kept;
}

const mapValues = (map: Json, change: (value: unknown) => unknown): Json =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
