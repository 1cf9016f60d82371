import { isMap, sameJson, type JsonMap } from './json.ts';

/** The JSON merge patch (RFC 7386) that turns one object into the other; undefined if they are equal. */
export function mergePatch(from: JsonMap, to: JsonMap): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key];
    const after = to[key];
    if (sameJson(before, after)) continue;
    if (after === undefined) patch[key] = null;
    else patch[key] = isMap(before) && isMap(after) ? mergePatch(before, after) : after;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
