interface Json {
  readonly [key: string]: unknown;
}

/**
 * A bucket policy as S3 gives it back: lists in another order, and a list of one as its only value. So nobody may compare it as text.
 * https://github.com/hashicorp/terraform/issues/2432
 */
export function shownPolicy(text: string): string {
  return JSON.stringify(shown(JSON.parse(text)));
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(shown).toReversed();
    return items.length === 1 && typeof items[0] === 'string' ? items[0] : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as Json).map(([key, inner]) => [key, shown(inner)]));
}

/**
 * The unique id of a principal that was deleted. S3 shows it in the principal's place, and takes no policy that names it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function deletedPrincipal(text: string): string | undefined {
  const { Statement = [] } = JSON.parse(text) as Json;
  const principals = [Statement].flat().map((each) => [(each as Json)['Principal'], (each as Json)['NotPrincipal']]);
  return /"((?:AIDA|AROA)[A-Z0-9]{4,})"/.exec(JSON.stringify(principals))?.[1];
}
