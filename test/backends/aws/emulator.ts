import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { awsError } from './errors.ts';
import type { AwsRequest, Reply } from './request.ts';

/** Headers that belong to one connection and not to the call. */
const hopHeaders = new Set(['connection', 'expect', 'host', 'keep-alive', 'transfer-encoding', 'content-length']);

/** The moto process behind the front. It is not thread-safe, so calls reach it one at a time. */
export class Emulator {
  #last: Promise<unknown> = Promise.resolve();
  #busy = 0;

  constructor(readonly url: string) {}

  /** Milliseconds that moto has worked so far. */
  get busy(): number {
    return this.#busy;
  }

  /** Passes a call on, in the account of its credential. */
  async send(request: AwsRequest): Promise<Reply> {
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopHeaders.has(name)));
    const reply = await this.#call(request.method, request.target, request.accountID, headers, request.body);
    const html =
      reply.headers['content-type']?.startsWith('text/html') && reply.body.toString().startsWith('<!doctype');
    if (reply.status < 500 || !html) return reply;
    // 501 is not tried again by the SDKs, so that the test fails at once and says why.
    const what = `${request.service}:${request.operation}`;
    throw awsError('EmulatorFailure', 501, `moto cannot answer ${what}: ${reply.body.toString().slice(0, 200)}`);
  }

  /** Reads for the front itself, in any account, whoever may. */
  async read(service: string, accountID: string, path: string, region = 'us-east-1'): Promise<Reply> {
    const scope = `front/20200101/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
    return this.#call('GET', path, accountID, { authorization }, undefined);
  }

  async reset(): Promise<void> {
    await this.#call('POST', '/moto-api/reset', '', {}, undefined);
  }

  async #call(
    method: string,
    path: string,
    accountID: string,
    headers: OutgoingHttpHeaders,
    body: Buffer | undefined,
  ): Promise<Reply> {
    const all = { ...headers, 'x-moto-account-id': accountID, 'content-length': body?.length ?? 0 };
    const mine = this.#last.then(() => this.#timed(() => this.#exchange(method, path, all, body)));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#busy += performance.now() - start;
    }
  }

  #exchange(method: string, path: string, headers: OutgoingHttpHeaders, body: Buffer | undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(new URL(`${this.url}${path}`), { agent: false, method, headers }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const kept = Object.entries(incoming.headers).filter(([name]) => !hopHeaders.has(name));
          const strings = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
          const length = method === 'HEAD' ? incoming.headers['content-length'] : undefined;
          const all = length === undefined ? strings : { ...strings, 'content-length': length };
          resolve({ status: incoming.statusCode ?? 502, headers: all, body: Buffer.concat(chunks) });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
