import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as send } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { programPath } from '../../../scripts/setup/control-plane.mjs';
import type { Certificate } from '../certificates.ts';
import { GuardedProcess } from '../guard.ts';
import type { CertificateFiles } from './certificates.ts';
import { apiServerFlags, type ServiceAccountOptions } from './flags.ts';

export interface ApiServerOptions {
  readonly dir: string;
  readonly etcdPort: number;
  readonly port: number;
  readonly ca: string;
  readonly caFile: string;
  readonly serving: CertificateFiles;
  readonly auditLog: string;
  /** Of the user `admin`, who may do everything. */
  readonly admin: Certificate;
  readonly env: Readonly<Record<string, string>>;
}

/** One kube-apiserver of a control plane. */
export class ApiServer {
  readonly url: string;
  #process: GuardedProcess | undefined;

  constructor(private readonly options: ApiServerOptions) {
    this.url = `https://127.0.0.1:${options.port}`;
  }

  async start(
    serviceAccounts: ServiceAccountOptions,
    program: 'kube-apiserver' | 'oldest kube-apiserver',
    more: readonly string[] = [],
  ): Promise<void> {
    const { dir, etcdPort, port, caFile, serving, auditLog, env } = this.options;
    const flags = apiServerFlags({
      etcdPort,
      port,
      dir,
      caFile,
      certFile: serving.certFile,
      keyFile: serving.keyFile,
      auditPolicyFile: join(dir, 'audit-policy.json'),
      auditLog,
      serviceAccounts,
    });
    const log = join(dir, `${program}-${port}.log`);
    this.#process = GuardedProcess.start(programPath(program), [...flags, ...more], { log, env });
    await this.#process.ready(() => this.read('/readyz'));
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Reads a path of the API as `admin`; undefined where there is nothing. */
  async read(path: string): Promise<string | undefined> {
    const { status, body } = await this.#send('GET', path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`);
    return body;
  }

  /** Posts an object as `admin`, and gives what the API server makes of it. */
  async post<T>(path: string, object: object): Promise<T> {
    const { status, body } = await this.#send('POST', path, JSON.stringify(object));
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${body}`);
    return JSON.parse(body) as T;
  }

  async #send(method: string, path: string, sent?: string): Promise<{ status: number | undefined; body: string }> {
    const { certificate: cert, key } = this.options.admin;
    const headers = { 'content-type': 'application/json' };
    const request = send(`${this.url}${path}`, { method, headers, ca: this.options.ca, cert, key, agent: false });
    request.setTimeout(10_000, () => request.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
    // One that comes after the response is told of by its body.
    request.on('error', () => {});
    const response = once(request, 'response');
    request.end(sent);
    const [answer] = (await response) as [IncomingMessage];
    return { status: answer.statusCode, body: await text(answer) };
  }
}
