/** An IAM policy document, parsed: a trust policy, an inline policy or the policy of a bucket. */
export type PolicyDocument = Readonly<Record<string, unknown>>;

/**
 * Whether two policies mean the same to AWS. To AWS a value equals a list of just that value, lists have no order, a number or a
 * boolean equals its text, and actions and condition keys have no case. It gives a policy back in another form than it was sent.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function samePolicy(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
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

/** One text for all that mean the same. */
function canonical(policy: unknown): string {
  return JSON.stringify(inOneForm(policy, ''));
}

/** `field`: the name of the field that holds the value. */
function inOneForm(value: unknown, field: string): unknown {
  if (Array.isArray(value)) return inOneOrder(value.map((item) => inOneForm(item, field)));
  if (isFields(value)) {
    const fields = Object.entries(value).map(([key, inner]): [string, unknown] => {
      const isCondition = field === 'Condition' || conditionOperator.test(field);
      return [isCondition ? key.toLowerCase() : key, inOneForm(inner, key)];
    });
    return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  const text = String(value);
  if (field === 'Principal' && text === '*') return { AWS: '*' };
  return field === 'Action' || field === 'NotAction' ? text.toLowerCase() : text;
}

/** `StringEquals`, `ForAllValues:StringLike`, `BoolIfExists`. */
const conditionOperator = /^(For(All|Any)Values?:)?(String|Numeric|Date|Bool|Binary|IpAddress|NotIpAddress|Arn|Null)/i;

function inOneOrder(items: readonly unknown[]): unknown {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  const ordered = [...byText.keys()].toSorted().map((text) => byText.get(text));
  return ordered.length === 1 ? ordered[0] : ordered;
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
