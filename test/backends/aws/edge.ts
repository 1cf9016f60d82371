import { createServer as createProxy, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTLSServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestCA } from '../test-ca.ts';
import type { Distribution } from './distributions.ts';
import { fetchThrough, type FetchPage } from './edge-fetch.ts';
import { runFunction, type Outcome } from './edge-function.ts';
import { readOrigin } from './edge-origin.ts';
import { isS3, readPublic } from './edge-s3.ts';
import { findSite } from './edge-site.ts';
import { AwsError, errorReply } from './errors.ts';
import type { Reply } from './request.ts';
import type { FrontState } from './state.ts';
import { items, text } from './xml.ts';

/** AWS managed policy "CachingDisabled"; with any other the edge keeps what it has fetched once. */
const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';

/**
 * Plays CloudFront's edge, S3's public endpoints and the name service that leads there: a proxy for HTTPS_PROXY. It opens
 * connections to these and to what a test put elsewhere, and to nothing else, so that no test leaves the machine.
 */
export class Edge {
  readonly #proxy = createProxy((_, response) => response.writeHead(501).end('This proxy only opens tunnels.\n'));
  readonly #tls;
  readonly #sockets = new Set<Duplex>();
  /** By distribution, version and path. */
  readonly #cache = new Map<string, Reply>();

  private constructor(
    private readonly state: FrontState,
    private readonly ca: TestCA,
  ) {
    this.#tls = createTLSServer({
      SNICallback: (host, done) => void this.#certificate(host).then((context) => done(null, context), done),
    });
    this.#tls.on('request', (request, response) => void this.#respond(request, response));
    this.#proxy.on('connect', (request, socket, head) => {
      this.#connect(request, socket, head).catch(() => socket.destroy());
    });
  }

  static async start(state: FrontState, ca: TestCA): Promise<Edge> {
    const edge = new Edge(state, ca);
    await new Promise<void>((resolve) => edge.#proxy.listen(0, '127.0.0.1', resolve));
    return edge;
  }

  /** For HTTPS_PROXY. */
  get url(): string {
    return `http://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}`;
  }

  /** Fetches as anybody on the internet would. */
  get fetch(): FetchPage {
    return fetchThrough(this.url, this.ca.certificate);
  }

  /** Whether IAM would accept the issuer as one that answers: its discovery document, and the host of its keys. */
  async reachable(issuerURL: string): Promise<boolean> {
    try {
      const discovery = await this.fetch(`${issuerURL}/.well-known/openid-configuration`);
      if (discovery.status !== 200) return false;
      const { jwks_uri: keys } = JSON.parse(discovery.body) as { jwks_uri: string };
      return (await this.fetch(keys)).status === 200;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#proxy.closeAllConnections();
    await new Promise((resolve) => this.#proxy.close(resolve));
  }

  async #connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
    const [host = '', port] = (request.url ?? '').toLowerCase().split(':');
    const isThere = port === '443' && (this.#hasOwnName(host) || (await findSite(this.state, host)) !== undefined);
    if (!isThere) return void socket.end(`HTTP/1.1 502 Bad Gateway\r\n\r\n${request.url} leads to no distribution.\n`);
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.unshift(head);
    this.#tls.emit('connection', socket);
  }

  /** Whether the host needs no distribution to answer. */
  #hasOwnName(host: string): boolean {
    return isS3(host) || this.state.elsewhere.has(host);
  }

  async #certificate(name: string) {
    const host = name.toLowerCase();
    if (this.#hasOwnName(host)) return this.ca.secureContext(host);
    const site = await findSite(this.state, host);
    return this.ca.secureContext(site?.certificateName ?? 'unknown.invalid');
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.#answer(request).catch((error: unknown) => {
      return errorReply('s3', new AwsError('InternalError', 500, String(error)));
    });
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, 'content-length': bytes.length });
    response.end(bytes);
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:443$/, '');
    const path = new URL(request.url ?? '/', 'https://edge.invalid').pathname;
    if (isS3(host)) return readPublic(this.state, host, path);
    const elsewhere = this.state.elsewhere.get(host);
    if (elsewhere) return readElsewhere(elsewhere, path);
    const site = await findSite(this.state, host);
    const distribution = site?.distribution.atLastEdge;
    if (!distribution?.enabled) return errorReply('s3', new AwsError('AccessDenied', 403, 'Access Denied'));
    const outcome = this.#throughFunction(distribution, host, path);
    if ('path' in outcome) return this.#fromOrigin(distribution, outcome.path);
    return { ...outcome, headers: { ...outcome.headers } };
  }

  /** A function sees the request before the cache does. */
  #throughFunction(distribution: Distribution, host: string, path: string): Outcome {
    const associated = items(
      distribution.config,
      'DefaultCacheBehavior',
      'FunctionAssociations',
      'Items',
      'FunctionAssociation',
    );
    const code = this.state.functions.get(text(associated[0] ?? '', 'FunctionARN'))?.live?.code;
    if (code === undefined) return { path };
    const { id: distributionID, domainName: distributionDomain } = distribution;
    try {
      return runFunction(code, { host, path, distributionID, distributionDomain });
    } catch (error) {
      return { status: 503, headers: {}, body: `The CloudFront function failed: ${String(error)}` };
    }
  }

  async #fromOrigin(distribution: Distribution, path: string): Promise<Reply> {
    const policy = text(distribution.config, 'DefaultCacheBehavior', 'CachePolicyId');
    if (policy === cachingDisabled) return readOrigin(this.state, distribution, path);
    const key = `${distribution.id} ${distribution.etag} ${path}`;
    const reply = this.#cache.get(key) ?? (await readOrigin(this.state, distribution, path));
    this.#cache.set(key, reply);
    return reply;
  }
}

function readElsewhere(pages: ReadonlyMap<string, string>, path: string): Reply {
  const body = pages.get(path);
  const headers = { 'content-type': 'application/json' };
  return body === undefined ? { status: 404, headers, body: '{}' } : { status: 200, headers, body };
}
