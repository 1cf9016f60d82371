import { sameJson } from '../../runtime/json.ts';

/**
 * Whether two policies mean the same to IAM. To IAM a value equals a list of just that value, and it gives lists back in an
 * order of its own. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function samePolicy(a: unknown, b: unknown): boolean {
  return sameJson(normalised(a), normalised(b));
}

/** Compares policies as JSON text. A text that is no JSON equals only itself. */
export function samePolicyText(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return samePolicy(JSON.parse(a), JSON.parse(b));
  } catch {
    return false;
  }
}

function normalised(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(normalised);
    if (items.length === 1) return items[0];
    return items.every((item) => typeof item === 'string') ? items.toSorted() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, normalised(field)]));
}
