import type { Constraint, Path } from './schema.ts';

/** What the API server says of a field that it refuses. */
export interface Cause {
  readonly field?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A value that breaks the constraint and, as far as one value can, nothing else; undefined takes the field away. */
export function violate({ keyword, limit, schema }: Constraint, value: unknown): unknown {
  const number = Number(limit);
  switch (keyword) {
    case 'pattern':
      return mismatch(new RegExp(String(limit), 'u'), Number(schema.minLength ?? 0));
    case 'enum':
      return 'Neither';
    case 'format':
      return 'yesterday';
    case 'required':
      return undefined;
    case 'minLength':
      return 'a'.repeat(number - 1);
    case 'maxLength':
      return 'a'.repeat(number + 1);
    case 'minimum':
      return number - 1;
    case 'maximum':
      return number + 1;
    case 'minItems':
      return [];
    case 'maxItems':
      return Array.from({ length: number + 1 }, (_, index) => distinct((value as unknown[])[0], index, schema));
    case 'minProperties':
      return {};
    case 'maxProperties':
      return Object.fromEntries(Array.from({ length: number + 1 }, (_, index) => [`key-${index}`, 'value']));
    default:
      throw new Error(`no test knows how to break "${keyword}"`);
  }
}

/** What the API server says of the constraint, so that no other refusal passes for it. */
export const complaints: Readonly<Record<string, RegExp>> = {
  pattern: /in body should match/,
  enum: /Unsupported value/,
  format: /must be of type date-time/,
  required: /Required value/,
  minLength: /should be at least \d+ chars long/,
  maxLength: /may not be more than \d+ bytes/,
  minimum: /should be greater than or equal to/,
  maximum: /should be less than or equal to/,
  minItems: /should have at least \d+ items/,
  maxItems: /must have at most \d+ items/,
  minProperties: /should have at least \d+ properties/,
  maxProperties: /must have at most \d+ items/,
};

/** The first of some strings, long enough, that the pattern does not take. */
function mismatch(pattern: RegExp, minLength: number): string {
  const found = ['\u0007', '!', '', ' '].map((text) => text.padEnd(minLength, '!')).find((text) => !pattern.test(text));
  if (found === undefined) throw new Error(`${String(pattern)} takes everything that was tried`);
  return found;
}

/** A copy of a list's item that the list does not take for the same one. */
function distinct(item: unknown, index: number, list: Constraint['schema']): unknown {
  if (typeof item === 'string') return `${item}${index}`;
  const keys = list['x-kubernetes-list-map-keys'] ?? [];
  const copy = { ...(item as Record<string, unknown>) };
  for (const key of keys) copy[key] = `${String(copy[key])}${index}`;
  return copy;
}

/** Replaces the value at a path, where there is one, in its first item; gives the field as the API server names it. */
export function replaceAt(object: unknown, path: Path, change: (value: unknown) => unknown): string | undefined {
  const [step, ...rest] = path;
  if (step === undefined || typeof object !== 'object' || object === null) return undefined;
  const key = step === '*' ? Object.keys(object)[0] : step;
  if (key === undefined || !(key in object)) return undefined;
  const holder = object as Record<string, unknown>;
  const name = Array.isArray(object) ? `[${key}]` : key;
  if (rest.length > 0) {
    const below = replaceAt(holder[key], rest, change);
    return below === undefined ? undefined : `${name}${below.startsWith('[') ? '' : '.'}${below}`;
  }
  const value = change(holder[key]);
  if (value === undefined) delete holder[key];
  else holder[key] = value;
  return name;
}
