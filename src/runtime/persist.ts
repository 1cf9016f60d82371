import type { Logger } from '../observability/logger.ts';
import { sleep, type Clock } from './clock.ts';
import { jittered, seconds } from './duration.ts';

export interface PersistOptions {
  /** For the log: what cannot be done yet. */
  readonly doing: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Whether trying again cannot help. */
  readonly isFinal: (error: unknown) => boolean;
}

const firstDelay = seconds(0.5);
const longestDelay = seconds(30);

/**
 * Does what has to be done before all else, and tries again until it is done: the API server may come up after us.
 * @throws what is final, and the signal's reason when it aborts
 */
export async function persist<T>(work: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { doing, clock, logger, signal, isFinal } = options;
  for (let delay = firstDelay; ; delay = Math.min(delay * 2, longestDelay)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      logger.warn('not yet', { doing, error });
    }
    await sleep(clock, jittered(delay), signal);
  }
}
