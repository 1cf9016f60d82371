import { Agent, request as send, type Dispatcher } from 'undici';
import type { Access, AccessSource, TlsSettings } from './access.ts';
import type { ServerAddresses } from './addresses.ts';
import type { Breaker } from './breaker.ts';
import { sleep, systemClock, type Clock } from './clock.ts';
import { unlessAborted } from './deadline.ts';
import { jittered, minutes, seconds } from './duration.ts';
import { sameJson } from './json.ts';
import { isTransient, isUnauthorized, KubeError } from './kube-error.ts';
import { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

export interface KubeRequest {
  /** For error messages, gerund first: `reading Secret default/abcl0-kubeconfig`. */
  readonly doing: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Absent: JSON. */
  readonly accept?: string;
  /** Errors leave out the server's words, which may quote what was sent or what the server holds. */
  readonly confidential?: boolean;
  /** Sent over a new connection, which is closed after the answer. Several may be under way at once, so each answer has to be small. */
  readonly ownConnection?: boolean;
}

export interface KubeTransportOptions {
  readonly access: AccessSource;
  /** Ends all calls and watches. */
  readonly signal: AbortSignal;
  /**
   * Set if a tenant wrote the address: which servers may be connected to. The tenant must not learn from our errors what answers
   * there, so all requests are confidential and an error says one word. What answers there must not fill our memory, so the
   * size of an answer is limited.
   */
  readonly untrusted?: ServerAddresses;
  /** Absent: each call is made, however long nobody answered. */
  readonly breaker?: Breaker;
  /** For the time between attempts. */
  readonly clock?: Clock;
  readonly timeouts?: Partial<Timeouts>;
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** A whole call with its retries, to the last byte. */
  readonly call: number;
  /** Between two bytes of a watch. The API server sends a bookmark about once a minute. */
  readonly silence: number;
}
const standardTimeouts: Timeouts = { connect: seconds(10), call: seconds(30), silence: seconds(90) };

const attempts = 3;
const firstRetry = 200;
/** The longest wait, whatever Retry-After says: a longer one would blind us. */
const longestRetryAfter = minutes(1);
const longestMessage = 512;
/** In bytes. An object in etcd has at most 1.5 MiB, and parsed JSON takes many times its size. */
const largestUntrusted = 2 * 1024 * 1024;
const largestOfOwnConnection = 64 * 1024;

/** HTTP to one API server over one pool of connections. It never looks at HTTPS_PROXY. */
export class KubeTransport {
  readonly #timeouts: Timeouts;
  readonly #clock: Clock;
  #pool: { readonly tls: TlsSettings; readonly agent: Agent } | undefined;

  constructor(private readonly options: KubeTransportOptions) {
    this.#timeouts = { ...standardTimeouts, ...options.timeouts };
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The answer's JSON. A GET is tried a few times if it gets no answer, a 429 or a 5xx.
   * @param signal ends the call instead of the signal of all calls: of whoever asks, such as a pass, which ends before those do.
   * AbortSignal.any of both would keep a part of each call in memory for as long as the operator runs.
   * @throws KubeError
   */
  async json(request: KubeRequest, signal: AbortSignal = this.options.signal): Promise<unknown> {
    return this.#attempt(request, () => this.#unlessSilent(signal, () => this.#json(request, signal)));
  }

  /** Fails with the error as Node.js or undici gave it, which the breaker judges, if there was no answer. */
  async #json(request: KubeRequest, ended: AbortSignal): Promise<unknown> {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(this.#timeouts.call)]);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#answer(request, { signal });
        return await response.body.json();
      } catch (error) {
        if (request.method !== 'GET' || attempt === attempts || !mayPass(error)) throw error;
        const asked = error instanceof KubeError ? error.retryAfter : undefined;
        await sleep(this.#clock, asked ?? jittered(firstRetry * 4 ** (attempt - 1)), signal);
        if (signal.aborted) throw error;
      }
    }
  }

  /**
   * The answer's body as it comes, for as long as it comes.
   * @throws KubeError; so does the iteration, if the body breaks off or falls silent
   */
  async *stream(request: KubeRequest, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const ended = AbortSignal.any([this.options.signal, signal]);
    const response = await this.#attempt(request, () =>
      this.#unlessSilent(ended, () => this.#answer(request, { signal: ended })),
    );
    const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer, void>;
    try {
      for (;;) {
        const next = await this.#attempt(request, () => chunks.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      response.body.destroy();
    }
  }

  /** @param signal of whoever may give the call up */
  #unlessSilent<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const { breaker } = this.options;
    return breaker ? breaker.run(call, { signal }) : call();
  }

  /** Closes idle connections at once, and the others when their calls have ended. */
  async close(): Promise<void> {
    await this.#pool?.agent.close();
  }

  async #answer(request: KubeRequest, options: { readonly signal: AbortSignal }): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#send(request, options.signal);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      this.options.access.renew();
      return this.#send(request, options.signal);
    }
  }

  async #send(request: KubeRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const access = await unlessAborted(signal, this.options.access.get());
    const dispatcher = request.ownConnection ? this.#open(access.tls, largestOfOwnConnection) : this.#agent(access);
    // The signal alone does not end a connect.
    const answer = send(urlOf(access.server, request), {
      dispatcher,
      method: request.method,
      headers: {
        ...access.headers,
        accept: request.accept ?? 'application/json',
        ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
      },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      signal,
      headersTimeout: this.#timeouts.call,
      bodyTimeout: this.#timeouts.silence,
    });
    // Closes once the answer is read, or has failed.
    if (request.ownConnection) void dispatcher.close();
    const response = await unlessAborted(signal, answer);
    if (response.statusCode >= 300) throw await this.#refusal(request, response);
    return response;
  }

  /** One pool for all calls. Rotated certificates bring a new one. */
  #agent({ tls }: Access): Agent {
    if (this.#pool && sameJson(this.#pool.tls, tls)) return this.#pool.agent;
    void this.#pool?.agent.close();
    const agent = this.#open(tls, this.options.untrusted && largestUntrusted);
    this.#pool = { tls, agent };
    return agent;
  }

  #open(tls: TlsSettings, maxResponseSize: number | undefined): Agent {
    return new Agent({
      connect: {
        ...tls,
        timeout: this.#timeouts.connect,
        keepAlive: true,
        keepAliveInitialDelay: seconds(15),
        ...(this.options.untrusted && { lookup: this.options.untrusted.lookup }),
      },
      // A connection for each watch: one that hangs is noticed, and holds up nothing else.
      allowH2: false,
      // As many as passes of a kind at once. Passes that all begin together would open more, and each costs both sides a handshake.
      connections: 32,
      keepAliveTimeout: seconds(30),
      ...(maxResponseSize !== undefined && { maxResponseSize }),
    });
  }

  async #refusal(request: KubeRequest, response: Dispatcher.ResponseData): Promise<KubeError> {
    const status = await statusOf(response);
    const words = this.#isConfidential(request) ? undefined : status.message?.slice(0, longestMessage);
    const told = [String(response.statusCode), status.reason, words].filter((part) => part !== undefined);
    const parts = this.options.untrusted ? [wordOf(response.statusCode)] : told;
    const wait = Number(response.headers['retry-after']);
    return new KubeError(`${request.doing}: ${parts.join(' ')}`, response.statusCode, status.reason, {
      ...(wait > 0 && { retryAfter: Math.min(seconds(wait), longestRetryAfter) }),
    });
  }

  #isConfidential({ confidential = false }: KubeRequest): boolean {
    return confidential || this.options.untrusted !== undefined;
  }

  async #attempt<T>(request: KubeRequest, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof KubeError || error instanceof InvalidKubeconfigError) throw error;
      if (this.options.untrusted) throw new KubeError(`${request.doing}: ${wordOf(undefined)}`, undefined, undefined);
      if (this.#isConfidential(request))
        throw new KubeError(`${request.doing}: ${codeOf(error)}`, undefined, undefined);
      const why = this.options.signal.aborted ? 'the operator stops' : messageOf(error);
      throw new KubeError(`${request.doing}: ${why}`, undefined, undefined, { cause: error });
    }
  }
}

/**
 * All that the author of an address is told about what answers there. Everything but an API server's answer gets the same
 * word: whether a port is closed, silent or speaks another protocol would map a network that the author cannot see.
 */
function wordOf(status: number | undefined): string {
  switch (status) {
    case undefined:
      return 'Unreachable';
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 409:
      return 'Conflict';
    default:
      return status === 429 || status >= 500 ? 'Unavailable' : 'Failed';
  }
}

function urlOf(server: string, { path, query }: KubeRequest): string {
  const search = new URLSearchParams(query).toString();
  return `${server.replace(/\/+$/, '')}${path}${search === '' ? '' : `?${search}`}`;
}

/** The message of a metav1.Status. A proxy between us and the API server answers in its own words. */
async function statusOf(response: Dispatcher.ResponseData): Promise<{ reason?: string; message?: string }> {
  try {
    const { reason, message } = (await response.body.json()) as { reason?: unknown; message?: unknown };
    const isReason = typeof reason === 'string' && /^[A-Z][A-Za-z]{0,63}$/.test(reason);
    return { ...(isReason && { reason }), ...(typeof message === 'string' && { message }) };
  } catch {
    return {};
  }
}

/** Asking again may help: there was no answer, or a passing one. */
const mayPass = (error: unknown) =>
  error instanceof KubeError ? isTransient(error) : !(error instanceof InvalidKubeconfigError);

/** The error code of Node.js or undici, such as ECONNREFUSED. Their messages would quote certificates and broken JSON. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error));
