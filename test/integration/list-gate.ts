import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';

interface Kubeconfig {
  readonly clusters: [
    { cluster: { server: string; 'certificate-authority-data'?: string; 'insecure-skip-tls-verify'?: boolean } },
  ];
}

/**
 * Stands before the API server and passes everything on, as a slow day would have it: lists come in pages of one object,
 * and a test says when they fail and for how long they wait.
 */
export class ListGate {
  /** `GET /path` of each request, in the order in which they came. */
  readonly requests: string[] = [];
  readonly #failures = new Map<string, number>();
  readonly #holds: { readonly path: string; readonly after: number; readonly until: Promise<void> }[] = [];
  readonly #pages = new Map<string, number>();
  #isSilent = false;

  private constructor(
    /** The same as the original, for whoever shall come through here. */
    readonly kubeconfig: string,
    private readonly target: { readonly server: string; readonly ca: string },
    private readonly server: Server,
  ) {
    server.on('request', (from: IncomingMessage, to: ServerResponse) => {
      this.#handle(from, to).catch(() => to.destroy());
    });
  }

  static async before(kubeconfig: string): Promise<ListGate> {
    const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const ca = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString();
    const target = { server: cluster.server, ca };
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    delete cluster['certificate-authority-data'];
    // Plain HTTP is taken from nobody who asks for more.
    cluster['insecure-skip-tls-verify'] = true;
    cluster.server = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const copy = `${kubeconfig}.gate`;
    await writeFile(copy, JSON.stringify(config));
    return new ListGate(copy, target, server);
  }

  /** The next lists of that path are answered with an error. */
  fail(path: string, times: number): void {
    this.#failures.set(path, times);
  }

  /** From now on requests are taken and never answered. Watches that are under way go on. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Lists of that path get so many pages, and no more until the result is called. */
  hold(path: string, { after }: { readonly after: number }): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#holds.push({ path, after, until: promise });
    return resolve;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #handle(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const url = new URL(from.url ?? '', this.target.server);
    const { pathname: path, searchParams: query } = url;
    this.requests.push(`${from.method} ${path}`);
    if (this.#isSilent) return;
    if (from.method === 'GET' && query.has('limit')) {
      const failures = this.#failures.get(path) ?? 0;
      this.#failures.set(path, failures - 1);
      if (failures > 0) return void to.writeHead(500).end();
      query.set('limit', '1');
      const pages = this.#pages.get(path) ?? 0;
      this.#pages.set(path, pages + 1);
      await Promise.all(
        this.#holds.filter((hold) => hold.path === path && pages >= hold.after).map(({ until }) => until),
      );
    }
    const on = request(url, { method: from.method ?? 'GET', headers: from.headers, ca: this.target.ca });
    on.on('error', () => to.destroy());
    on.on('response', (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    // A watch that nobody reads any more ends.
    to.on('close', () => on.destroy());
    from.pipe(on);
  }
}
