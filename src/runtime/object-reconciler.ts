import type { ManagedObject, ManagedStatus } from '../api/meta.ts';
import { annotations } from '../api/names.ts';
import type { NamespacedName } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from './clock.ts';
import type { Definition, Hold } from './definition.ts';
import { type Ends, withDeadline } from './deadline.ts';
import { outdated } from './dropped.ts';
import { jittered, minutes } from './duration.ts';
import type { EventRecorder } from './events.ts';
import { isRetryable, worst, type Finding } from './findings.ts';
import type { KubeClient } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-error.ts';
import { Memories } from './memory.ts';
import { hasFinalizer, ObjectWrites } from './object-writes.ts';
import { conditionsAfter, deletion, news, overdue, type Found, type Headline } from './pass-conditions.ts';
import { holdByPlan, isPlanned, planPass } from './plan-pass.ts';
import type { Reconcile, Result, Turn } from './reconciler.ts';
import type { Removal } from './run-steps.ts';
import { accept, remove, retain, run, type Visit } from './visit.ts';

/** The time limit of a pass, so that a pass that hangs gives its place to others. No good pass takes as long. */
const passDeadline = minutes(2);

/** Hears how passes ended, for example to measure them. */
export interface PassObserver<S> {
  /** The pass looked at the object, and the status is stored. */
  passed(ref: NamespacedName, outcome: { readonly findings: readonly Finding[]; readonly status: S }): void;
  /** There is no such object any more. */
  gone(ref: NamespacedName): void;
}

export interface ObjectReconcilerOptions<O extends ManagedObject, S extends ManagedStatus, C, R> {
  readonly definition: Definition<O, S, C, R>;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds until an object with which all is well, or with which only a person can help, is looked at again. */
  readonly resync: number;
  /** 0 to 1, for the jitter of the resync. */
  readonly random?: () => number;
  readonly observer?: PassObserver<S>;
}

/** Runs the steps of one kind over one object at a time, and keeps its finalizer and status. */
export class ObjectReconciler<O extends ManagedObject, S extends ManagedStatus, C, R> {
  readonly #memories = new Memories();

  readonly #writes: ObjectWrites<O>;

  constructor(private readonly options: ObjectReconcilerOptions<O, S, C, R>) {
    this.#writes = new ObjectWrites(options.client, options.definition.resource);
  }

  readonly reconcile: Reconcile = async (ref, turn) => {
    try {
      const result = (await this.#visit(ref, turn)) ?? (await this.#visit(ref, turn));
      if (result) return result;
      throw new Error(`${ref.namespace}/${ref.name} wants its status stored first, again and again`);
    } catch (error) {
      // These errors come from our own reads and writes of the object: it is gone, or it changed since it was read.
      if (isNotFound(error)) return {};
      if (isConflict(error)) return { failed: true };
      throw error;
    }
  };

  /**
   * Undefined: the pass stored what has to be there before the steps run. They run in a new pass, which reads everything again:
   * whoever removes what they use looks at what is stored, so it either sees this object or is seen by it.
   */
  #visit(ref: NamespacedName, turn: Turn): Promise<Result | undefined> {
    const { clock } = this.options;
    return withDeadline({ clock, milliseconds: passDeadline, signal: turn.signal }, (ends) =>
      this.#pass(ref, turn, ends),
    );
  }

  async #pass(ref: NamespacedName, turn: Turn, { signal, abandoned }: Ends): Promise<Result | undefined> {
    const { client, definition, events } = this.options;
    const object = await client.find<O>(definition.resource, ref);
    const memory = this.#memories.of(ref, object?.metadata.uid);
    if (!object || !memory) {
      this.options.observer?.gone(ref);
      return {};
    }
    const rest =
      turn.isReturn && !isAskedFor(object)
        ? await memory.rest(object, { now: this.#elapsed(), resync: this.options.resync, signal })
        : undefined;
    if (rest !== undefined) return { requeueAfter: rest };
    if (!turn.isReturn || isAskedFor(object)) memory.wake();
    const resting = memory.resting(object, this.#elapsed());
    const logger = this.options.logger.child({ kind: definition.resource.kind, ...ref });
    const draft = structuredClone(object.status ?? {}) as S;
    delete draft.plan;
    const visit: Visit<O, S> = {
      object,
      draft,
      pass: {
        signal,
        isReturn: resting.size > 0,
        isAskedFor: isAskedFor(object),
        urgency: turn.priority,
        logger,
        event: (type, reason, message) => events.record(object, { type, reason, message }),
      },
      memory,
      resting,
      stop: turn.signal,
      abandoned,
      explain: (error) => {
        logger.debug('failed', { error, stack: error instanceof Error ? error.stack : undefined });
        return definition.explain(error);
      },
    };
    const deleting = object.metadata.deletionTimestamp !== undefined;
    if (deleting && !hasFinalizer(object)) return {};
    if (isPlanned(object)) return this.#plan(visit, deleting);
    if (object.spec.suspend) return this.#suspend(visit, deleting);
    return deleting ? this.#finalize(visit) : this.#provision(visit);
  }

  /** Writes down what a pass would change, also if the object is suspended, and changes nothing else. A deletion waits meanwhile. */
  async #plan(visit: Visit<O, S>, deleting: boolean): Promise<Result> {
    const { object, draft } = visit;
    const { lines, findings } = await planPass(this.options.definition, visit);
    draft.plan = [...lines];
    if (deleting) {
      const generation = object.metadata.generation ?? 0;
      draft.conditions = holdByPlan(draft.conditions ?? [], generation, this.options.clock.now());
    }
    recordRequest(object, draft);
    await this.#storeStatus(visit);
    if (findings.some(isRetryable)) return { failed: true };
    return { requeueAfter: jittered(this.options.resync, this.options.random), settled: true };
  }

  /** No condition changes: what was said still holds. */
  async #suspend(visit: Visit<O, S>, deleting: boolean): Promise<Result> {
    if (deleting) visit.pass.event('Normal', 'DeletionWaits', 'the deletion waits until spec.suspend is removed');
    visit.draft.observedGeneration = visit.object.metadata.generation ?? 0;
    await this.#storeStatus(visit);
    return {};
  }

  /** With a hold: the object is being deleted, and `Ready` says what the deletion waits for. */
  async #provision(visit: Visit<O, S>, hold?: Hold): Promise<Result | undefined> {
    const acceptance = await accept(this.options.definition, visit);
    // What the other conditions said of what was made before still holds.
    if ('finding' in acceptance) return this.#settle(visit, [acceptance.finding], { end: hold });
    await this.#writes.addFinalizer(visit.object);
    if (acceptance.storeFirst) {
      const dropped = await this.#storeStatus(visit);
      return dropped === undefined
        ? undefined
        : this.#settle(visit, [outdated(this.options.definition.resource, dropped)], { end: hold });
    }
    const { findings, departing, rested } = await run(acceptance, visit);
    visit.memory.rested(visit.object, rested, { now: this.#elapsed(), resync: this.options.resync });
    const accepted: Finding = { type: 'Accepted', state: 'ready', reason: 'Accepted', message: '' };
    for (const { message } of departing) visit.pass.event('Normal', 'RemovalWaits', message);
    const steps = acceptance.parts.flatMap((part) => part.steps);
    const types = new Set<string>(['Accepted', ...steps.map(({ condition }) => condition)]);
    return this.#settle(visit, [accepted, ...findings], { end: hold, departing, types });
  }

  async #finalize(visit: Visit<O, S>): Promise<Result | undefined> {
    const { object, pass } = visit;
    if (object.spec.deletionPolicy === 'Retain') {
      const unmarked = await retain(this.options.definition, visit);
      visit.abandoned.throwIfAborted();
      pass.event('Normal', 'Retained', 'deletionPolicy is Retain: all that was made for this object stays');
      if (unmarked !== undefined) pass.event('Warning', 'RetainedUnmarked', `${notMarked}: ${unmarked}`);
      return this.#letGo(visit);
    }
    const hold = await this.options.definition.holdsDeletion?.(object, pass);
    if (hold) {
      pass.event('Normal', 'DeletionWaits', hold.message);
      return this.#provision(visit, hold);
    }
    const removal = await remove(this.options.definition, visit);
    if (removal.done) return this.#letGo(visit);
    return this.#settle(visit, removal.findings, { end: removal });
  }

  /** @param more why the object is still there if it is being deleted, and what holds the parts that it does not ask for any more */
  async #settle(visit: Visit<O, S>, findings: readonly Finding[], more: More): Promise<Result> {
    const { abandoned, object, memory } = visit;
    const { end, departing = [], types } = more;
    abandoned.throwIfAborted();
    const all = [...findings, ...departing];
    // The object is as it should be while such a part only takes its time.
    const said = worst([...findings, ...departing.filter(({ state }) => state !== 'waiting')]);
    const elapsed = this.#elapsed();
    memory.note(said, elapsed);
    await this.#store(visit, { findings: said, types, ready: headline(findings, end) }, elapsed);
    this.options.observer?.passed(object.metadata, { findings: said, status: visit.draft });
    // What a failed step left half done may be another step's to see.
    if (all.some(isRetryable)) memory.wake();
    if (all.some(isRetryable)) return { failed: true };
    const resync = jittered(this.options.resync, this.options.random);
    const waiting = all.filter((finding) => finding.state === 'waiting');
    const waits = end && 'requeueAfter' in end ? [...waiting, end] : waiting;
    // Nothing is waited for, so the next pass is a resync.
    if (waits.length === 0) memory.wake();
    const next = memory.wait(object, waits, { now: this.#elapsed(), resync });
    return waits.length === 0 ? { requeueAfter: resync, settled: true } : { requeueAfter: next };
  }

  async #letGo({ object, pass }: Visit<O, S>): Promise<Result> {
    await this.#writes.removeFinalizer(object);
    pass.logger.info('let the object go');
    return {};
  }

  #elapsed(): number {
    return this.options.clock.elapsed();
  }

  async #store(visit: Visit<O, S>, found: Found, elapsed: number): Promise<void> {
    const { object, draft, pass, memory } = visit;
    const generation = object.metadata.generation ?? 0;
    const before = object.status?.conditions ?? [];
    const { failingSince, waiting } = memory;
    const moment = { generation, now: this.options.clock.now(), elapsed, failingSince, waiting };
    const after = conditionsAfter(before, found, moment);
    draft.conditions = after;
    draft.observedGeneration = generation;
    recordRequest(object, draft);
    await this.#storeStatus(visit);
    for (const { type, reason, message } of news(before, after)) {
      pass.event(type, reason, message);
      pass.logger[type === 'Warning' ? 'warn' : 'info']('condition changed', { reason, detail: message });
    }
    for (const { type, reason, message } of overdue(found.findings, moment)) pass.event(type, reason, message);
  }

  /** Returns the path of a field that the API server did not keep. */
  async #storeStatus({ abandoned, object, draft, pass }: Visit<O, S>): Promise<string | undefined> {
    abandoned.throwIfAborted();
    const dropped = await this.#writes.status(object, draft);
    if (dropped !== undefined) pass.logger.warn('the installed CustomResourceDefinition is too old', { dropped });
    return dropped;
  }
}

const notMarked =
  'what stays could not be marked, so an object that is made later under this name takes it for its own';

interface More {
  readonly end?: Hold | Removal | undefined;
  readonly departing?: readonly Finding[];
  /** The conditions that the object has a step for. */
  readonly types?: ReadonlySet<string>;
}

/** What `Ready` says of an object that is being deleted: why it is still there. */
function headline(findings: readonly Finding[], end: Hold | Removal | undefined): Headline | undefined {
  if (!end) return undefined;
  return 'done' in end ? deletion(findings) : { status: 'False', reason: end.reason, message: end.message };
}

/** Whether the annotation reconcile-at has a value for which no pass was made. */
function isAskedFor({ metadata, status }: ManagedObject): boolean {
  const asked = metadata.annotations?.[annotations.reconcileAt];
  return asked !== undefined && asked !== status?.lastHandledReconcileAt;
}

function recordRequest({ metadata }: ManagedObject, draft: ManagedStatus): void {
  const asked = metadata.annotations?.[annotations.reconcileAt];
  if (asked !== undefined) draft.lastHandledReconcileAt = asked;
}
