import PQueue from 'p-queue';
import { sleep, type Clock } from './clock.ts';
import { jittered, minutes, seconds } from './duration.ts';
import { FairQueue, type Priority, rank } from './fair-queue.ts';
import type { Result, Turn } from './reconciler.ts';

const higher = (a: Priority, b: Priority | undefined): Priority => (b !== undefined && rank[b] > rank[a] ? b : a);

const firstBackOff = seconds(1);
const longestBackOff = minutes(5);
/** A run that takes longer goes on without a place, because it mostly waits for somebody who is slow or silent. */
const placeTime = seconds(2);
/** So many times the concurrency run at once at most, with and without a place. */
const mostWithoutPlace = 8;
/** The time that aborted work gets to come to its end. */
const abortGrace = seconds(1);

export interface WorkQueueOptions {
  /** One run of a key. A rejection counts as `failed`. */
  readonly run: (key: string, turn: Turn) => Promise<Result>;
  /** The places: so many keys are worked on at the same time. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Keys are taken, but none runs before this resolves. Absent: they run at once. */
  readonly startsAfter?: Promise<unknown>;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random?: () => number;
}

/** A key that comes back later, because its last run asked for it or failed. */
interface Delayed {
  readonly priority: Priority;
  readonly cancel: () => void;
}

/** Why a key is to run. */
type Call = Omit<Turn, 'signal'>;

/**
 * Runs keys. A key never runs twice at a time, and a key that is added again while it waits runs only once.
 * A key that is added while it runs will run once more. If a run fails, the key comes back after a growing time.
 * Nothing starves: each priority has its share of the starts, and a run that hangs does not keep its place.
 */
export class WorkQueue {
  readonly #queue: PQueue<FairQueue, { readonly id?: string; readonly priority?: number }>;
  readonly #abort = new AbortController();
  readonly #delayed = new Map<string, Delayed>();
  readonly #waiting = new Map<string, Call>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();
  #stopped = false;

  constructor(private readonly options: WorkQueueOptions) {
    const { concurrency, startsAfter } = options;
    this.#queue = new PQueue({ concurrency, queueClass: FairQueue, autoStart: startsAfter === undefined });
    void startsAfter?.then(() => this.#queue.start());
  }

  /** If a key is added several times before it runs, the highest priority counts. */
  add(key: string, priority: Priority = 'normal'): void {
    if (!this.#stopped) this.#enqueue(key, { priority, isReturn: false });
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

  #enqueue(key: string, asked: Call): void {
    const delayed = this.#delayed.get(key);
    delayed?.cancel();
    this.#delayed.delete(key);
    const priority = higher(asked.priority, delayed?.priority);
    const waiting = this.#waiting.get(key);
    if (this.#running.has(key)) this.#again.set(key, higher(priority, this.#again.get(key)));
    else if (waiting === undefined) {
      this.#waiting.set(key, { priority, isReturn: asked.isReturn });
      void this.#queue.add(() => this.#start(key), { id: key, priority: rank[priority] });
    } else {
      const isReturn = waiting.isReturn && asked.isReturn;
      this.#waiting.set(key, { priority: higher(priority, waiting.priority), isReturn });
      if (rank[priority] > rank[waiting.priority]) this.#queue.setPriority(key, rank[priority]);
    }
  }

  /** Resolves when the run gives its place to others. */
  async #start(key: string): Promise<void> {
    const call = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (!call) return;
    const run = this.#run(key, call);
    this.#running.set(key, run);
    if (this.#running.size < this.options.concurrency * mostWithoutPlace) await this.#within(placeTime, run);
    else await run;
  }

  async #run(key: string, call: Call): Promise<void> {
    const turn = { ...call, signal: this.#abort.signal };
    const result = await this.options.run(key, turn).catch((): Result => ({ failed: true }));
    this.#running.delete(key);
    if (this.#stopped) return;
    const backOff = result.failed ? this.#nextBackOff(key) : undefined;
    if (!result.failed) this.#failures.delete(key);
    const again = this.#again.get(key);
    this.#again.delete(key);
    const after = backOff ?? result.requeueAfter;
    if (again !== undefined) this.#enqueue(key, { priority: again, isReturn: false });
    else if (after !== undefined) this.#comeBack(key, result.settled ? 'low' : 'normal', after);
  }

  #comeBack(key: string, priority: Priority, after: number): void {
    const call = { priority, isReturn: true };
    if (after <= 0) return this.#enqueue(key, call);
    this.#delayed.set(key, { priority, cancel: this.options.clock.after(after, () => this.#enqueue(key, call)) });
  }

  #nextBackOff(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return jittered(Math.min(firstBackOff * 2 ** failures, longestBackOff), this.options.random);
  }

  #idleWithin(milliseconds: number): Promise<void> {
    return this.#within(milliseconds, Promise.all(this.#running.values()));
  }

  /** Resolves when the work has ended, or after that time. */
  async #within(milliseconds: number, work: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    await Promise.race([work.finally(() => ended.abort()), sleep(this.options.clock, milliseconds, ended.signal)]);
  }
}
