/** A field of an object that a Guardrail does not allow. */
export interface Objection {
  /** The object's field, with its value. */
  readonly asks: string;
  /** The Guardrail's field that decides, below its spec. */
  readonly rule: string;
  /** What that field says. */
  readonly allows: string;
  /** What the field must hold to allow it: an entry of its list, or its value. */
  readonly needs: unknown;
  readonly isList: boolean;
}

/** The object asks for a value that fits no pattern of the field. */
export function notListed(asks: string, value: string, rule: string, patterns: readonly string[] = []): Objection {
  const allows = patterns.length === 0 ? 'nothing' : patterns.join(', ');
  return { asks: `${asks} ${value}`, rule, allows, needs: value, isList: true };
}

export function notSet(asks: string, rule: string, { allows, needs }: { allows: string; needs: unknown }): Objection {
  return { asks, rule, allows, needs, isList: false };
}

export function describe(guardrail: string, objections: readonly Objection[]): string {
  return `Guardrail ${guardrail} comes closest and does not allow ${objections.map(explained).join('. Nor does it allow ')}`;
}

function explained({ asks, rule, allows, needs, isList }: Objection): string {
  const remedy = isList ? `add ${JSON.stringify(needs)} to it` : `set it to ${JSON.stringify(needs)}`;
  return `${asks}: its spec.${rule} allows ${allows}; an administrator would ${remedy}`;
}

/** The least that an administrator would write to meet all objections. */
export function remedyFor(namespace: string, objections: readonly Objection[]): string {
  const spec: Record<string, unknown> = { namespaces: [namespace] };
  for (const { rule, needs, isList } of objections) put(spec, rule.split('.'), { needs, isList });
  // A Guardrail needs accounts. While nothing tells the account, an administrator must not grant one by copying this.
  const { namespaces, accounts = ['ARN of the role that the issuer will name'], ...rest } = spec;
  return JSON.stringify({ namespaces, accounts, ...rest });
}

function put(
  into: Record<string, unknown>,
  [key = '', ...path]: readonly string[],
  value: Pick<Objection, 'needs' | 'isList'>,
) {
  if (path.length > 0) {
    const below = { ...(into[key] as Record<string, unknown> | undefined) };
    put(below, path, value);
    into[key] = below;
  } else if (value.isList) {
    into[key] = [...new Set([...((into[key] as unknown[] | undefined) ?? []), value.needs])];
  } else into[key] ??= value.needs;
}
