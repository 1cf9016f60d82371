import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { generateSigningKey, InvalidKeyError, publicKeys } from '../../../src/oidc/keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();

/** Self-signed, P-256, made with openssl for this test; its key is nowhere. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT+gAwIBAgIUXeoAk+tSiqTiF7LvUqL2g8qCJaAwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWc2VydmljZS1hY2NvdW50LWlzc3VlcjAgFw0yNjExMjMwNjQ0
MjlaGA8yMTI2MTAzMDA2NDQyOVowITEfMB0GA1UEAwwWc2VydmljZS1hY2NvdW50
LWlzc3VlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJ9rVmuWviO9FMGHtHYd
1wrydQnz+k0/It+e9E5zj6qukcKv0KISqQ4zlbb0e6t/Iz5jVy3W7N0YiTLQpHps
JCejUzBRMB0GA1UdDgQWBBRQXI2OtZStQrUwn9nRYsy4Hyk2TDAfBgNVHSMEGDAW
gBRQXI2OtZStQrUwn9nRYsy4Hyk2TDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0cAMEQCIA7ks8shRSCHfIu5xkXNaFPV5EmzJ5jA9Gd+XkbGLkaSAiAHMECe
vSdhPGhoRhLnZ3+b8sAagKwt8Fs6HM5Yhaa6mQ==
-----END CERTIFICATE-----
`;

/** kube-apiserver's formula. */
const kubernetesKid = (key: KeyObject) =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');

describe('public keys of an entry', () => {
  test('gives an RSA key under the kid that kube-apiserver puts into its tokens', () => {
    const { n, e } = rsa.publicKey.export({ format: 'jwk' });
    expect(publicKeys(spki).keys).toEqual([
      { kid: kubernetesKid(rsa.publicKey), use: 'sig', alg: 'RS256', kty: 'RSA', n, e },
    ]);
  });

  test('reads PKCS#1 as it reads SPKI', () => {
    expect(publicKeys(pkcs1)).toEqual(publicKeys(spki));
  });

  test('takes the key out of a certificate', () => {
    expect(publicKeys(certificate).keys).toEqual([
      expect.objectContaining({
        kty: 'EC',
        crv: 'P-256',
        alg: 'ES256',
        kid: kubernetesKid(createPublicKey(certificate)),
      }),
    ]);
  });

  test.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ])('signs with a key on %s as %s', (namedCurve, alg) => {
    const pem = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(publicKeys(pem).keys).toEqual([expect.objectContaining({ kty: 'EC', crv: namedCurve, alg })]);
  });

  test('gives one key a block, and each key once', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey;
    const { keys } = publicKeys(
      `${spki}${other.export({ type: 'spki', format: 'pem' }).toString()}# the first again\n${pkcs1}`,
    );
    expect(keys.map(({ kid }) => kid)).toEqual([kubernetesKid(rsa.publicKey), kubernetesKid(other)]);
  });

  test.each(['pkcs1', 'pkcs8'] as const)(
    'refuses an entry that holds a private key (%s), and names tls.crt',
    (type) => {
      const secret = rsa.privateKey.export({ type, format: 'pem' }).toString();
      expect(() => publicKeys(spki + secret)).toThrow(InvalidKeyError);
      expect(() => publicKeys(spki + secret)).toThrow('tls.crt');
    },
  );

  test('refuses a private key without parsing it', () => {
    expect(() => publicKeys('-----BEGIN EC PRIVATE KEY-----\nnot base64')).toThrow('private key');
  });

  test('publishes the others where some blocks cannot be published, and says which and why', () => {
    const other = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const short = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
    const edwards = pem(generateKeyPairSync('ed25519').publicKey);
    const { keys, leftOut } = publicKeys([parameters, spki, short, edwards, other].join(''));
    expect(keys.map(({ kid }) => kid)).toEqual([kubernetesKid(rsa.publicKey), kubernetesKid(createPublicKey(other))]);
    expect(leftOut).toEqual([
      expect.stringMatching(/^block 1: .*EC PARAMETERS/),
      expect.stringMatching(/^block 3: .*1024 bits/),
      expect.stringMatching(/^block 4: .*ed25519/),
    ]);
  });

  test('says of a text that breaks off that it may be half-written', () => {
    const { keys, leftOut } = publicKeys(spki + pem(rsa.publicKey).slice(0, 100));
    expect(keys).toHaveLength(1);
    expect(leftOut).toEqual([expect.stringContaining('half-written')]);
  });

  test.each([
    ['nothing', '', 'neither a PEM block'],
    [
      'a certificate request',
      '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----',
      'neither',
    ],
    ['a broken block', '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----', 'cannot be read'],
    ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), '1024 bits'],
    ['Ed25519, which STS does not verify', pem(generateKeyPairSync('ed25519').publicKey), 'ed25519'],
    [
      'a curve that STS does not verify',
      pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      'secp256k1',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => publicKeys(text)).toThrow(InvalidKeyError);
    expect(() => publicKeys(text)).toThrow(message);
  });
});

test('makes an RSA-2048 pair whose halves belong together, the private one as PKCS#1', async () => {
  const pair = await generateSigningKey();
  expect(pair.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
  expect(kubernetesKid(createPublicKey(createPrivateKey(pair.privateKey)))).toBe(
    publicKeys(pair.publicKey).keys[0]?.kid,
  );
  expect(createPrivateKey(pair.privateKey).asymmetricKeyDetails?.modulusLength).toBe(2048);
});

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
