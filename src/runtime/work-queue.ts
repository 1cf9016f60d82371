import PQueue from 'p-queue';
import { sleep, type Clock } from './clock.ts';
import { jittered, minutes, seconds } from './duration.ts';
import type { Result } from './reconciler.ts';

/** High: deletions and new objects. Normal: what changed, waits or is tried again. Low: resyncs. */
export type Priority = 'high' | 'normal' | 'low';

const rank: Readonly<Record<Priority, number>> = { high: 2, normal: 1, low: 0 };
const higher = (a: Priority, b: Priority | undefined): Priority => (b !== undefined && rank[b] > rank[a] ? b : a);

const firstBackOff = seconds(1);
const longestBackOff = minutes(5);
/** The time that aborted work gets to come to its end. */
const abortGrace = seconds(5);

export interface WorkQueueOptions {
  /** One run of a key; the signal aborts when the grace of a stop is over. A rejection counts as `failed`. */
  readonly run: (key: string, signal: AbortSignal) => Promise<Result>;
  /** Runs at once, each of another key. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Keys are taken, but none runs before this resolves. Absent: they run at once. */
  readonly startsAfter?: Promise<unknown>;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random?: () => number;
}

interface Delayed {
  readonly due: number;
  readonly priority: Priority;
  readonly cancel: () => void;
}

/**
 * Runs keys. A key never runs twice at a time, and a key that is added again while it waits runs only once.
 * A key that is added while it runs will run once more. If a run fails, the key comes back after a growing time.
 */
export class WorkQueue {
  readonly #queue: PQueue;
  readonly #abort = new AbortController();
  readonly #delayed = new Map<string, Delayed>();
  readonly #waiting = new Map<string, Priority>();
  readonly #running = new Set<string>();
  readonly #again = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();
  #stopped = false;

  constructor(private readonly options: WorkQueueOptions) {
    const { concurrency, startsAfter } = options;
    this.#queue = new PQueue({ concurrency, autoStart: startsAfter === undefined });
    void startsAfter?.then(() => this.#queue.start());
  }

  /** If a key is added several times, the earliest time and the highest priority count. */
  add(key: string, options: { readonly priority?: Priority; readonly after?: number } = {}): void {
    if (this.#stopped) return;
    const { priority = 'normal', after = 0 } = options;
    if (after > 0) this.#delay(key, priority, after);
    else this.#enqueue(key, priority);
  }

  /** Takes no new keys, drops those that wait, and resolves when the running ones have ended. Those are aborted after the grace. */
  async stop(grace: number): Promise<void> {
    this.#stopped = true;
    this.#queue.clear();
    for (const { cancel } of this.#delayed.values()) cancel();
    for (const map of [this.#delayed, this.#waiting, this.#again, this.#failures]) map.clear();
    await this.#idleWithin(grace);
    this.#abort.abort();
    await this.#idleWithin(abortGrace);
  }

  #delay(key: string, priority: Priority, after: number): void {
    if (this.#waiting.has(key)) return;
    const due = this.options.clock.now().getTime() + after;
    const pending = this.#delayed.get(key);
    if (pending && pending.due <= due) {
      this.#delayed.set(key, { ...pending, priority: higher(priority, pending.priority) });
      return;
    }
    pending?.cancel();
    const cancel = this.options.clock.after(after, () => this.#enqueue(key, priority));
    this.#delayed.set(key, { due, priority: higher(priority, pending?.priority), cancel });
  }

  #enqueue(key: string, asked: Priority): void {
    const delayed = this.#delayed.get(key);
    delayed?.cancel();
    this.#delayed.delete(key);
    const priority = higher(asked, delayed?.priority);
    const waiting = this.#waiting.get(key);
    if (this.#running.has(key)) this.#again.set(key, higher(priority, this.#again.get(key)));
    else if (waiting === undefined) {
      this.#waiting.set(key, priority);
      void this.#queue.add(() => this.#run(key), { id: key, priority: rank[priority] });
    } else if (rank[priority] > rank[waiting]) {
      this.#waiting.set(key, priority);
      this.#queue.setPriority(key, rank[priority]);
    }
  }

  async #run(key: string): Promise<void> {
    this.#waiting.delete(key);
    this.#running.add(key);
    const result = await this.options.run(key, this.#abort.signal).catch((): Result => ({ failed: true }));
    this.#running.delete(key);
    if (this.#stopped) return;
    const backOff = result.failed ? this.#nextBackOff(key) : undefined;
    if (!result.failed) this.#failures.delete(key);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.#enqueue(key, again);
    else if (backOff !== undefined) this.add(key, { after: backOff });
    else if (result.requeueAfter !== undefined)
      this.add(key, { after: result.requeueAfter, priority: result.settled ? 'low' : 'normal' });
  }

  #nextBackOff(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return jittered(Math.min(firstBackOff * 2 ** failures, longestBackOff), this.options.random);
  }

  async #idleWithin(milliseconds: number): Promise<void> {
    const enough = new AbortController();
    const idle = this.#queue.onPendingZero().finally(() => enough.abort());
    await Promise.race([idle, sleep(this.options.clock, milliseconds, enough.signal)]);
  }
}
