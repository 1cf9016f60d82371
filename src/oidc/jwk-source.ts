import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { algorithms, InvalidKeyError, type Jwk, jwkOf, type PublicKeys, publicKeys } from './keys.ts';

/**
 * How the key ids of a key set are taken. `Computed`: only the one that kube-apiserver computes, because a person's tool may have
 * written another, which no token carries. `AsServed`: an API server says itself which key ids its tokens carry; those of an
 * external signer are the signer's own.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/740-service-account-external-signing
 */
export type KeyIds = 'Computed' | 'AsServed';

/** The members of a private or symmetric key. https://www.rfc-editor.org/rfc/rfc7518#section-6 */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** As long as an external signer may make it. */
const longestKeyId = 1024;

/**
 * The keys of a text that is PEM or a key set in JSON.
 * @throws InvalidKeyError if no key can be published, or if one is a private key
 */
export function keysOfText(text: string): PublicKeys {
  if (!/^\s*[{[]/.test(text)) return publicKeys(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidKeyError('it begins as JSON, and is not JSON');
  }
  return keysOfSet(parsed, 'Computed');
}

/**
 * The keys of a key set (JWKS). A key that cannot be published hides none of the others.
 * @throws InvalidKeyError if no key can be published, or if one is a private key
 */
export function keysOfSet(parsed: unknown, keyIds: KeyIds): PublicKeys {
  const entries = (parsed as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(entries)) throw new InvalidKeyError('it is JSON without a list "keys": it is no key set (JWKS)');
  if (entries.length === 0) throw new InvalidKeyError('its list "keys" is empty');
  for (const [index, entry] of entries.entries()) refusePrivate(entry, index);
  const byKid = new Map<string, Jwk>();
  const leftOut: string[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      const jwk = read(entry, keyIds);
      byKid.set(jwk.kid, jwk);
    } catch (error) {
      if (!(error instanceof InvalidKeyError)) throw error;
      leftOut.push(`keys[${index}]: ${error.message}`);
    }
  }
  if (byKid.size === 0) throw new InvalidKeyError(leftOut.join('; '));
  return { keys: [...byKid.values()], leftOut };
}

/** Nothing of a private key is read, and so none of the keys beside it is. */
function refusePrivate(entry: unknown, index: number): void {
  const field = privateMembers.find((member) => isRecord(entry) && Object.hasOwn(entry, member));
  if (field === undefined) return;
  throw new InvalidKeyError(
    `keys[${index}].${field} is part of a private key, which the operator does not read: leave out ${privateMembers.join(', ')}`,
  );
}

function read(entry: unknown, keyIds: KeyIds): Jwk {
  if (!isRecord(entry)) throw new InvalidKeyError('it is not an object');
  const { kid, use, alg } = entry;
  if (use !== undefined && use !== 'sig') throw new InvalidKeyError('its "use" is not "sig"');
  const jwk = jwkOf(parse(entry));
  // Tokens of an RSA key may be signed with any of RS256, RS384 and RS512; a curve has one algorithm.
  const asked = alg === undefined ? jwk.alg : algorithms.find((name) => name === alg);
  if (asked === undefined || (asked !== jwk.alg && !(jwk.kty === 'RSA' && asked.startsWith('RS')))) {
    throw new InvalidKeyError(`STS does not verify its "alg" with such a key: ${jwk.alg} is needed`);
  }
  return { ...jwk, alg: asked, kid: keyIds === 'AsServed' ? served(kid, jwk.kid) : computed(kid, jwk.kid) };
}

function parse(entry: Readonly<Record<string, unknown>>): KeyObject {
  try {
    const { kty, n, e, crv, x, y } = entry;
    return createPublicKey({ key: { kty, n, e, crv, x, y } as JsonWebKey, format: 'jwk' });
  } catch {
    throw new InvalidKeyError('it cannot be read as a public key');
  }
}

function served(kid: unknown, fallback: string): string {
  if (kid === undefined) return fallback;
  if (typeof kid === 'string' && kid !== '' && kid.length <= longestKeyId) return kid;
  throw new InvalidKeyError(`its "kid" is not a text of 1 to ${longestKeyId} characters`);
}

function computed(kid: unknown, computedKid: string): string {
  if (kid === undefined || kid === computedKid) return computedKid;
  throw new InvalidKeyError(
    `its "kid" is not the one that kube-apiserver puts into tokens, ${computedKid}: leave "kid" out, or, if an external ` +
      'signer gives the key ids, use signingKeys.apiServer',
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
