import { get, type Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { discoveryURL } from '../../oidc/discovery.ts';
import type { Served } from '../../oidc/served.ts';
import { unlessAborted } from '../../runtime/deadline.ts';

/** The published documents as STS sees them: from outside, over TLS. */
export interface IssuerDocuments {
  /**
   * What is served under this URL, whoever serves it. The key set is fetched only from its own URL.
   * @throws if something is not served, with the URL and what came instead
   */
  fetch(url: string, jwksURI: string, signal: AbortSignal): Promise<Served>;
}

/** STS gives up after about this time. https://repost.aws/knowledge-center/iam-sts-invalididentitytoken */
const stsPatience = 5_000;
/** A hundred RSA-4096 keys are 80 KB. */
const maxBytes = 256 * 1024;

/** Fetches with an agent that knows the way out (HTTPS_PROXY). Follows no redirects, and only the key set's own URL. */
export class HttpsIssuerDocuments implements IssuerDocuments {
  constructor(
    private readonly agent: Agent,
    private readonly options: {
      /** Milliseconds. */
      readonly deadline?: number;
      /** Absent: as the machine resolves names. A proxy resolves them itself. */
      readonly lookup?: LookupFunction;
    } = {},
  ) {}

  async fetch(url: string, jwksURI: string, signal: AbortSignal): Promise<Served> {
    const timed = AbortSignal.any([signal, AbortSignal.timeout(this.options.deadline ?? stsPatience)]);
    const discovery = await this.#fetch(discoveryURL(url), timed);
    const jwks = discovery['jwks_uri'] === jwksURI ? await this.#fetch(jwksURI, timed) : undefined;
    return { discovery, jwks };
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    // A request hears its signal only once it has a connection, which a silent proxy never gives.
    const body = await unlessAborted(signal, this.#read(url, signal)).catch((error: unknown) => {
      throw new Error(`${url}: ${signal.aborted ? 'no answer in time' : messageOf(error)}`, { cause: error });
    });
    return parse(url, body);
  }

  #read(url: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const { agent, options } = this;
      const lookup = options.lookup && { lookup: options.lookup };
      const request = get(url, { agent, signal, headers: { accept: 'application/json' }, ...lookup }, (response) => {
        if (response.statusCode !== 200) {
          response.destroy(new Error(`HTTP status ${response.statusCode ?? 'unknown'}`));
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > maxBytes) response.destroy(new Error(`more than ${maxBytes} bytes`));
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

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
