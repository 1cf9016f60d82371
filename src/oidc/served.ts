import { discoveryURL, jwksURL } from './discovery.ts';
import { keyTraits } from './jwks.ts';

/** What is served under an issuer's URL. */
export interface Served {
  readonly discovery: Readonly<Record<string, unknown>>;
  /** Undefined if the discovery document names another key set, which is not fetched. */
  readonly jwks: Readonly<Record<string, unknown>> | undefined;
}

/** What our bucket holds. */
export interface Published {
  /** Under the site's first URL. Under each URL the document names that URL, and the key set below it. */
  readonly jwksURI: string;
  /** As in the key set. */
  readonly keys: readonly unknown[];
}

/**
 * `ours`: what is served is what the bucket holds, or what an external issuer has to serve. `foreign`: proof that somebody else answers. `unproven`: neither; the message
 * says what is wrong.
 */
export type Verdict =
  | { readonly state: 'ours' }
  | { readonly state: 'unproven'; readonly message: string }
  | { readonly state: 'foreign'; readonly message: string };

/** Compares keys whole: a key with our key id and another modulus is another key. */
export function judge(url: string, { discovery, jwks }: Served, published: Published): Verdict {
  const jwksURI = jwksURL(url);
  const named = discovery['jwks_uri'];
  // A distribution that does not have its function yet serves the document of the alias under its own URL too.
  if (typeof named === 'string' && named !== jwksURI && named !== published.jwksURI) {
    return { state: 'foreign', message: `${discoveryURL(url)} names another key set than ${jwksURI}` };
  }
  const served = new Map(entriesOf(jwks).map((key) => [keyTraits(key), kidOf(key)]));
  const ours = new Map(published.keys.map((key) => [keyTraits(key), kidOf(key)]));
  const foreign = difference(served, ours);
  if (foreign !== '') {
    return { state: 'foreign', message: `${jwksURI} serves a key ${foreign} that the bucket does not hold` };
  }
  if (named !== jwksURI) return { state: 'unproven', message: `${discoveryURL(url)} does not name ${jwksURI}` };
  if (discovery['issuer'] !== url) {
    return { state: 'unproven', message: `${discoveryURL(url)} does not name issuer ${url}` };
  }
  const missing = difference(ours, served);
  return missing === '' ? { state: 'ours' } : { state: 'unproven', message: `${jwksURI} lacks key ${missing}` };
}

/** Of an issuer that somebody else hosts, only that it is one. Whoever allowed its host trusts them with the keys. */
export function judgeExternal(url: string, { discovery }: Served): Verdict {
  if (discovery['issuer'] !== url) {
    return { state: 'unproven', message: `${discoveryURL(url)} does not name issuer ${url}` };
  }
  if (typeof discovery['jwks_uri'] === 'string') return { state: 'ours' };
  return { state: 'unproven', message: `${discoveryURL(url)} names no key set` };
}

/** The key ids of a key set's keys that are not published, and whether these are all that it has. Keys are compared whole. */
export function unpublished(
  keySet: unknown,
  published: readonly unknown[],
): { readonly kids: readonly string[]; readonly isAll: boolean } {
  const entries = entriesOf(keySet);
  const known = new Set(published.map(keyTraits));
  const kids = entries.filter((key) => !known.has(keyTraits(key))).map(kidOf);
  return { kids, isAll: kids.length === entries.length };
}

/** The key ids of the keys that only the first has. */
function difference(some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): string {
  return [...some].flatMap(([traits, kid]) => (others.has(traits) ? [] : [kid])).join(', ');
}

function entriesOf(jwks: unknown): readonly object[] {
  const keys = (jwks as { readonly keys?: unknown } | null | undefined)?.keys;
  const entries: readonly unknown[] = Array.isArray(keys) ? keys : [];
  return entries.filter((entry) => typeof entry === 'object' && entry !== null);
}

/** Cuts a text that may be a stranger's. */
function kidOf(key: unknown): string {
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined;
  return typeof kid === 'string' ? kid.slice(0, 64) : 'without kid';
}
