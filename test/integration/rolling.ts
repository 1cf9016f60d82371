import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { decodeProtectedHeader } from 'jose';
import type { ApiServer } from '../backends/control-plane/api-server.ts';
import type { Environment } from '../environment/environment.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { audience } from '../proof/input.ts';

interface TokenReview {
  readonly status: { readonly authenticated?: boolean; readonly error?: string };
}

/** Two API servers whose tokens pods carry to AWS and to either server, one after the other, without end. */
export class Rolling {
  /** What went wrong. */
  readonly failures: string[] = [];
  /** Tokens that were made, and the keys that signed them. */
  made = 0;
  readonly kids = new Set<string>();
  /** Of each key the first token and the last one. */
  #tokens = new Map<string, readonly string[]>();
  readonly #up = new Set<ApiServer>();
  readonly #sts: STSClient;
  #isRunning = true;
  #round: Promise<void> = Promise.resolve();
  #rolls = 0;
  #rounds = 0;

  private constructor(
    private readonly environment: Environment,
    private readonly tenant: Tenant,
    readonly servers: readonly ApiServer[],
    private readonly roleARN: string,
  ) {
    this.#sts = new STSClient({ endpoint: environment.front.url, region: 'eu-central-1' });
  }

  static async start(environment: Environment, tenant: Tenant): Promise<Rolling> {
    const roleARN = (await tenant.role())?.status?.roleARN ?? '';
    const { controlPlane } = environment;
    const rolling = new Rolling(
      environment,
      tenant,
      [controlPlane.first, await controlPlane.addApiServer({})],
      roleARN,
    );
    return rolling;
  }

  /** Begins the stream. From here on a failure counts. */
  async stream(): Promise<void> {
    for (const server of this.servers) this.#up.add(server);
    void this.#run();
    await this.rounds(2);
  }

  /** Restarts each API server with what the Secret holds then, one after the other, the first one last. */
  async roll(): Promise<void> {
    await this.rollAdded();
    await this.#roll(this.environment.controlPlane.first);
  }

  /** The same for all but the first one. */
  async rollAdded(): Promise<void> {
    for (const server of this.servers.slice(1)) await this.#roll(server);
  }

  async #roll(server: ApiServer): Promise<void> {
    const isStreaming = this.#up.delete(server);
    await this.#round;
    const options = await this.#options();
    const { controlPlane } = this.environment;
    if (server === controlPlane.first) await controlPlane.restartApiServer(options);
    else await controlPlane.restartAdded(server, options);
    if (!isStreaming) return;
    this.#up.add(server);
    await this.rounds(2);
  }

  /** Waits until tokens went around so many times more. */
  async rounds(count: number): Promise<void> {
    const last = this.#rounds + count;
    await until('tokens to go around', () => this.#rounds >= last || undefined);
  }

  /** As if the tokens of former keys were too old by now. */
  forgetTokens(): void {
    this.#tokens = new Map();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#round;
    this.#sts.destroy();
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      this.#round = this.#go().catch((error: unknown) => void this.failures.push(String(error)));
      await this.#round;
      this.#rounds++;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #go(): Promise<void> {
    for (const server of this.#up) {
      const { name } = this.tenant;
      const path = `/api/v1/namespaces/${name}/serviceaccounts/${name}/token`;
      const asked = { spec: { audiences: [audience], expirationSeconds: 3600 } };
      const { status } = await server.post<{ status: { token: string } }>(path, asked);
      this.made++;
      const { kid = '' } = decodeProtectedHeader(status.token);
      this.kids.add(kid);
      const [first = status.token] = this.#tokens.get(kid) ?? [];
      this.#tokens.set(kid, [first, status.token]);
    }
    for (const token of [...this.#tokens.values()].flat()) await this.#carry(token);
  }

  async #carry(token: string): Promise<void> {
    const { kid } = decodeProtectedHeader(token);
    const input = { RoleArn: this.roleARN, RoleSessionName: 'pod', WebIdentityToken: token };
    await this.#sts
      .send(new AssumeRoleWithWebIdentityCommand(input))
      .catch((error: unknown) => void this.failures.push(`STS refuses a token of ${kid}: ${String(error)}`));
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    };
    for (const server of this.#up) {
      const { status } = await server.post<TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', review);
      if (!status.authenticated) this.failures.push(`${server.url} refuses a token of ${kid}: ${status.error}`);
    }
  }

  /** What a control-plane node mounts of the Secret, and the key that the cluster had before there was an issuer. */
  async #options() {
    const { controlPlane } = this.environment;
    const secret = await this.tenant.kubectl(['get', 'secret', `${this.tenant.name}-keys`, '-o', 'jsonpath={.data}']);
    const { key = '', pub = '' } = JSON.parse(secret) as { key?: string; pub?: string };
    const files = ['key', 'pub'].map((entry) => join(controlPlane.dir, `rolled-${++this.#rolls}.${entry}`));
    const [signingKeyFile = '', publicKeysFile = ''] = files;
    await writeFile(signingKeyFile, Buffer.from(key, 'base64'), { mode: 0o600 });
    await writeFile(publicKeysFile, Buffer.from(pub, 'base64'));
    const url = (await this.tenant.issuer())?.status?.issuerURL ?? '';
    const { issuer, publicKeyFile } = controlPlane.defaults;
    return { issuers: [url, issuer], signingKeyFile, verifyingKeyFiles: [publicKeysFile, publicKeyFile] };
  }
}
