/** Stands around a call to a fake: it lets the call through, or keeps it or its answer back. */
export type Gate = <T>(call: string, act: () => T) => T;

export interface KillOptions {
  /** Whether its last call still takes effect; the answer is lost in any case. Absent: it does. */
  readonly tookEffect?: boolean;
}

/**
 * An operator that is killed at one of its calls: when that has taken effect, before it hears the answer, or just before. From then
 * on none of its calls gets through.
 */
export class Kill {
  #calls = 0;
  /** The call at which it was killed. Undefined: it lives. */
  where: string | undefined;

  /** @param last its last call, counted from 0 */
  constructor(
    private readonly last: number,
    private readonly options: KillOptions = {},
  ) {}

  readonly gate: Gate = (call, act) => {
    if (this.where !== undefined) throw new Error('the operator is dead');
    if (this.#calls++ !== this.last) return act();
    this.where = call;
    if (this.options.tookEffect ?? true) act();
    throw new Error('the operator was killed');
  };
}
