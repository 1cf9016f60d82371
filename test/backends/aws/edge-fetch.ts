import { Agent, get } from 'node:https';

/** What an HTTPS server answered. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Fetches an https URL. Throws where nobody answers, or the certificate is not one to trust. */
export type FetchPage = (url: string) => Promise<Page>;

/** STS waits this long for an identity provider: https://repost.aws/knowledge-center/iam-sts-invalididentitytoken */
const timeoutMillis = 5000;

/** Fetches as STS and any other client on the internet would: through the edge, every time over a new connection. */
export function fetchThrough(proxy: string, ca: string): FetchPage {
  return (url) =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ proxyEnv: { HTTPS_PROXY: proxy }, ca });
      const request = get(url, { agent, timeout: timeoutMillis }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMillis} ms`)));
      request.on('error', (cause) => reject(new Error(`fetching ${url}: ${cause.message}`, { cause })));
    });
}
