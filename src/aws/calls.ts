import type * as acm from '@aws-sdk/client-acm';
import type * as cloudfront from '@aws-sdk/client-cloudfront';
import type * as iam from '@aws-sdk/client-iam';
import type * as route53 from '@aws-sdk/client-route-53';
import type * as s3 from '@aws-sdk/client-s3';
import type * as sts from '@aws-sdk/client-sts';
import { actionOf, isRead } from './actions.ts';
import type { CredentialSource } from './credentials.ts';
import { AwsError, isNotFound, isThrottled } from './errors.ts';
import type { Limiter } from './limiter.ts';
import { noAnswer } from './plan.ts';
import { type Scope, unlessAborted } from './scope.ts';

type MetadataBearer = iam.__MetadataBearer;
type Stack<In extends object, Out extends MetadataBearer> = iam.$Command<In, Out, unknown>['middlewareStack'];

/** The one method of an SDK client that we use, and all that a fake needs to have. */
export interface Client<In extends object, Out extends MetadataBearer, Config> {
  send<I extends In, O extends Out>(
    command: iam.$Command<I, O, Config, In, Out>,
    options: { abortSignal: AbortSignal },
  ): Promise<O>;
}

export type AcmClient = Client<acm.ServiceInputTypes, acm.ServiceOutputTypes, acm.ACMClientResolvedConfig>;
export type CloudFrontClient = Client<
  cloudfront.ServiceInputTypes,
  cloudfront.ServiceOutputTypes,
  cloudfront.CloudFrontClientResolvedConfig
>;
export type IamClient = Client<iam.ServiceInputTypes, iam.ServiceOutputTypes, iam.IAMClientResolvedConfig>;
export type Route53Client = Client<
  route53.ServiceInputTypes,
  route53.ServiceOutputTypes,
  route53.Route53ClientResolvedConfig
>;
export type S3Client = Client<s3.ServiceInputTypes, s3.ServiceOutputTypes, s3.S3ClientResolvedConfig>;
export type StsClient = Client<sts.ServiceInputTypes, sts.ServiceOutputTypes, sts.STSClientResolvedConfig>;

/** Spares calls the wait for a service that is silent: it fails them at once instead, as timeouts. */
export interface Breaker {
  /**
   * Makes the call in its turn, unless the service is silent by then.
   * @param signal aborts when we give the call up, which says nothing about the service
   */
  run<T>(
    call: () => Promise<T>,
    options: {
      /** Its signal aborts when the call need not wait for its turn any more. */
      readonly turn: (work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
      readonly signal: AbortSignal;
    },
  ): Promise<T>;
}

/** How a call ended. That something is not there is an answer too. */
export type CallResult = 'success' | 'notFound' | 'throttled' | 'error';

export interface CallOptions {
  readonly scope: Scope;
  /** Milliseconds that a call may take from its turn on, including the SDK's retries. */
  readonly deadline: number;
  /** They are got before each call, because a wait for them takes no turn of the service and says nothing about it. Absent: the client gets its own. */
  readonly credentials?: CredentialSource;
  /** One for each service, account and region. */
  readonly limiter: Limiter;
  /** One for each service, account and region. */
  readonly breaker: Breaker;
  /** Hears of each call that was sent, by its IAM action. */
  readonly count?: (action: string, result: CallResult) => void;
  /** Hears of each write by its input: before it is sent, and when it has ended. */
  readonly changes?: (input: object) => void;
}

/**
 * A plan asks this instead of sending a write. It may read. It throws as AWS would, as far as a look can tell, and gives what is
 * known of the answer beforehand.
 */
type Foretell<O> = () => Promise<Omit<O, '$metadata'> | undefined>;

/** Sends the commands of one service to one account on behalf of one scope. Each command waits for its turn and has a deadline, and its error says what was being done. */
export class Calls<In extends object, Out extends MetadataBearer, Config> {
  constructor(
    /** Asked at each call, so that a client is made only if it is used. */
    private readonly client: () => Client<In, Out, Config>,
    private readonly options: CallOptions,
  ) {}

  /** `doing` begins with a gerund: `creating role x`. */
  send<I extends In, O extends Out>(
    doing: string,
    command: iam.$Command<I, O, Config, In, Out>,
    foretell?: Foretell<O>,
  ): Promise<O> {
    return this.#call(doing, command, { body: async (output) => output, foretell });
  }

  /** Like `send`, for an answer whose body is a stream: the body is read within the deadline too. */
  read<I extends In, O extends Out, T>(
    doing: string,
    command: iam.$Command<I, O, Config, In, Out>,
    body: (output: O) => Promise<T>,
  ): Promise<T> {
    return this.#call(doing, command, { body });
  }

  async #call<I extends In, O extends Out, T>(
    doing: string,
    command: iam.$Command<I, O, Config, In, Out>,
    { body, foretell }: { readonly body: (output: O) => Promise<T>; readonly foretell?: Foretell<O> | undefined },
  ): Promise<T> {
    const { scope, deadline, credentials, limiter, breaker, count, changes } = this.options;
    const { signal, urgency, plan } = scope;
    const action = actionOf(command);
    noteThrottles(command.middlewareStack, limiter);
    const call = async () => {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
      const answer = unlessAborted(abortSignal, this.client().send(command, { abortSignal }).then(body));
      return counted(answer, (result) => count?.(action, result));
    };
    try {
      signal.throwIfAborted();
      if (plan && !isRead(action)) {
        const foretold = (await foretell?.()) as O | undefined;
        plan.note(doing);
        return await body(foretold ?? noAnswer<O>(doing));
      }
      if (credentials) await unlessAborted(signal, credentials());
      const turn = (work: typeof call, signal: AbortSignal) => limiter.add(work, { signal, urgency });
      if (isRead(action)) return await breaker.run(call, { turn, signal });
      changes?.(command.input);
      try {
        const result = await breaker.run(call, { turn, signal });
        scope.logger.info('changed AWS', { doing, action });
        return result;
      } finally {
        changes?.(command.input);
      }
    } catch (error) {
      // Getting credentials is a call of its own, and its error says already what was being done.
      throw error instanceof AwsError ? error : new AwsError(doing, action, error);
    }
  }
}

async function counted<T>(answer: Promise<T>, count: (result: CallResult) => void): Promise<T> {
  try {
    const result = await answer;
    count('success');
    return result;
  } catch (error) {
    count(isNotFound(error) ? 'notFound' : isThrottled(error) ? 'throttled' : 'error');
    throw error;
  }
}

/**
 * Tells the limiter of each throttled attempt, also of those after which the SDK's own retry succeeds. The SDK waits before its
 * retries and limits nothing: one limiter is enough.
 */
function noteThrottles<In extends object, Out extends MetadataBearer>(stack: Stack<In, Out>, limiter: Limiter): void {
  stack.add(
    (next) => async (args) => {
      const sent = limiter.now();
      try {
        return await next(args);
      } catch (error) {
        if (isThrottled(error)) limiter.throttled(sent);
        throw error;
      }
    },
    // Before the SDK's own, which makes errors of the answers, and within its retries.
    { step: 'deserialize', priority: 'high', name: 'noteThrottles', override: true },
  );
}

type CallsOf<C> = C extends Client<infer In, infer Out, infer Config> ? Calls<In, Out, Config> : never;
export type AcmCalls = CallsOf<AcmClient>;
export type CloudFrontCalls = CallsOf<CloudFrontClient>;
export type IamCalls = CallsOf<IamClient>;
export type Route53Calls = CallsOf<Route53Client>;
export type S3Calls = CallsOf<S3Client>;
export type StsCalls = CallsOf<StsClient>;
