import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CertificateRequest {
  /** Names the files. */
  readonly name: string;
  /** In OpenSSL's form, `/O=group/CN=user`: the API server takes its user and groups from it. */
  readonly subject: string;
  /** What the certificate's host may be called, in OpenSSL's form: `DNS:localhost`, `IP:127.0.0.1`. */
  readonly hosts?: readonly string[];
}

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of one control plane. node:crypto can read certificates but not make them, so OpenSSL does. */
export class CertificateAuthority {
  private constructor(
    private readonly dir: string,
    private readonly authority: Certificate,
  ) {}

  static async create(dir: string): Promise<CertificateAuthority> {
    const keyFile = await writeKey(dir, 'ca');
    const certFile = join(dir, 'ca.crt');
    const config = join(dir, 'ca.cnf');
    await writeFile(
      config,
      '[req]\ndistinguished_name = name\nx509_extensions = authority\n[name]\n[authority]\n' +
        'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n',
    );
    const request = ['-x509', '-new', '-config', config, '-subj', '/CN=test-control-plane', '-days', '30'];
    await run('openssl', ['req', ...request, '-key', keyFile, '-out', certFile]);
    return new CertificateAuthority(dir, { certFile, keyFile });
  }

  get certFile(): string {
    return this.authority.certFile;
  }

  async issue({ name, subject, hosts }: CertificateRequest): Promise<Certificate> {
    const keyFile = await writeKey(this.dir, name);
    const file = (extension: string) => join(this.dir, `${name}.${extension}`);
    await writeFile(
      file('cnf'),
      `extendedKeyUsage = ${hosts ? 'serverAuth' : 'clientAuth'}\n` +
        (hosts ? `subjectAltName = ${hosts.join(', ')}\n` : ''),
    );
    await run('openssl', ['req', '-new', '-key', keyFile, '-subj', subject, '-out', file('csr')]);
    const signer = ['-CA', this.authority.certFile, '-CAkey', this.authority.keyFile];
    // A serial of its own: the file that -CAcreateserial keeps is not safe for two calls at a time.
    const serial = ['-set_serial', `0x01${Buffer.from(name).toString('hex').slice(0, 32)}`];
    const extensions = ['-extfile', file('cnf'), '-days', '30'];
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      file('csr'),
      ...signer,
      ...serial,
      ...extensions,
      '-out',
      file('crt'),
    ]);
    return { certFile: file('crt'), keyFile };
  }
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

async function writeKey(dir: string, name: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const file = join(dir, `${name}.key`);
  await writeFile(file, privateKey, { mode: 0o600 });
  return file;
}
