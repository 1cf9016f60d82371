import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A structural schema: the keywords that lead to other schemas, and all the others by name. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly Rule[];
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly [keyword: string]: unknown;
}

export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly fieldPath?: string;
}

/** Steps from the root: names of properties, `*` for the items of a list and the values of a map. */
export type Path = readonly string[];

export const kinds = {
  OIDCIssuer: 'oidcissuers',
  IAMServiceAccount: 'iamserviceaccounts',
  Guardrail: 'guardrails',
} as const;
export type Kind = keyof typeof kinds;

/** One limit that a schema sets on the value at a path. */
export interface Constraint {
  readonly path: Path;
  readonly keyword: string;
  readonly limit: unknown;
  readonly schema: Schema;
}

export function readSchema(kind: Kind): Schema {
  const crd = parse(readFileSync(`crds/${kinds[kind]}.yaml`, 'utf8'));
  return crd.spec.versions[0].schema.openAPIV3Schema as Schema;
}

/** Every schema below this one and itself, with its path. */
export function* walk(schema: Schema, path: Path = []): Generator<readonly [Path, Schema]> {
  yield [path, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {})) yield* walk(property, [...path, name]);
  for (const child of [schema.items, schema.additionalProperties]) if (child) yield* walk(child, [...path, '*']);
}

/** Keywords that limit nothing by themselves; CEL rules have their own tests. int32 and int64 come with tighter limits. */
const unlimiting = new Set(['type', 'description', 'default', 'properties', 'items', 'additionalProperties']);
const isLimit = (keyword: string, value: unknown) =>
  !unlimiting.has(keyword) &&
  !keyword.startsWith('x-kubernetes-') &&
  !(keyword === 'format' && /^int/.test(String(value)));

/** Each limit in a schema, `required` one property at a time. A keyword that nobody thought of is one too. */
export function constraints(root: Schema): Constraint[] {
  return [...walk(root)].flatMap(([path, schema]) =>
    Object.entries(schema)
      .filter(([keyword, value]) => isLimit(keyword, value))
      .flatMap(([keyword, limit]): Constraint[] =>
        keyword === 'required'
          ? (schema.required ?? []).map((name) => ({ path: [...path, name], keyword, limit: true, schema }))
          : [{ path, keyword, limit, schema }],
      ),
  );
}

/** The message of every CEL rule. */
export function ruleMessages(root: Schema): string[] {
  return [...walk(root)].flatMap(([path, schema]) =>
    (schema['x-kubernetes-validations'] ?? []).map(
      ({ rule, message }) => message ?? `rule without message at ${path.join('.')}: ${rule}`,
    ),
  );
}
