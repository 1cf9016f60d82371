import type { ManagedObject } from '../api/meta.ts';
import type { Acceptance, Definition, Explanation, Pass } from './definition.ts';
import { fromError, type Finding } from './findings.ts';
import type { Memory } from './memory.ts';
import { removeEach, removeInOrder, runByNeeds, type Removal, type RunOptions } from './run-steps.ts';
import type { Part } from './step.ts';

/** One object in one pass. */
export interface Visit<O, S> {
  readonly object: O;
  /** The status that the pass leaves. */
  readonly draft: S;
  readonly pass: Pass;
  readonly memory: Memory;
  /** What was ready a moment ago, if the object only waits since then. */
  readonly resting: ReadonlyMap<string, Finding>;
  /** Aborted when the operator stops: nothing is a finding any more. */
  readonly stop: AbortSignal;
  /** Aborted when nobody waits for the pass any more. The next one may be under way, so that this one must not write. */
  readonly abandoned: AbortSignal;
  readonly explain: (error: unknown) => Explanation;
}

export type AcceptedObject<C, R> = Extract<Acceptance<C, R>, { readonly accepted: true }>;

export async function accept<O extends ManagedObject, S, C, R>(
  definition: Definition<O, S, C, R>,
  { object, draft, pass, stop, explain }: Visit<O, S>,
): Promise<AcceptedObject<C, R> | { readonly finding: Finding }> {
  try {
    const acceptance = await definition.accept(object, draft, pass);
    if (acceptance.accepted) return acceptance;
    const { reason, message } = acceptance;
    return { finding: { type: 'Accepted', state: 'failed', reason, message, terminal: true } };
  } catch (error) {
    stop.throwIfAborted();
    return { finding: { ...fromError('Accepted', explain(error)), state: 'unknown' } };
  }
}

/** What the steps of an accepted object found, and what holds the parts that it does not ask for any more. */
export interface Ran {
  readonly findings: readonly Finding[];
  readonly rested: ReadonlyMap<string, Finding>;
  readonly departing: readonly Finding[];
}

export async function run<C, R>(
  { parts, departing = [] }: AcceptedObject<C, R>,
  visit: Visit<unknown, unknown>,
): Promise<Ran> {
  const rested = new Map<string, Finding>();
  const findings = await runByNeeds(parts, { ...runOptions(visit), resting: visit.resting, rested });
  return { findings, rested, departing: await removeEach(departing, runOptions(visit)) };
}

/** Returns why what stays could not be marked. That holds no deletion: Retain is the way out if an account is shut. */
export async function retain<O extends ManagedObject, S, C, R>(
  definition: Definition<O, S, C, R>,
  { object, draft, pass, stop, explain }: Visit<O, S>,
): Promise<string | undefined> {
  try {
    await definition.retain?.(object, draft, pass);
    return undefined;
  } catch (error) {
    stop.throwIfAborted();
    return explain(error).message;
  }
}

/** How far the removal came, of which parts. */
export interface RemovalOf<C, R> extends Removal {
  readonly parts: readonly Part<R, C, R>[];
}

export async function remove<O extends ManagedObject, S, C, R>(
  definition: Definition<O, S, C, R>,
  visit: Visit<O, S>,
): Promise<RemovalOf<C, R>> {
  const { object, draft, pass, stop, explain } = visit;
  try {
    const parts = await definition.removal(object, draft, pass);
    return { parts, ...(await removeInOrder(parts, runOptions(visit))) };
  } catch (error) {
    stop.throwIfAborted();
    return { parts: [], done: false, findings: [{ ...fromError('Accepted', explain(error)), state: 'unknown' }] };
  }
}

const runOptions = ({ explain, stop }: Visit<unknown, unknown>): RunOptions => ({ explain, signal: stop });
