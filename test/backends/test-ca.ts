import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { CertificateAuthority } from './control-plane/certificates.ts';
import { GuardedDirectory } from './guard.ts';

/** A throwaway certificate authority: whoever trusts its certificate trusts every host name that it is asked for. */
export class TestCA {
  readonly #contexts = new Map<string, Promise<SecureContext>>();

  private constructor(
    private readonly home: GuardedDirectory,
    private readonly authority: CertificateAuthority,
    /** As PEM. */
    readonly certificate: string,
  ) {}

  static async create(): Promise<TestCA> {
    const home = GuardedDirectory.create('irsa-test-ca');
    const authority = await CertificateAuthority.create(home.path);
    return new TestCA(home, authority, await readFile(authority.certFile, 'utf8'));
  }

  /** For NODE_EXTRA_CA_CERTS. */
  get certificateFile(): string {
    return this.authority.certFile;
  }

  /** What a TLS server shows for a host name, which may begin with `*.`. */
  secureContext(host: string): Promise<SecureContext> {
    const context = this.#contexts.get(host) ?? this.#issue(host, `server-${this.#contexts.size}`);
    this.#contexts.set(host, context);
    return context;
  }

  remove(): Promise<void> {
    return this.home.remove();
  }

  async #issue(host: string, name: string): Promise<SecureContext> {
    if (!/^(\*\.)?[a-z0-9.-]+$/.test(host)) throw new Error(`issuing a certificate: ${host} is no host name`);
    const files = await this.authority.issue({ name, subject: '/O=irsa-operator tests', hosts: [`DNS:${host}`] });
    return createSecureContext({ cert: await readFile(files.certFile), key: await readFile(files.keyFile) });
  }
}
