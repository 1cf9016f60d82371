import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '../certificates.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes the files by which a server is told its certificate. */
export async function writeCertificate(dir: string, name: string, issued: Certificate): Promise<CertificateFiles> {
  const certFile = join(dir, `${name}.crt`);
  const keyFile = join(dir, `${name}.key`);
  await writeFile(certFile, issued.certificate);
  await writeFile(keyFile, issued.key, { mode: 0o600 });
  return { certFile, keyFile };
}

/** Makes the RSA key pair that a control plane signs its service-account tokens with, as kubeadm does. */
export async function writeSigningKey(dir: string, name: string): Promise<{ keyFile: string; publicKeyFile: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const keyFile = join(dir, `${name}.key`);
  const publicKeyFile = join(dir, `${name}.pub`);
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  await writeFile(publicKeyFile, publicKey);
  return { keyFile, publicKeyFile };
}
