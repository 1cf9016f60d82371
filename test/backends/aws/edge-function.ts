import { createContext, runInContext } from 'node:vm';

/** What a viewer asks for, and of which distribution. */
export interface Viewed {
  readonly host: string;
  readonly path: string;
  readonly distributionID: string;
  readonly distributionDomain: string;
}

/** The request goes on, maybe to another path; or the function answers it. */
export type Outcome =
  | { readonly path: string }
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

interface Returned {
  readonly uri?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly body?: unknown;
}

/**
 * Runs the code of a CloudFront Function on a viewer's request. It has the language and nothing else: no Node.js, no eval, no way to
 * change what the next run sees.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 * @throws where CloudFront would answer 503: the code fails, or returns neither a request nor a response
 */
export function runFunction(code: string, { host, path, distributionID, distributionDomain }: Viewed): Outcome {
  const event = {
    version: '1.0',
    context: {
      distributionDomainName: distributionDomain,
      distributionId: distributionID,
      eventType: 'viewer-request',
      requestId: 'test',
    },
    viewer: { ip: '198.51.100.1' },
    request: { method: 'GET', uri: path, querystring: {}, headers: { host: { value: host } }, cookies: {} },
  };
  // CloudFront gives it less than a millisecond of its CPU. A loaded machine may stop for a while, and an endless loop has to end.
  const context = createContext(Object.freeze({}), { codeGeneration: { strings: false, wasm: false } });
  const source = `(() => { ${code}\n; return JSON.stringify(handler(${JSON.stringify(event)})); })()`;
  return read(JSON.parse(String(runInContext(source, context, { timeout: 3_000 }))) as Returned);
}

function read({ uri, statusCode, headers = {}, body }: Returned): Outcome {
  const wrong = Object.keys(headers).find(
    (name) => name !== name.toLowerCase() || typeof headers[name]?.value !== 'string',
  );
  if (wrong !== undefined) throw new Error(`header ${wrong} is not in lower case, or has no value`);
  if (statusCode === undefined) {
    if (typeof uri !== 'string' || !uri.startsWith('/')) throw new Error('neither a request nor a response');
    return { path: uri };
  }
  if (typeof statusCode !== 'number') throw new Error('statusCode is not a number');
  const shown = Object.entries(headers).map(([name, { value }]) => [name, String(value)]);
  return { status: statusCode, headers: Object.fromEntries(shown) as Record<string, string>, body: textOf(body) };
}

function textOf(body: unknown): string {
  if (body === undefined || typeof body === 'string') return body ?? '';
  const { encoding, data } = body as { readonly encoding?: unknown; readonly data?: unknown };
  if (encoding !== 'text' || typeof data !== 'string') throw new Error('a body is a string, or text in data');
  return data;
}
