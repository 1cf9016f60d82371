import { isThrottled } from './errors.ts';

/** Which calls go first where several wait. High: deletions and new objects. Low: looks at what is probably as it should be. */
export type Urgency = 'high' | 'normal' | 'low';

export interface Limit {
  /** Calls at a time. */
  readonly concurrency: number;
  /** The rate at the beginning and at the most. As many calls may come at once after a quiet second. */
  readonly callsPerSecond: number;
}

/** Time, in milliseconds. */
export interface LimiterClock {
  /** Since some moment. It must be a clock that nobody can set back, or all calls would wait. */
  now(): number;
  /** Calling the result takes the callback back. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemLimiterClock: LimiterClock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

export interface TurnOptions {
  /** When it aborts, a call that still waits is refused with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Absent: normal. */
  readonly urgency?: Urgency | undefined;
}

interface Waiting {
  /** The order of arrival. */
  readonly turn: number;
  readonly start: () => void;
}

/** In calls a second. With less a pass would not end in its time. */
const leastRate = 0.5;
/** Of the rate, each second without a throttle: twice the rate after seven seconds, whatever it is. */
const growth = 1.1;
/** Milliseconds without a call after a throttle, in which the account recovers. */
const pause = 1_000;
/** One start in so many goes to what has waited longest. So a low urgency means late, and never means not at all. */
const longestWaitingEvery = 8;
/** The first goes first. */
const urgencies: readonly Urgency[] = ['high', 'normal', 'low'];

/**
 * Gives calls of one service to one account their turns. The rate is halved when AWS throttles and grows while AWS does not, up
 * to the limit: AWS publishes no rates for most services, and others call in the same account. An infinite rate stays infinite.
 */
export class Limiter {
  readonly #waiting: Readonly<Record<Urgency, Waiting[]>> = { high: [], normal: [], low: [] };
  #running = 0;
  #turns = 0;
  #starts = 0;
  #rate: number;
  /** Calls that may start now. */
  #tokens: number;
  /** Until when the rate and the tokens have been counted. */
  #counted: number;
  #pausedUntil = -Infinity;
  #lastThrottle = -Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(
    private readonly limit: Limit,
    private readonly clock: LimiterClock = systemLimiterClock,
  ) {
    this.#rate = limit.callsPerSecond;
    this.#tokens = Math.max(1, this.#rate);
    this.#counted = clock.now();
  }

  /** Calls a second that the limiter gives at this moment. */
  get rate(): number {
    this.#count();
    return this.#rate;
  }

  get isIdle(): boolean {
    return this.#running === 0 && urgencies.every((urgency) => this.#waiting[urgency].length === 0);
  }

  /** Milliseconds, to tell `throttled` when a call was sent. */
  now(): number {
    return this.clock.now();
  }

  /** Makes the call when it is its turn. */
  async add<T>(call: () => Promise<T>, options: TurnOptions = {}): Promise<T> {
    await this.#turn(options);
    const started = this.clock.now();
    try {
      return await call();
    } catch (error) {
      if (isThrottled(error)) this.throttled(started);
      throw error;
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** AWS throttled a call that was sent at that time. Of calls that were under way together only the first one counts. */
  throttled(sent: number): void {
    if (sent <= this.#lastThrottle || this.limit.callsPerSecond === Infinity) return;
    this.#count();
    const now = this.clock.now();
    this.#lastThrottle = now;
    this.#rate = Math.max(Math.min(leastRate, this.limit.callsPerSecond), this.#rate / 2);
    this.#tokens = 0;
    this.#pausedUntil = now + pause;
    this.#counted = this.#pausedUntil;
  }

  #turn({ signal, urgency = 'normal' }: TurnOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const queue = this.#waiting[urgency];
      const abort = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(signal?.reason as Error);
      };
      const start = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const waiting: Waiting = { turn: this.#turns++, start };
      signal?.addEventListener('abort', abort, { once: true });
      queue.push(waiting);
      this.#next();
    });
  }

  /** Starts as many calls as may start now, and comes back when the next one may. */
  #next(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#count();
    while (this.#running < this.limit.concurrency) {
      const queue = this.#nextQueue();
      if (!queue) return;
      if (this.#tokens < 1) {
        const wait = this.#counted - this.clock.now() + ((1 - this.#tokens) / this.#rate) * 1000;
        this.#cancelTimer = this.clock.after(Math.max(1, Math.ceil(wait)), () => this.#next());
        return;
      }
      this.#tokens--;
      this.#running++;
      this.#starts++;
      queue.shift()?.start();
    }
  }

  #nextQueue(): Waiting[] | undefined {
    const queues = urgencies.map((urgency) => this.#waiting[urgency]).filter(({ length }) => length > 0);
    if ((this.#starts + 1) % longestWaitingEvery !== 0) return queues[0];
    const arrival = ([first]: Waiting[]) => first?.turn ?? Infinity;
    return queues.toSorted((a, b) => arrival(a) - arrival(b))[0];
  }

  /** What the time since the last count added to the rate and the tokens. */
  #count(): void {
    const now = this.clock.now();
    const passed = (now - this.#counted) / 1000;
    // Also during the pause.
    if (passed <= 0 || this.#rate === Infinity) return;
    this.#counted = now;
    this.#tokens = Math.min(Math.max(1, this.#rate), this.#tokens + this.#rate * passed);
    this.#rate = Math.min(this.limit.callsPerSecond, this.#rate * growth ** passed);
  }
}
