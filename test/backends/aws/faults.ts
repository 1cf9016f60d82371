import { setTimeout as sleep } from 'node:timers/promises';
import { awsError, errorReply, throttled, type AwsError } from './errors.ts';
import type { AwsRequest, Reply } from './request.ts';

export type Fault =
  | { readonly kind: 'throttle' }
  | { readonly kind: 'error'; readonly code: string; readonly status: number }
  /** `html`: as a load balancer in front of the service answers, in no protocol of it. */
  | { readonly kind: 'serverError'; readonly status: number; readonly html?: true }
  /** The connection is closed before the call is looked at. */
  | { readonly kind: 'reset' }
  /** `then` runs before the call is looked at, which it never is. */
  | { readonly kind: 'lost'; readonly then: () => void | Promise<void> }
  /** The call lies for a while before it is looked at, and is dropped if the caller has hung up by then. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** The call takes effect; its answer breaks off in the middle. */
  | { readonly kind: 'truncate' }
  /** The call takes effect, `then` runs, and no answer is ever sent. A call that is refused is answered, and the fault waits on. */
  | { readonly kind: 'tookEffect'; readonly then: () => void | Promise<void> };

/** What the caller gets: an answer, half of one, or a closed connection. */
export type Outcome = { readonly reply: Reply; readonly cut?: true } | 'hang up';

/** A fault that waits for its calls. */
export interface Waiting {
  readonly operation: string;
  readonly fault: Fault;
  /** How many calls it still breaks. */
  times: number;
}

/** Finds the fault for each call; where several wait for it, the one that was added first. */
export class Faults {
  readonly #waiting: Waiting[] = [];

  add(operation: string, fault: Fault, times: number): void {
    this.#waiting.push({ operation, fault, times });
  }

  take(request: AwsRequest): Waiting | undefined {
    const names = [request.operation, `${request.service}:${request.operation}`];
    const found = this.#waiting.find((entry) => entry.times > 0 && names.includes(entry.operation));
    if (found) found.times--;
    return found;
  }

  clear(): void {
    this.#waiting.length = 0;
  }
}

/** Serves a call under a fault; `proceed` serves it in the ordinary way. */
export async function underFault(
  waiting: Waiting | undefined,
  { service }: AwsRequest,
  { proceed, hungUp }: { proceed: () => Promise<Reply>; hungUp: () => boolean },
): Promise<Outcome> {
  if (!waiting) return { reply: await proceed() };
  const { fault } = waiting;
  switch (fault.kind) {
    case 'throttle':
      return { reply: errorReply(service, throttled(service)) };
    case 'error':
      return { reply: errorReply(service, awsError(fault.code, fault.status, 'injected by the test')) };
    case 'serverError':
      return { reply: fault.html ? html(fault.status) : errorReply(service, unavailable(fault.status)) };
    case 'reset':
      return 'hang up';
    case 'lost':
      await fault.then();
      return 'hang up';
    case 'stall':
      await sleep(fault.ms);
      return hungUp() ? 'hang up' : { reply: await proceed() };
    case 'truncate':
      return { reply: await proceed(), cut: true };
    case 'tookEffect': {
      const reply = await proceed();
      if (reply.status >= 300) {
        waiting.times++;
        return { reply };
      }
      await fault.then();
      return 'hang up';
    }
  }
}

function unavailable(status: number): AwsError {
  return awsError(status === 503 ? 'ServiceUnavailable' : 'InternalFailure', status, 'injected by the test');
}

function html(status: number): Reply {
  const body = `<html><head><title>${status}</title></head><body><h1>${status} Service Unavailable</h1></body></html>`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}
