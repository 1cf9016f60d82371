import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Emulator } from './emulator.ts';
import { AwsError, awsError, errorReply } from './errors.ts';
import { Faults, underFault, type Fault, type Outcome } from './faults.ts';
import { isWrite } from './operation.ts';
import { readRequest, type AwsRequest, type Reply } from './request.ts';
import { applies, type Hooks } from './rule.ts';
import { rules } from './rules/index.ts';
import { withKnownNames } from './services/iam-names.ts';
import { services, type Handler } from './services/index.ts';
import { FrontState, type Credential } from './state.ts';

/** A call that reached the front. */
export interface Call {
  /** As in the signature: `iam`, `s3`, `cloudfront`, … */
  readonly service: string;
  /** As in the AWS API references; `Unknown` where the front cannot name it. */
  readonly operation: string;
  readonly write: boolean;
  readonly accountID: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** 0 until it is answered, and for ever where it never is. */
  readonly status: number;
}

/** Its status is set when it is answered. */
type Answered = { -readonly [field in keyof Call]: Call[field] };

/** Why a call is denied. */
export interface Denied {
  readonly message: string;
}

/** Stands between the SDK and moto and is as strict as AWS. Reached over plain HTTP, by `AWS_ENDPOINT_URL`. */
export class AwsFront implements Hooks {
  /** Judges each call and says why it is denied; undefined lets it through. */
  authorize: (request: AwsRequest, credential: Credential) => Promise<Denied | undefined> = async () => undefined;
  issuerReachable: (url: string) => Promise<boolean> = async () => true;
  /** Milliseconds that each call lies before it is looked at, as if AWS were that far away. */
  latency = 0;
  readonly state: FrontState;
  readonly #calls: Answered[] = [];
  #inFlight = 0;
  #mostInFlight = 0;
  readonly #unknown: Answered[] = [];
  readonly #refusals: string[] = [];
  readonly #faults = new Faults();
  readonly #handlers = new Map<string, Handler>(Object.entries(services));

  private constructor(
    private readonly server: Server,
    private readonly emulator: Emulator,
  ) {
    this.state = new FrontState(emulator);
    server.on('request', (incoming, outgoing) => {
      // 501 is not tried again by the SDKs, so that the test fails at once and says why.
      const failed = (error: unknown) => errorReply('', awsError('FrontFailure', 501, String(error)));
      this.#serve(incoming, outgoing).catch((error: unknown) => answer(outgoing, { reply: failed(error) }));
    });
  }

  static async start({ motoUrl }: { motoUrl: string }): Promise<AwsFront> {
    // A test lets its connections lie for as long as the operator takes, and tries each call once: none may be closed meanwhile.
    const server = createServer({ keepAliveTimeout: 0 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return new AwsFront(server, new Emulator(motoUrl));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** All since the last reset or clearCalls. */
  get calls(): readonly Call[] {
    return this.#calls;
  }

  clearCalls(): void {
    this.#calls.length = 0;
    this.#mostInFlight = this.#inFlight;
  }

  /** Calls that are not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many calls there were at a time since the last reset or clearCalls. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** Milliseconds that the emulator, which answers one call at a time, has worked so far. */
  get emulatorBusy(): number {
    return this.emulator.busy;
  }

  /** How often each `service:Operation` was called; with a name only that operation. */
  count(operation?: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const call of this.#calls) {
      const name = `${call.service}:${call.operation}`;
      if (operation === undefined || [call.operation, name].includes(operation)) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  writes(): Call[] {
    return this.#calls.filter((call) => call.write);
  }

  /**
   * All calls that could not be named, also those before a clearCalls or a reset. Whether they change anything nobody
   * knows, so a test that made one is no proof: `stop` complains of all that nobody has taken.
   */
  takeUnknown(): Call[] {
    return this.#unknown.splice(0);
  }

  /** Names of the rules that refused a call, in order. */
  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** Injects a fault into the next calls of an operation, named `CreateRole` or `iam:CreateRole`. */
  fail(operation: string, fault: Fault, times = 1): void {
    this.#faults.add(operation, fault, times);
  }

  /** Takes over an operation, named `service:Operation`; also survives a reset. */
  handle(operation: string, handler: Handler): void {
    this.#handlers.set(operation, handler);
  }

  /** Forgets all but what was hooked in and the calls that could not be named. */
  async reset(): Promise<void> {
    await this.emulator.reset();
    this.state.clear();
    this.#faults.clear();
    this.#refusals.length = 0;
    this.clearCalls();
  }

  /** @throws at the end, where a call could not be named */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    const services = this.takeUnknown().map(({ service }) => service);
    if (services.length > 0) throw new Error(`the front could not name calls to ${services.join(', ')}`);
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming).catch(() => undefined);
    if (body === undefined) return; // The caller has hung up in the middle of its call.
    const { method = 'GET', url: target = '/', headers } = incoming;
    const request = readRequest({ method, target, headers, body }, this.state);
    const { service, operation, accountID, region } = request;
    const write = isWrite(operation);
    const call = { service, operation, write, accountID, region, at: Date.now(), status: 0 };
    this.#calls.push(call);
    if (operation === 'Unknown') this.#unknown.push(call);
    this.#inFlight++;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    outgoing.once('close', () => this.#inFlight--);
    if (this.latency > 0) await sleep(this.latency);
    const proceed = () => this.#answer(request);
    const outcome = await underFault(this.#faults.take(request), request, {
      proceed,
      hungUp: () => outgoing.destroyed,
    });
    if (outcome !== 'hang up') call.status = outcome.reply.status;
    answer(outgoing, outcome);
  }

  async #answer(request: AwsRequest): Promise<Reply> {
    try {
      return await this.#allowed(request);
    } catch (error) {
      const known = error instanceof AwsError;
      return errorReply(request.service, known ? error : awsError('FrontFailure', 501, String(error)));
    }
  }

  async #allowed(sent: AwsRequest): Promise<Reply> {
    const request = sent.service === 'iam' ? withKnownNames(sent, this.state) : sent;
    const name = `${request.service}:${request.operation}`;
    if (request.operation === 'Unknown') {
      throw awsError('NotImplemented', 501, `the front cannot name ${request.method} ${request.target}`);
    }
    const denied = await this.authorize(request, request.credential);
    if (denied) {
      // Of all services here only ACM's common errors end so: https://docs.aws.amazon.com/acm/latest/APIReference/CommonErrors.html
      const code = request.service === 'acm' ? 'AccessDeniedException' : 'AccessDenied';
      throw awsError(code, request.service === 'acm' ? 400 : 403, denied.message);
    }
    for (const rule of rules.filter((rule) => applies(rule, request))) {
      const error = await rule.check(request, this.state, this);
      if (!error) continue;
      this.#refusals.push(rule.name);
      throw error;
    }
    const handler = this.#handlers.get(name);
    return handler ? handler(request, this.state) : this.emulator.send(request);
  }
}

function answer(outgoing: ServerResponse, outcome: Outcome): void {
  if (outcome === 'hang up') {
    outgoing.destroy();
    return;
  }
  const { status, headers, body } = outcome.reply;
  const bytes = Buffer.from(body);
  outgoing.writeHead(status, { 'content-length': bytes.length, ...headers });
  if (outcome.cut) {
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => outgoing.destroy());
  } else {
    outgoing.end(bytes);
  }
}
