/** Time, so that tests can make it pass. */
export interface Clock {
  now(): Date;
  /** Milliseconds since some moment, to tell how long ago something was. Nobody sets this clock, unlike the one of `now`. */
  elapsed(): number;
  /** Calls back once, that many milliseconds from now, at most 24 days. Calling the result takes it back. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** In milliseconds. Node.js fires a longer timer at once. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, longestTimer));
    return () => clearTimeout(timer);
  },
};

/** Resolves after that time, and at once when the signal aborts: look at the signal afterwards. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.after(milliseconds, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
