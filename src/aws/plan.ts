/** Notes what would be changed. */
export interface Plan {
  /** `change` begins with a gerund: `creating role x`. */
  note(change: string): void;
}

/** A plan sends no write, and what comes next needs the answer to one. */
export class NotSent extends Error {
  override readonly name = 'NotSent';

  constructor(doing: string) {
    super(`${doing} comes first`);
  }
}

/**
 * Stands for the answer to a write that was not sent. Whoever ignores the answer goes on. Whoever reads any part of it, such as the
 * id of a new distribution, ends here, so that no made-up value gets into a call or into the plan.
 */
export function noAnswer<O extends object>(doing: string): O {
  const get = (_: object, key: string | symbol): undefined => {
    // A promise asks each value for that, and resolves with the value if it has none.
    if (key === 'then') return undefined;
    throw new NotSent(doing);
  };
  return new Proxy({}, { get }) as O;
}
