import type { NamespacedName } from '../api/resources.ts';
import type { Change, Trigger } from './informer.ts';

/** What the informer saw last of some objects. It is good for finding an object; what is decided by an object is read again. */
export interface Lookup<S> {
  under(key: string): readonly (readonly [NamespacedName, S])[];
}

export interface IndexOptions<O, S> {
  /** What is kept of an object, as JSON. */
  select(object: O): S;
  /** The keys under which the object is found. */
  keys(ref: NamespacedName, selected: S): readonly string[];
}

/** Keeps a part of each object of an informer under keys, so that nobody has to list the objects. */
export class Index<O, S> implements Trigger<O, S>, Lookup<S> {
  readonly #byKey = new Map<string, Map<string, readonly [NamespacedName, S]>>();
  readonly #keysOf = new Map<string, readonly string[]>();

  constructor(private readonly options: IndexOptions<O, S>) {}

  select(object: O): S {
    return this.options.select(object);
  }

  changed({ ref, selected, kind }: Change<S>): void {
    const id = `${ref.namespace}/${ref.name}`;
    for (const key of this.#keysOf.get(id) ?? []) {
      const held = this.#byKey.get(key);
      held?.delete(id);
      if (held?.size === 0) this.#byKey.delete(key);
    }
    this.#keysOf.delete(id);
    if (kind === 'deleted') return;
    const keys = this.options.keys(ref, selected);
    for (const key of keys) {
      const held = this.#byKey.get(key) ?? new Map<string, readonly [NamespacedName, S]>();
      this.#byKey.set(key, held.set(id, [ref, selected]));
    }
    this.#keysOf.set(id, keys);
  }

  under(key: string): readonly (readonly [NamespacedName, S])[] {
    return [...(this.#byKey.get(key)?.values() ?? [])];
  }
}
