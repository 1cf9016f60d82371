import { createHash, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

/** Algorithms that STS verifies. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const;
export type Algorithm = (typeof algorithms)[number];

/** A public key as the key set holds it. */
export type Jwk = {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: Algorithm;
} & (
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
);

/** The text is not a public key that can be published. The message says why and holds nothing of the text. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
}

/** The algorithms with which kube-apiserver signs, by curve. */
const curves: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

export interface PublicKeys {
  readonly keys: readonly Jwk[];
  /** Says of each part that cannot be published which it is, and why not. Nothing of the text is in it. */
  readonly leftOut: readonly string[];
}

/**
 * The keys of PEM text: public keys (SPKI, PKCS#1) and certificates, one a block, as kube-apiserver reads a key file. A block
 * that cannot be published hides none of the others.
 * @throws InvalidKeyError if no key can be published, or if one is a private key, which is not parsed
 */
export function publicKeys(pem: string): PublicKeys {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem)) {
    throw new InvalidKeyError(
      'it holds a private key, which the operator does not read: name the public entry, such as tls.crt',
    );
  }
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g)];
  if (blocks.length === 0) {
    throw new InvalidKeyError('it holds neither a PEM block with a public key or a certificate nor a key set (JWKS)');
  }
  const byKid = new Map<string, Jwk>();
  const begun = pem.match(/-----BEGIN /g)?.length ?? 0;
  const leftOut = begun > blocks.length ? ['a PEM block has no end: the text may be half-written'] : [];
  for (const [index, [block, label = '']] of blocks.entries()) {
    try {
      const jwk = jwkOf(parse(block, label));
      byKid.set(jwk.kid, jwk);
    } catch (error) {
      if (!(error instanceof InvalidKeyError)) throw error;
      leftOut.push(`block ${index + 1}: ${error.message}`);
    }
  }
  if (byKid.size === 0) throw new InvalidKeyError(leftOut.join('; '));
  return { keys: [...byKid.values()], leftOut };
}

function parse(block: string, label: string): KeyObject {
  if (label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY' && label !== 'CERTIFICATE') {
    throw new InvalidKeyError(`a PEM block "${label}" is neither a public key nor a certificate`);
  }
  try {
    return label === 'CERTIFICATE' ? new X509Certificate(block).publicKey : createPublicKey(block);
  } catch {
    throw new InvalidKeyError(`the PEM block "${label}" cannot be read`);
  }
}

/** @throws InvalidKeyError if STS cannot verify what the key signs */
export function jwkOf(key: KeyObject): Jwk {
  const { n, e, crv, x, y } = key.export({ format: 'jwk' });
  const kid = kidOf(key);
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa' && n !== undefined && e !== undefined) {
    const bits = details?.modulusLength ?? 0;
    if (bits < 2048) throw new InvalidKeyError(`an RSA key of ${bits} bits is too short: 2048 are needed`);
    return { kid, use: 'sig', alg: 'RS256', kty: 'RSA', n, e };
  }
  const alg = curves[details?.namedCurve ?? ''];
  if (alg !== undefined && crv !== undefined && x !== undefined && y !== undefined) {
    return { kid, use: 'sig', alg, kty: 'EC', crv, x, y };
  }
  const type = details?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  throw new InvalidKeyError(`a key of type ${type} cannot be verified by STS: RSA, P-256, P-384 or P-521 is needed`);
}

/** The `kid` of the tokens, computed as kube-apiserver does. RFC 7638's thumbprint is another value. */
export function kidOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

export interface KeyPair {
  /** PEM, PKCS#1: kube-apiserver's `--service-account-signing-key-file`. */
  readonly privateKey: string;
  /** PEM, SPKI: kube-apiserver's `--service-account-key-file`. */
  readonly publicKey: string;
}

/** RSA-2048, off the main thread. */
export async function generateSigningKey(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}
