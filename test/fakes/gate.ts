/** Stands around a call to a fake: it lets the call through, or keeps it or its answer back. */
export type Gate = <T>(call: string, act: () => T) => T;

/** An operator that is killed at one of its calls. From then on none of its calls gets through. */
export class Kill {
  #calls = 0;
  /** Where it was killed. Undefined: it lives. */
  where: string | undefined;

  /** @param at counts from 0. `after`: the call takes effect, and its answer is lost. */
  constructor(private readonly at: { readonly call: number; readonly after: boolean }) {}

  readonly gate: Gate = (call, act) => {
    if (this.where !== undefined) throw new Error('the operator is dead');
    const isLast = this.#calls++ === this.at.call;
    if (!isLast) return act();
    this.where = `${this.at.after ? 'after' : 'before'} ${call}`;
    if (this.at.after) act();
    throw new Error('the operator was killed');
  };
}
