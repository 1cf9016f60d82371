import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from './clock.ts';
import type { ChangeKind, Informer } from './informer.ts';
import type { Priority } from './fair-queue.ts';
import type { Reconcile, Result, Turn } from './reconciler.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  /** For logs: the kind that is reconciled. */
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Nothing is reconciled before this resolves. Absent: each object as soon as it is seen. */
  readonly startsAfter?: Promise<unknown>;
  readonly random?: () => number;
}

/** How objects depend on objects of another kind. */
export interface Related<O, S> {
  /** The part of the other object that matters to them. */
  readonly select: (object: O) => S;
  readonly affected: (ref: NamespacedName, selected: S) => Iterable<NamespacedName>;
  readonly priority?: Priority;
}

/** Brings what informers see to a reconciler, key by key. */
export class Controller {
  readonly #queue: WorkQueue;

  constructor(private readonly options: ControllerOptions) {
    const { clock, concurrency, startsAfter, random } = options;
    const run = (key: string, turn: Turn) => this.#run(refOf(key), turn);
    this.#queue = new WorkQueue({
      run,
      concurrency,
      clock,
      ...(startsAfter && { startsAfter }),
      ...(random && { random }),
    });
  }

  /** Reconciles each object of the kind when it appears, when its spec, labels or annotations change, and when it goes. */
  watch<O extends KubernetesObject>(informer: Informer<O>): void {
    informer.on({
      select: watched,
      changed: ({ ref, kind, pending }) => this.add(ref, priorityOf(kind, pending)),
    });
  }

  /**
   * Reconciles the objects that depend on objects of another kind. `select` picks the part of the other object that matters to
   * them. `affected` names them, for both the new and the former version of the other object.
   */
  watchRelated<O extends KubernetesObject, S>(informer: Informer<O>, related: Related<O, S>): void {
    informer.on({
      select: related.select,
      changed: ({ ref, selected, before }) => {
        for (const version of before === undefined ? [selected] : [before, selected]) {
          for (const each of related.affected(ref, version)) this.add(each, related.priority);
        }
      },
    });
  }

  add(ref: NamespacedName, priority: Priority = 'normal'): void {
    this.#queue.add(`${ref.namespace}/${ref.name}`, priority);
  }

  /** Takes no new work. Running passes get the grace to end and are aborted after it. */
  stop(grace: number): Promise<void> {
    return this.#queue.stop(grace);
  }

  async #run(ref: NamespacedName, turn: Turn): Promise<Result> {
    try {
      return await this.options.reconcile(ref, turn);
    } catch (error) {
      if (!turn.signal.aborted)
        this.options.logger.error('reconciling failed', { kind: this.options.name, ...ref, error });
      return { failed: true };
    }
  }
}

/** The part of an object that sets off its own reconciler. It holds nothing that the reconciler writes, or each pass would cause another. */
function watched({ metadata }: KubernetesObject) {
  const { uid, generation, deletionTimestamp, labels, annotations = {} } = metadata;
  return { uid, generation, deletionTimestamp, labels, annotations };
}

function priorityOf(kind: ChangeKind, pending: boolean): Priority {
  if (pending) return 'high';
  return kind === 'initial' ? 'low' : 'normal';
}

function refOf(key: string): NamespacedName {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
