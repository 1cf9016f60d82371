import { get, type Agent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { discoveryURL } from '../../../oidc/discovery.ts';
import type { Served } from '../../../oidc/served.ts';
import { unlessAborted } from '../../../runtime/deadline.ts';
import { noAddress, publicOnly } from '../../../runtime/public-addresses.ts';
import { lookupBy, type Resolve } from '../../../runtime/resolver.ts';
import { isNoAnswer, isNoResolver, isNoWayOut, isUnresolved } from './no-answer.ts';

/** The published documents as STS sees them: from outside, over TLS. */
export interface IssuerDocuments {
  /**
   * What is served under this URL, whoever serves it. The key set is fetched only from its own URL, and not if that is undefined.
   * @throws if something is not served, with the URL and what came instead, in our own words. What TLS, the system or a proxy
   * said is in the cause alone: it can name certificates and addresses, which are not for the issuer's author.
   */
  fetch(url: string, jwksURI: string | undefined, signal: AbortSignal): Promise<Served>;
}

/** STS gives up after about this time. https://repost.aws/knowledge-center/iam-sts-invalididentitytoken */
const stsPatience = 5_000;
/** 100 RSA-4096 keys and 100 of P-521 are 110 KB, and 310 KB with the longest key ids. */
const maxBytes = 512 * 1024;

/**
 * Fetches with an agent that knows the way out (HTTPS_PROXY). Follows no redirects, fetches the key set only from its own URL, and
 * connects to public addresses only.
 */
export class HttpsIssuerDocuments implements IssuerDocuments {
  readonly #lookup: LookupFunction;

  constructor(
    private readonly agent: Agent,
    private readonly options: {
      /** Milliseconds. */
      readonly deadline?: number;
      /** A proxy resolves names itself. */
      readonly resolve: Resolve;
      /** For tests: the edge may be on this machine. */
      readonly allowInside?: boolean;
    },
  ) {
    const { resolve, allowInside = false } = options;
    const lookup = lookupBy(resolve);
    this.#lookup = allowInside ? lookup : publicOnly(lookup);
  }

  async fetch(url: string, jwksURI: string | undefined, signal: AbortSignal): Promise<Served> {
    const timed = AbortSignal.any([signal, AbortSignal.timeout(this.options.deadline ?? stsPatience)]);
    const discovery = await this.#fetch(discoveryURL(url), timed);
    const isNamed = jwksURI !== undefined && discovery['jwks_uri'] === jwksURI;
    return { discovery, jwks: isNamed ? await this.#fetch(jwksURI, timed) : undefined };
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    // A request hears its signal only once it has a connection, which a silent proxy never gives.
    const body = await unlessAborted(signal, this.#read(url, signal)).catch((error: unknown) => {
      throw new Error(`${url}: ${signal.aborted ? 'no answer in time' : wordsFor(error)}`, { cause: error });
    });
    return parse(url, body);
  }

  #read(url: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const { hostname } = new URL(url);
      // Nothing looks up an address, and CloudFront's issuers have names.
      if (isIP(hostname) !== 0 || hostname.startsWith('[')) throw noAddress(hostname);
      const options = { agent: this.agent, signal, headers: { accept: 'application/json' }, lookup: this.#lookup };
      const request = get(url, options, (response) => {
        if (response.statusCode !== 200) {
          const status = response.statusCode ?? 'unknown';
          response.destroy(new Unfit(`HTTP status ${status}`, `HTTP_${status}`));
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > maxBytes) response.destroy(new Unfit(`more than ${maxBytes} bytes`));
        });
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }
}

function parse(url: string, body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  } catch {
    // The error below says it, as for JSON that is not an object.
  }
  throw new Error(`${url} is not a JSON object`);
}

/** An answer that is not the documents. */
class Unfit extends Error {
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

function wordsFor(error: unknown): string {
  if (error instanceof Unfit) return error.message;
  if (isUnresolved(error)) return 'the name has no public address';
  if (isNoResolver(error)) return 'the name servers fail or do not answer';
  if (isNoWayOut(error)) return 'the proxy does not connect to it';
  if (isNoAnswer(error)) return 'no answer';
  return 'no answer over HTTPS with a certificate that is trusted and for this name';
}
