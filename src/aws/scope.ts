import type { Logger } from '../observability/logger.ts';

/** On whose behalf AWS is called: one pass over one object, or the operator itself for what passes share. */
export interface Scope {
  /** Aborts what is running and refuses all that comes, with the reason that the error names. */
  readonly signal: AbortSignal;
  /** Hears of each change, and says of which object it is. */
  readonly logger: Logger;
}

/** Rejects with the signal's reason as soon as it aborts, also where the work itself does not look at the signal. */
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
