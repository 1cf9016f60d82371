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
