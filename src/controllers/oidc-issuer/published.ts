import { get, type Agent } from 'node:https';
import { discoveryURL } from '../../oidc/discovery.ts';

/** What must be served under an issuer's URL before IAM may be told to trust it. */
export interface ExpectedDocuments {
  readonly issuer: string;
  readonly jwksURI: string;
  /** All of them, among others. */
  readonly kids: readonly string[];
}

/** The published documents as STS sees them: from outside, over TLS. */
export interface IssuerDocuments {
  /** What is wrong with the documents under this URL, for people; undefined where all is as expected. */
  findProblem(url: string, expected: ExpectedDocuments, signal: AbortSignal): Promise<string | undefined>;
}

/** STS gives up after about as long. https://repost.aws/knowledge-center/iam-sts-invalididentitytoken */
const stsPatience = 5_000;
/** A hundred RSA-4096 keys are 80 KB. */
const maxBytes = 256 * 1024;

/** Fetches with an agent that knows the way out (HTTPS_PROXY). Follows no redirects, and only the key set's own URL. */
export class HttpsIssuerDocuments implements IssuerDocuments {
  constructor(
    private readonly agent: Agent,
    private readonly deadline = stsPatience,
  ) {}

  async findProblem(url: string, expected: ExpectedDocuments, signal: AbortSignal): Promise<string | undefined> {
    const timed = AbortSignal.any([signal, AbortSignal.timeout(this.deadline)]);
    try {
      const discovery = await this.#fetch(discoveryURL(url), timed);
      if (discovery['issuer'] !== expected.issuer)
        return `${discoveryURL(url)} does not name issuer ${expected.issuer}`;
      if (discovery['jwks_uri'] !== expected.jwksURI) return `${discoveryURL(url)} does not name ${expected.jwksURI}`;
      const served = kidsOf(await this.#fetch(expected.jwksURI, timed));
      const missing = expected.kids.filter((kid) => !served.has(kid));
      return missing.length === 0 ? undefined : `${expected.jwksURI} lacks key ${missing.join(', ')}`;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const body = await this.#read(url, signal).catch((error: unknown) => {
      throw new Error(`${url}: ${signal.aborted ? 'no answer in time' : messageOf(error)}`, { cause: error });
    });
    return parse(url, body);
  }

  #read(url: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: this.agent, signal, headers: { accept: 'application/json' } }, (response) => {
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
    // Said below, as for JSON that is no object.
  }
  throw new Error(`${url} is no JSON object`);
}

function kidsOf(jwks: Readonly<Record<string, unknown>>): ReadonlySet<unknown> {
  const { keys } = jwks;
  const entries: readonly unknown[] = Array.isArray(keys) ? keys : [];
  return new Set(
    entries.map((entry) => (typeof entry === 'object' && entry !== null && 'kid' in entry ? entry.kid : undefined)),
  );
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
