import type { Clock } from './clock.ts';

/** Does the work with a signal that aborts when the outer one does, or with a timeout after these milliseconds. */
export async function withDeadline<T>(
  {
    clock,
    milliseconds,
    signal: outer,
  }: { readonly clock: Clock; readonly milliseconds: number; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const abort = () => inner.abort(outer.reason);
  const cancel = clock.after(milliseconds, () =>
    inner.abort(new DOMException(`not done within ${milliseconds / 1000} s`, 'TimeoutError')),
  );
  outer.addEventListener('abort', abort, { once: true });
  if (outer.aborted) abort();
  try {
    return await work(inner.signal);
  } finally {
    cancel();
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
