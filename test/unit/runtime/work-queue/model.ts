import type { Result } from '../../../../src/runtime/reconciler.ts';
import type { Priority } from '../../../../src/runtime/fair-queue.ts';

const rank = { high: 2, normal: 1, low: 0 };
const max = (a: Priority, b: Priority) => (rank[a] >= rank[b] ? a : b);

interface Entry {
  readonly key: string;
  priority: Priority;
  /** When it may start. */
  due: number;
  startable: boolean;
  /** Order among equals: of the timers while it is not startable, of arrival afterwards. */
  turn: number;
}

/** The queue as a plain list that is searched at each step: slow, and simple enough to be read as its specification. */
export class WorkQueueModel {
  readonly started: string[] = [];
  /** By key, until when the run keeps its place. */
  readonly running = new Map<string, number>();
  private starts = 0;
  private now = 0;
  private entries: Entry[] = [];
  private readonly failures = new Map<string, number>();
  private turns = 0;

  constructor(private readonly concurrency: number) {}

  add(key: string, priority: Priority): void {
    this.put(key, priority, 0);
    this.start();
  }

  finish(key: string, result: Result): void {
    this.running.delete(key);
    const failures = result.failed ? (this.failures.get(key) ?? 0) + 1 : 0;
    this.failures.set(key, failures);
    const addedMeanwhile = this.entries.find((entry) => entry.key === key && entry.startable);
    if (addedMeanwhile) addedMeanwhile.turn = this.turns++;
    else if (failures > 0) this.put(key, 'normal', Math.min(1000 * 2 ** (failures - 1), 300_000));
    else if (result.requeueAfter !== undefined) this.put(key, result.settled ? 'low' : 'normal', result.requeueAfter);
    this.start();
  }

  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [next] = this.entries
        .filter((entry) => !entry.startable && entry.due <= end)
        .sort((a, b) => a.due - b.due || a.turn - b.turn);
      const [leaves = Infinity] = [...this.running.values()]
        .filter((until) => until > this.now && until <= end)
        .sort((a, b) => a - b);
      const now = Math.min(next?.due ?? Infinity, leaves);
      if (now === Infinity) break;
      this.now = now;
      if (next?.due === now) this.release(next);
      this.start();
    }
    this.now = end;
  }

  private put(key: string, priority: Priority, after: number): void {
    const due = this.now + after;
    const old = this.entries.find((entry) => entry.key === key);
    if (!old) {
      this.entries.push({ key, priority, due, startable: after === 0, turn: this.turns++ });
      return;
    }
    const raised = rank[priority] > rank[old.priority];
    old.priority = max(old.priority, priority);
    if (old.startable) {
      if (raised) old.turn = this.turns++;
    } else this.release(old);
  }

  private release(entry: Entry): void {
    Object.assign(entry, { startable: true, turn: this.turns++ });
  }

  private start(): void {
    for (;;) {
      const [next] = this.entries
        .filter((entry) => entry.startable && !this.running.has(entry.key))
        .sort((a, b) => (this.isLongestWaitingsTurn() ? 0 : rank[b.priority] - rank[a.priority]) || a.turn - b.turn);
      const places = [...this.running.values()].filter((until) => until > this.now).length;
      if (!next || places >= this.concurrency) return;
      this.entries = this.entries.filter((entry) => entry !== next);
      this.starts++;
      this.running.set(next.key, this.running.size + 1 < 8 * this.concurrency ? this.now + 2000 : Infinity);
      this.started.push(next.key);
    }
  }

  private isLongestWaitingsTurn(): boolean {
    return (this.starts + 1) % 8 === 0;
  }
}
