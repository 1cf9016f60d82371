import type { Clock } from './clock.ts';
import { minutes, seconds } from './duration.ts';

/** A call without an answer for so long counts as silence before its own deadline ends it. */
const silence = seconds(10);
const firstPause = seconds(30);
const longestPause = minutes(5);

export interface BreakerOptions {
  readonly clock: Clock;
  /** Tells the error of a call that got no answer from one that got a bad answer. */
  readonly isSilence: (error: unknown) => boolean;
}

export interface RunOptions<T> {
  /**
   * Starts the call when its turn comes, and fails with the signal's reason if that aborts before: the caller gave up, or there is
   * nobody to call. Absent: at once.
   */
  readonly turn?: (work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** Aborts when we give the call up ourselves. How such a call ends says nothing about the other side. */
  readonly signal: AbortSignal;
}

/** The call was not made, because the other side was silent a moment ago. */
export class NoAnswer extends Error {
  /** So that it counts as any other timeout. */
  override readonly name = 'TimeoutError';

  constructor() {
    super('the other side does not answer');
  }
}

/**
 * Spares callers the wait for one who is silent. After a call without an answer, calls fail at once for a while. Then one call
 * tries, and the others fail until it has its answer. The pauses grow while there is none.
 */
export class Breaker {
  #open: { readonly until: number; readonly pause: number } | undefined;
  #isTrying = false;
  #answers = 0;
  readonly #onSilence = new Set<() => void>();

  constructor(private readonly options: BreakerOptions) {}

  /**
   * Makes the call.
   * @throws NoAnswer instead of making the call
   */
  async run<T>(call: () => Promise<T>, { turn = (work) => work(), signal }: RunOptions<T>): Promise<T> {
    this.#check();
    const waiting = new AbortController();
    const giveUp = () => waiting.abort(signal.reason);
    const fail = () => waiting.abort(new NoAnswer());
    this.#onSilence.add(fail);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    const work = async () => {
      // What happens from now on is told by the call itself.
      this.#onSilence.delete(fail);
      waiting.signal.throwIfAborted();
      return this.#make(call, signal);
    };
    try {
      return await turn(work, waiting.signal);
    } finally {
      this.#onSilence.delete(fail);
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #make<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#check();
    const tries = this.#open !== undefined;
    if (tries) this.#isTrying = true;
    const heard = this.#answers;
    const cancel = this.options.clock.after(silence, () => {
      if (this.#answers === heard) this.#trip(tries);
    });
    try {
      const result = await call();
      this.#answered();
      return result;
    } catch (error) {
      if (!signal.aborted) this.#failed(error, { heard, tries });
      throw error;
    } finally {
      cancel();
      if (tries) this.#isTrying = false;
    }
  }

  #check(): void {
    if (this.#isTrying || (this.#open && this.#now() < this.#open.until)) throw new NoAnswer();
  }

  #failed(error: unknown, { heard, tries }: { readonly heard: number; readonly tries: boolean }): void {
    if (!this.options.isSilence(error)) this.#answered();
    else if (this.#answers === heard) this.#trip(tries);
  }

  #answered(): void {
    this.#answers++;
    this.#open = undefined;
  }

  /** Many calls that were made at the same time count once. */
  #trip(hasTried: boolean): void {
    const now = this.#now();
    if (this.#open && (now < this.#open.until || !hasTried)) return;
    const pause = this.#open ? Math.min(this.#open.pause * 2, longestPause) : firstPause;
    this.#open = { until: now + pause, pause };
    for (const fail of this.#onSilence) fail();
  }

  #now(): number {
    return this.options.clock.elapsed();
  }
}
