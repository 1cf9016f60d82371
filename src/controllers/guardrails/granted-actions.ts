import { covers, overlap } from './patterns.ts';

/**
 * The denied action that a policy allows, as its author wrote it. Undefined if the policy allows none.
 * It looks at the statements that are not Deny. A Deny elsewhere in the policy does not help here, because it may have conditions.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function findDenied(document: string, denied: readonly string[]): string | undefined {
  if (denied.length === 0) return undefined;
  const policy: unknown = JSON.parse(document);
  if (saysTwice(document, policy)) return 'a key twice, so what it allows is not certain';
  for (const statement of list(field(policy, 'Statement'))) {
    if (field(statement, 'Effect') === 'Deny') continue;
    const action = texts(field(statement, 'Action')).find((each) => denied.some((other) => overlap(each, other)));
    if (action !== undefined) return `Action ${action}`;
    const excepted = field(statement, 'NotAction');
    if (excepted === undefined) continue;
    const left = denied.find((each) => !texts(excepted).some((exception) => covers(exception, each)));
    if (left !== undefined) return `NotAction ${texts(excepted).join(', ')}, which leaves ${left}`;
  }
  return undefined;
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
/** Trims white space, because no document says that IAM takes it for a part of an action. */
const texts = (value: unknown) =>
  list(value)
    .filter((each) => typeof each === 'string')
    .map((each) => each.trim());

/** Finds a key in any case, so that no Guardrail depends on how strictly IAM reads. */
function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** JSON.parse takes the last of two equal keys, and no document says which one IAM takes. */
function saysTwice(document: string, policy: unknown): boolean {
  const written = [...document.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon === ':').length;
  return written !== countKeys(policy);
}

/** Works without recursion, because users may nest as deep as they like. */
function countKeys(policy: unknown): number {
  const left = [policy];
  let count = 0;
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) count += new Set(Object.keys(value).map((key) => key.toLowerCase())).size;
    for (const each of Object.values(value) as unknown[]) left.push(each);
  }
  return count;
}
