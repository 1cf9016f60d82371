import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName, Resource } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from './clock.ts';
import { sameJson } from './json.ts';
import type { KubeTransport } from './kube-transport.ts';
import { ListWatch } from './list-watch.ts';

/** `initial`: the object was there when the informer started. */
export type ChangeKind = 'initial' | 'changed' | 'deleted';

export interface Change<S> {
  readonly ref: NamespacedName;
  /** For a deleted object: what was known last. */
  readonly selected: S;
  /** What was known of it until now. */
  readonly before?: S;
  readonly kind: ChangeKind;
  /** The object asks for something: it is new since the first list, is to be deleted, or its status does not answer its spec yet. */
  readonly pending: boolean;
}

/** A listener. */
export interface Trigger<O, S = unknown> {
  /** Picks what matters to this listener, as JSON. Only that is kept of an object, and an event that changes nothing of it is dropped. */
  select(object: O): S;
  changed(change: Change<S>): void;
  /** Whether anything is kept and told of this object. Absent: of each. */
  concerns?(ref: NamespacedName): boolean;
}

export interface InformerOptions {
  readonly transport: KubeTransport;
  readonly resource: Resource;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** As of ListWatch. Absent: as many as there are. */
  readonly longestList?: number;
}

/** Watches a kind in all namespaces and tells triggers what changed. */
export class Informer<O extends KubernetesObject> {
  readonly resource: Resource;
  readonly #listWatch: ListWatch<O>;
  readonly #views: View<O>[] = [];
  readonly #firstList = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #synced = false;

  constructor(options: InformerOptions) {
    this.resource = options.resource;
    const handler = {
      changed: (object: O) => this.#each((view) => view.put(object, this.#synced ? 'changed' : 'initial')),
      deleted: (object: O) => this.#each((view) => view.drop(keyOf(object.metadata))),
      listing: () => this.#each((view) => view.expectAll()),
      listed: () => {
        this.#each((view) => view.dropUnseen());
        this.#synced = true;
        this.#firstList.resolve();
      },
    };
    this.#listWatch = new ListWatch<O>({ ...options, handler });
  }

  /** Only before start(), so that a trigger hears of all objects from the beginning. The result iterates over what the trigger selected, as it is at that moment. */
  on<S>(trigger: Trigger<O, S>): Iterable<[NamespacedName, S]> {
    if (this.#running) throw new Error(`adding a trigger for ${this.resource.plural}: the informer runs already`);
    const view = new SelectedView<O, S>(trigger);
    this.#views.push(view);
    return view;
  }

  /** Runs until the signal aborts. */
  start(): void {
    this.#running ??= this.#listWatch.run();
  }

  /** Resolves when the triggers have heard of all objects that were there at the start. Never rejects. */
  synced(): Promise<void> {
    return this.#firstList.promise;
  }

  /** Resolves when the signal aborted and no call is under way. */
  async stopped(): Promise<void> {
    await this.#running;
  }

  /** A trigger that throws keeps no other trigger from hearing. */
  #each(act: (view: View<O>) => void): void {
    const errors: unknown[] = [];
    for (const view of this.#views) {
      try {
        act(view);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

interface View<O> {
  put(object: O, kind: ChangeKind): void;
  drop(key: string): void;
  expectAll(): void;
  dropUnseen(): void;
}

/** What one trigger selected of each object. */
class SelectedView<O extends KubernetesObject, S> implements View<O>, Iterable<[NamespacedName, S]> {
  readonly #known = new Map<string, { readonly ref: NamespacedName; readonly selected: S }>();
  /** Objects that were known when the running list began, and that the list has not named yet. */
  #unseen = new Set<string>();

  constructor(private readonly trigger: Trigger<O, S>) {}

  put(object: O, kind: ChangeKind): void {
    const key = keyOf(object.metadata);
    this.#unseen.delete(key);
    const { namespace = '', name } = object.metadata;
    const ref = { namespace, name };
    if (this.trigger.concerns?.(ref) === false) {
      this.#known.delete(key);
      return;
    }
    const selected = this.trigger.select(object);
    const old = this.#known.get(key);
    if (old && sameJson(old.selected, selected)) return;
    this.#known.set(key, { ref, selected });
    const isNew = kind === 'changed' && !old;
    this.trigger.changed({
      ref,
      selected,
      ...(old && { before: old.selected }),
      kind,
      pending: isNew || isPending(object),
    });
  }

  drop(key: string): void {
    const old = this.#known.get(key);
    if (!this.#known.delete(key) || !old) return;
    this.trigger.changed({ ...old, kind: 'deleted', pending: false });
  }

  expectAll(): void {
    this.#unseen = new Set(this.#known.keys());
  }

  dropUnseen(): void {
    const gone = this.#unseen;
    this.#unseen = new Set();
    for (const key of gone) this.drop(key);
  }

  *[Symbol.iterator](): Iterator<[NamespacedName, S]> {
    for (const { ref, selected } of this.#known.values()) yield [ref, selected];
  }
}

/** Kinds of other operators may have no observedGeneration, so they never count as pending. Ours have it from the beginning, by a default. */
function isPending(object: KubernetesObject & { readonly status?: { readonly observedGeneration?: number } }): boolean {
  const { deletionTimestamp, generation } = object.metadata;
  const observed = object.status?.observedGeneration;
  return deletionTimestamp !== undefined || (observed !== undefined && observed !== generation);
}

/** Cluster-scoped objects have no namespace. */
const keyOf = ({ namespace = '', name }: Partial<NamespacedName>) => `${namespace}/${name}`;
