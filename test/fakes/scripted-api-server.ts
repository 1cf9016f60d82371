import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

/** An API server that answers word by word what a test wrote down, also what no sane server would. */
export class ScriptedApiServer {
  readonly requests: ReceivedRequest[] = [];
  /** TCP connections that were ever opened. */
  connections = 0;
  readonly #open = new Set<Socket>();
  readonly #script: Answer[] = [];
  readonly #waiting: (() => void)[] = [];
  #server: Server | undefined;
  #port = 0;

  private constructor(private readonly tls: ServerOptions | undefined) {}

  static async start(tls?: ServerOptions): Promise<ScriptedApiServer> {
    const server = new ScriptedApiServer(tls);
    await server.listen();
    return server;
  }

  get url(): string {
    return this.tls ? `https://localhost:${this.#port}` : `http://127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Answers to the next requests, in this order. A request without an answer is left without one. */
  answer(...answers: Answer[]): this {
    this.#script.push(...answers);
    return this;
  }

  /** Resolves when that many requests have arrived in all. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Listens, again on the same port after a close. */
  async listen(): Promise<void> {
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = this.tls ? createTlsServer(this.tls, handle) : createServer(handle);
    // Only the client closes a connection that is idle.
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** As a server that is killed: all connections are reset. */
  async close(): Promise<void> {
    for (const socket of this.#open) socket.resetAndDestroy();
    if (this.#server?.listening) await once(this.#server.close(), 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://localhost');
    const body = await text(request).catch(() => '');
    const received: ReceivedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body,
    };
    this.requests.push(received);
    this.#script.shift()?.(response, received);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** metav1.Status */
export const refuse = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(
    { kind: 'Status', status: 'Failure', reason, message: `${reason} by the script`, code: status },
    status,
    headers,
  );

/** As the API server answers for a kind that it does not serve, and many a proxy for everything. */
export const notServed: Answer = (response) =>
  void response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');

/** A body that goes on as long as it is read. It ends far above what anybody should read, for the sake of whoever does. */
export const endless =
  (status = 200): Answer =>
  (response) => {
    const chunks = Readable.from(Array.from({ length: 1024 }, () => Buffer.alloc(64 * 1024, ' ')));
    response.writeHead(status, { 'content-type': 'application/json' });
    void pipeline(chunks, response).catch(() => undefined);
  };

/** The connection is reset before an answer. */
export const reset: Answer = (response) => void response.socket?.resetAndDestroy();

/** Headers and half a body, then the connection is reset. */
export const truncate: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"metadata":{"na');
  setTimeout(() => response.socket?.resetAndDestroy(), 20);
};

/** Headers and half a body, then nothing more. */
export const stall: Answer = (response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).write('{"metadata":{"na');

export interface Named {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export const list = (resourceVersion: string, items: readonly Named[], next?: string): Answer =>
  json({ kind: 'List', metadata: { resourceVersion, ...(next !== undefined && { continue: next }) }, items });

/** Sends these lines; then `end` says what becomes of the watch. */
export const watch =
  (
    lines: readonly (string | { readonly type: string; readonly object: unknown })[],
    end: 'open' | 'close' | 'reset' = 'open',
  ): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const line of lines) response.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    if (end === 'close') response.end();
    if (end === 'reset') setTimeout(() => response.socket?.resetAndDestroy(), 20);
  };
