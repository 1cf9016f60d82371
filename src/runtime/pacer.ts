import type { Clock } from './clock.ts';

export interface PacerOptions<T> {
  readonly clock: Clock;
  /** So many times the same thing is passed on in an interval. */
  readonly most: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly keyOf: (thing: T) => string;
  readonly passOn: (thing: T) => void;
}

interface Share {
  passed: number;
  hasToCome: boolean;
}

/**
 * Passes each thing on at once, but only so many times in an interval, however often it comes. So whoever can make things come costs
 * others a bounded share. If one comes more often, it is passed on once more when the interval is over, so that the last is not lost.
 */
export class Pacer<T> {
  readonly #shares = new Map<string, Share>();

  constructor(private readonly options: PacerOptions<T>) {}

  add(thing: T): void {
    const share = this.#shareOf(thing);
    if (share.passed >= this.options.most) share.hasToCome = true;
    else {
      share.passed++;
      this.options.passOn(thing);
    }
  }

  #shareOf(thing: T): Share {
    const { clock, interval, keyOf } = this.options;
    const key = keyOf(thing);
    const known = this.#shares.get(key);
    if (known) return known;
    const share = { passed: 0, hasToCome: false };
    this.#shares.set(key, share);
    clock.after(interval, () => {
      this.#shares.delete(key);
      if (share.hasToCome) this.add(thing);
    });
    return share;
  }
}
