import type { Clock } from './clock.ts';

export interface PacerOptions<T> {
  readonly clock: Clock;
  /** Milliseconds between two times that the same thing is passed on. */
  readonly interval: number;
  readonly keyOf: (thing: T) => string;
  readonly passOn: (thing: T) => void;
}

/**
 * Passes each thing on at once, and again only after an interval, however often it comes. So whoever can make things come costs
 * others a bounded share, and the last time that one comes is never lost.
 */
export class Pacer<T> {
  /** What was passed on a moment ago, and whether it came again. */
  readonly #resting = new Map<string, { hasCome: boolean }>();

  constructor(private readonly options: PacerOptions<T>) {}

  add(thing: T): void {
    const { clock, interval, keyOf, passOn } = this.options;
    const key = keyOf(thing);
    const rest = this.#resting.get(key);
    if (rest) {
      rest.hasCome = true;
      return;
    }
    const begun = { hasCome: false };
    this.#resting.set(key, begun);
    clock.after(interval, () => {
      this.#resting.delete(key);
      if (begun.hasCome) this.add(thing);
    });
    passOn(thing);
  }
}
