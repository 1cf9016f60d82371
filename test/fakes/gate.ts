/** Stands around a call to a fake: it lets the call through, or keeps it or its answer back. */
export type Gate = <T>(call: string, act: () => T) => T;

/**
 * An operator that is killed when one of its calls has taken effect, before it hears the answer. From then on none of its calls
 * gets through. To be killed before a call is the same as to be killed after the one before it.
 */
export class Kill {
  #calls = 0;
  /** The call after which it was killed. Undefined: it lives. */
  where: string | undefined;

  /** @param last its last call, counted from 0 */
  constructor(private readonly last: number) {}

  readonly gate: Gate = (call, act) => {
    if (this.where !== undefined) throw new Error('the operator is dead');
    const result = act();
    if (this.#calls++ !== this.last) return result;
    this.where = call;
    throw new Error('the operator was killed');
  };
}
