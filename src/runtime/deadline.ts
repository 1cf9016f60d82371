import type { Clock } from './clock.ts';
import { seconds } from './duration.ts';

/** What aborted work may take to end, so that it can still say how far it came. */
const grace = seconds(10);

/** When work has to end. */
export interface Ends {
  /** Aborts when the outer signal does, or with a timeout at the deadline. */
  readonly signal: AbortSignal;
  /** Aborts a while after the deadline. Nobody waits for the work any more, and it must not write. */
  readonly abandoned: AbortSignal;
}

interface Deadline {
  readonly clock: Clock;
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

/**
 * Does the work, which gets these milliseconds and a little more to end.
 * @throws a timeout if it has not ended by then, whether or not it looks at its signal
 */
export async function withDeadline<T>(
  { clock, milliseconds, signal: outer }: Deadline,
  work: (ends: Ends) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const abandoned = new AbortController();
  const timeout = new DOMException(`not done within ${milliseconds / 1000} s`, 'TimeoutError');
  const abort = () => inner.abort(outer.reason);
  const cancels = [
    clock.after(milliseconds, () => inner.abort(timeout)),
    clock.after(milliseconds + grace, () => abandoned.abort(timeout)),
  ];
  outer.addEventListener('abort', abort, { once: true });
  if (outer.aborted) abort();
  try {
    return await unlessAborted(abandoned.signal, work({ signal: inner.signal, abandoned: abandoned.signal }));
  } finally {
    for (const cancel of cancels) cancel();
    // AbortSignal.any would keep a part of each pass in memory for as long as the operator runs.
    outer.removeEventListener('abort', abort);
  }
}

/** Rejects with the signal's reason as soon as it aborts, even if the work itself does not look at the signal. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
