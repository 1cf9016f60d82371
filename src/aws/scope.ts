import type { Logger } from '../observability/logger.ts';
import type { Urgency } from './limiter.ts';
import type { Plan } from './plan.ts';

/** On whose behalf AWS is called: one pass over one object, or the operator itself for what passes share. */
export interface Scope {
  /** When it aborts, running calls end and later ones are refused, with its reason as the error. */
  readonly signal: AbortSignal;
  /** Logs each change, and names the object with it. */
  readonly logger: Logger;
  /** Which calls go first where those of several scopes wait. Absent: normal. */
  readonly urgency?: Urgency;
  /** Writes are noted here instead of being sent. Absent: they are sent. */
  readonly plan?: Plan;
}

/** Rejects with the signal's reason as soon as it aborts, even if the work itself does not look at the signal. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
