export type Json = Record<string, unknown>;

/** Jest looks up each global by a slow way, and this is asked of every value of every object. */
const { isArray } = Array;

export const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !isArray(value);

/** A copy of JSON. It is several times faster than structuredClone, which random tests with thousands of objects need. */
export function copy<T>(value: T): T {
  if (isArray(value)) return value.map(copy) as T;
  if (!isMap(value)) return value;
  const result: Json = {};
  for (const key in value) result[key] = copy(value[key]);
  return result as T;
}

/** RFC 7386. What the patch does not reach is not copied. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return copy(patch);
  const result: Json = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

export const without = (map: object, ...keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
