import { covers, overlap } from './patterns.ts';

/**
 * What a policy allows of the actions that are denied, as its author wrote it; undefined where that is nothing.
 * It tells by statements that are not Deny: a Deny elsewhere in the policy takes nothing away here, for it may have conditions.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function findDenied(document: string, denied: readonly string[]): string | undefined {
  if (denied.length === 0) return undefined;
  const policy: unknown = JSON.parse(document);
  if (saysTwice(document, policy)) return 'a key twice, so that what it allows is not certain';
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
/** Without white space at the ends, for nobody says that IAM takes it for a part of an action. */
const texts = (value: unknown) =>
  list(value)
    .filter((each) => typeof each === 'string')
    .map((each) => each.trim());

/** Whatever its case, for no Guardrail may hang on how strictly IAM reads. */
function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** Of a key that comes twice JSON.parse takes the last, and nobody says which IAM takes. */
function saysTwice(document: string, policy: unknown): boolean {
  const written = [...document.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon === ':').length;
  return written !== countKeys(policy);
}

/** Without recursion, for users may nest as deep as they like. */
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
