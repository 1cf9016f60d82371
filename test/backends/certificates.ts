import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
// First, because @peculiar/x509 does not load without it.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface CertificateRequest {
  /** Such as `O=group,CN=user`: an API server takes its user and groups from it. */
  readonly subject: string;
  /** The host names and IP addresses of a server. Absent: the certificate is a client's. */
  readonly hosts?: readonly string[];
}

/** A certificate and its private key, both as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A throwaway certificate authority, in memory. Go, Node and Python take its certificates, for a year. */
export class CertificateAuthority {
  private constructor(
    private readonly name: string,
    private readonly keys: webcrypto.CryptoKeyPair,
    /** As PEM. */
    readonly certificate: string,
  ) {}

  static async create(commonName: string): Promise<CertificateAuthority> {
    const name = `CN=${commonName}`;
    const keys = await generateKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new CertificateAuthority(name, keys, certificate.toString('pem'));
  }

  async issue({ subject, hosts }: CertificateRequest): Promise<Certificate> {
    const { publicKey, privateKey } = await generateKeys();
    const names = hosts?.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }));
    const certificate = await X509CertificateGenerator.create({
      subject,
      issuer: this.name,
      publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([names ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
        // Python's ssl module, from 3.13 on, refuses a certificate that does not say which key signed it.
        await AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        ...(names ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    const key = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
    return { certificate: certificate.toString('pem'), key };
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}
