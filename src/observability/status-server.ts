import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Metrics } from './metrics.ts';

export interface StatusServerOptions {
  readonly render: () => string;
  /** Whether the operator has read all that it needs to work. */
  readonly isReady: () => boolean;
}

/** Anybody on the network may ask, so what one can hold open is bounded. The oldest connection makes room, so that the kubelet is always let in. */
const mostConnections = 64;
/** Milliseconds for a whole request. */
const patience = 2_000;

/** Answers a kubelet's probes and Prometheus. Nothing that it serves is secret, and nothing that is sent to it is read. */
export class StatusServer {
  readonly #server: Server;

  constructor({ render, isReady }: StatusServerOptions) {
    const pages: Readonly<Record<string, () => Page>> = {
      '/metrics': () => ({ status: 200, type: Metrics.contentType, body: render() }),
      '/healthz': () => text(200, 'ok'),
      '/readyz': () => (isReady() ? text(200, 'ok') : text(503, 'not all objects are read yet')),
    };
    this.#server = createServer(({ method, url = '' }, response) => {
      const [path = ''] = url.split('?');
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      const isRead = method === 'GET' || method === 'HEAD';
      const { status, type, body } = isRead ? (page?.() ?? text(404, 'not found')) : text(405, 'only GET is answered');
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
    });
    this.#server.headersTimeout = patience;
    this.#server.requestTimeout = patience;
    const open = new Set<Socket>();
    this.#server.on('connection', (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      const [oldest] = open;
      if (open.size > mostConnections) oldest?.destroy();
    });
  }

  /** On all addresses. Gives the port. Rejects if another program has the port. */
  async listen(port: number): Promise<number> {
    this.#server.listen(port);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Ends all connections too. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const text = (status: number, body: string): Page => ({ status, type: 'text/plain; charset=utf-8', body: `${body}\n` });
