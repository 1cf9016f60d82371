import type { Queue, RunFunction } from 'p-queue';

/** High: deletions and new objects. Normal: what changed, waits or is tried again. Low: resyncs. */
export type Priority = 'high' | 'normal' | 'low';

export const rank: Readonly<Record<Priority, number>> = { high: 2, normal: 1, low: 0 };

/** One start in so many goes to what has waited longest. So a low priority means late, and never means not at all. */
const longestWaitingEvery = 8;

interface Item {
  readonly run: RunFunction;
  readonly id: string;
  readonly priority: number;
  readonly turn: number;
}

interface Options {
  readonly id?: string;
  readonly priority?: number;
}

/** The order in which a PQueue starts what waits: by priority, then by arrival, with a share for what has waited longest. */
export class FairQueue implements Queue<RunFunction, Options> {
  /** By id, each in the order of arrival. */
  readonly #byRank = new Map<number, Map<string, Item>>(
    [rank.high, rank.normal, rank.low].map((each) => [each, new Map()]),
  );
  #turns = 0;
  #starts = 0;

  get size(): number {
    return [...this.#byRank.values()].reduce((sum, { size }) => sum + size, 0);
  }

  enqueue(run: RunFunction, { id = '', priority = rank.normal }: Options = {}): void {
    this.#byRank.get(priority)?.set(id, { run, id, priority, turn: this.#turns++ });
  }

  dequeue(): RunFunction | undefined {
    const firsts = [...this.#byRank.values()].flatMap(([first]) => first?.[1] ?? []);
    this.#starts++;
    const oldest = firsts.toSorted((a, b) => a.turn - b.turn)[0];
    const next = this.#starts % longestWaitingEvery === 0 ? oldest : firsts[0];
    if (next) this.#byRank.get(next.priority)?.delete(next.id);
    return next?.run;
  }

  setPriority(id: string, priority: number): void {
    for (const items of this.#byRank.values()) {
      const item = items.get(id);
      if (!item) continue;
      items.delete(id);
      this.enqueue(item.run, { id, priority });
      return;
    }
  }

  remove(id: string): void {
    for (const items of this.#byRank.values()) items.delete(id);
  }

  filter({ priority }: Options): RunFunction[] {
    return [...(this.#byRank.get(priority ?? rank.normal)?.values() ?? [])].map(({ run }) => run);
  }
}
