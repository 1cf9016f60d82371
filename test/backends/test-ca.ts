import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { CertificateAuthority } from './certificates.ts';
import { GuardedDirectory } from './guard.ts';

/** A certificate authority for TLS servers: whoever trusts its certificate trusts every host name that it is asked for. */
export class TestCA {
  readonly #contexts = new Map<string, Promise<SecureContext>>();

  private constructor(
    private readonly home: GuardedDirectory,
    private readonly authority: CertificateAuthority,
    /** For NODE_EXTRA_CA_CERTS. */
    readonly certificateFile: string,
  ) {}

  static async create(): Promise<TestCA> {
    const authority = await CertificateAuthority.create('irsa-operator tests');
    const home = GuardedDirectory.create('irsa-test-ca');
    const certificateFile = join(home.path, 'ca.crt');
    await writeFile(certificateFile, authority.certificate);
    return new TestCA(home, authority, certificateFile);
  }

  /** As PEM. */
  get certificate(): string {
    return this.authority.certificate;
  }

  /** What a TLS server shows for a host name, which may begin with `*.`. */
  secureContext(host: string): Promise<SecureContext> {
    const context = this.#contexts.get(host) ?? this.#issue(host);
    this.#contexts.set(host, context);
    return context;
  }

  remove(): Promise<void> {
    return this.home.remove();
  }

  async #issue(host: string): Promise<SecureContext> {
    // The host is not in the subject too: a common name may have 64 characters at most.
    const { certificate, key } = await this.authority.issue({ subject: 'O=irsa-operator tests', hosts: [host] });
    return createSecureContext({ cert: certificate, key });
  }
}
