import type { Clock } from '../../src/runtime/clock.ts';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #now: number;
  #offset = 0;
  readonly #timers = new Set<Timer>();

  constructor(start = '2030-01-01T00:00:00Z') {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now + this.#offset);
  }

  elapsed(): number {
    return this.#now;
  }

  /** As when somebody sets the machine's clock back: no timer notices. */
  setBack(milliseconds: number): void {
    this.#offset -= milliseconds;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.#now + Math.max(0, milliseconds), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are still to come. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass; what falls due runs in order, each with all that it sets off before the next. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && (!next || timer.due < next.due)) next = timer;
    return next;
  }
}

/** All promises that can go on without time or input have gone on. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
