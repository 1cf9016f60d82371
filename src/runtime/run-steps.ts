import type { ConditionType } from '../api/conditions.ts';
import type { Explanation } from './definition.ts';
import { fromError, fromOutcome, skipped, type Finding } from './findings.ts';
import { ready, type Outcome, type Part, type Step } from './step.ts';

export interface RunOptions {
  explain(error: unknown): Explanation;
  readonly signal: AbortSignal;
  /** What steps found that may rest, and those that may just look again, by {@link keyOf}. Absent: every step runs. */
  readonly resting?: ReadonlyMap<string, Finding>;
  /** Takes what the steps found in this pass that rest or look again in the next one if the object only waits. */
  readonly rested?: Map<string, Finding>;
}

/** Tells the steps of an object apart. */
const keyOf = ({ name = '', subject = '' }: Pick<Part<never, never>, 'name' | 'subject'>, condition: ConditionType) =>
  `${name} ${subject} ${condition}`;

/** How far a removal came. If it is not done, the last finding is what holds it. */
export interface Removal {
  readonly done: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Runs the steps of one part after the other in their order, if their needs are met in this pass. A step that waits or fails stops
 * only those that need it. When a step finds a name lost, each step of its part that uses the name withdraws at once, instead of
 * running.
 * @returns the findings of all parts: several parts may say something of one condition
 * @throws if the signal aborted: then the outcome of a step is no finding
 */
export async function runByNeeds<C, R>(
  parts: readonly Part<C, C, R>[],
  options: RunOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const waited = inState(options.resting, 'waiting');
  const resting = restingOf(parts, inState(options.resting, 'ready'));
  for (const part of parts) {
    const found = await runPart(part, findings, { ...options, resting, waited });
    for (const step of part.steps.filter(({ rests }) => rests)) {
      const finding = found.find(({ type }) => type === step.condition);
      const isKept = finding?.state === 'ready' || (finding?.state === 'waiting' && 'lookAgain' in step);
      if (isKept) options.rested?.set(keyOf(part, step.condition), finding);
    }
    findings.push(...found.map((finding) => named(finding, part.name)));
  }
  return findings;
}

const inState = (found: ReadonlyMap<string, Finding> = new Map(), chosen: Finding['state']) =>
  new Map([...found].filter(([, { state }]) => state === chosen));

/** Without those that a step uses which has to run, and without those that use what such a one finds anew. */
function restingOf<C, R>(
  parts: readonly Part<C, C, R>[],
  resting: ReadonlyMap<string, Finding>,
): ReadonlyMap<string, Finding> {
  const all = parts.flatMap((part) => part.steps.map((step) => ({ key: keyOf(part, step.condition), step })));
  const running = all.filter(({ key }) => !resting.has(key)).map(({ step }) => step);
  const used = new Set(running.flatMap(({ needs }) => needs));
  const found = running.filter(({ isUsed }) => isUsed).map(({ condition }) => condition);
  const isNeeded = ({ isUsed = false, condition }: Step<C, R>) => isUsed && used.has(condition);
  const hears = ({ needs }: Step<C, R>) => needs.some((need) => found.includes(need));
  const awake = all.filter(({ key, step }) => resting.has(key) && (isNeeded(step) || hears(step)));
  if (awake.length === 0) return resting;
  const keys = new Set(awake.map(({ key }) => key));
  return restingOf(parts, new Map([...resting].filter(([key]) => !keys.has(key))));
}

/** What the last pass found, by {@link keyOf}. */
interface Remembered {
  readonly resting: ReadonlyMap<string, Finding>;
  readonly waited: ReadonlyMap<string, Finding>;
}

async function runPart<C, R>(
  part: Part<C, C, R>,
  earlier: readonly Finding[],
  { resting, waited, ...options }: RunOptions & Remembered,
): Promise<readonly Finding[]> {
  const { steps, context } = part;
  const found = new Map<ConditionType, Finding>();
  const hasStep = (condition: ConditionType) => steps.some((step) => step.condition === condition);
  /** What is known of a need. Undefined: no part has a step for it, or its step has not run. */
  const about = (need: ConditionType) => (hasStep(need) ? found.get(need) : earlier.find(({ type }) => type === need));
  const isMet = (need: ConditionType) => (about(need)?.state ?? (hasStep(need) ? 'skipped' : 'ready')) === 'ready';
  for (const step of steps) {
    if (found.has(step.condition)) continue;
    const missing = step.needs.filter((need) => !isMet(need));
    const rests = (need: ConditionType) =>
      resting.has(keyOf(part, need)) || (!hasStep(need) && about(need) === undefined);
    const wait = step.needs.every(rests) ? waited.get(keyOf(part, step.condition)) : undefined;
    const finding =
      resting.get(keyOf(part, step.condition)) ??
      (missing.length > 0
        ? skipped(
            step.condition,
            missing,
            missing.every((need) => about(need)?.passing),
          )
        : await findingOf(step.condition, options, () => reconcile(step, context, wait)));
    options.signal.throwIfAborted();
    found.set(finding.type, finding);
    if (!finding.nameLost) continue;
    for (const other of steps.filter((candidate) => hears(candidate, step, steps))) {
      const withdrawal = await withdrawalOf(other, { context, options, lost: finding });
      options.signal.throwIfAborted();
      found.set(other.condition, withdrawal);
    }
  }
  return steps.flatMap(({ condition }) => found.get(condition) ?? []);
}

/** @param wait what the step waits for, if it may just look again */
async function reconcile<C, R>(step: Step<C, R>, context: C, wait: Finding | undefined): Promise<Outcome> {
  return (wait && (await step.lookAgain?.(context, wait.reason))) ?? step.reconcile(context);
}

const named = (finding: Finding, part: string | undefined): Finding =>
  part === undefined || finding.message === '' ? finding : { ...finding, message: `${part}: ${finding.message}` };

/** Whether a step has to hear of a name that `from` finds lost. */
function hears<C, R>(step: Step<C, R>, from: Step<C, R>, steps: readonly Step<C, R>[]): boolean {
  if (!step.withdraw) return false;
  return (from.watches?.includes(step.condition) ?? false) || standsOn(step, from.condition, steps);
}

/** Follows the needs, directly and through other steps. */
function standsOn<C, R>({ needs }: Step<C, R>, condition: ConditionType, steps: readonly Step<C, R>[]): boolean {
  return needs.some(
    (need) => need === condition || steps.some((step) => step.condition === need && standsOn(step, condition, steps)),
  );
}

interface Withdrawal<C> {
  readonly context: C;
  readonly options: RunOptions;
  readonly lost: Finding;
}

async function withdrawalOf<C, R>(step: Step<C, R>, { context, options, lost }: Withdrawal<C>): Promise<Finding> {
  try {
    await step.withdraw?.(context, lost.message);
    const message = `${lost.type}: ${lost.message}`;
    return { type: step.condition, state: 'failed', reason: 'NameLost', message, terminal: true };
  } catch (error) {
    return fromError(step.condition, options.explain(error));
  }
}

/**
 * Removes one part after the other, each in the reverse order of its steps, up to the first step that waits or fails.
 * @throws if the signal aborted
 */
export async function removeInOrder<C, R>(parts: readonly Part<R, C, R>[], options: RunOptions): Promise<Removal> {
  const findings: Finding[] = [];
  for (const { steps, context, name, removed } of parts) {
    for (const step of steps.toReversed()) {
      if (!step.remove) continue;
      const finding = await findingOf(step.condition, options, async () => (await step.remove?.(context)) ?? ready);
      options.signal.throwIfAborted();
      if (finding.state !== 'ready') return { done: false, findings: [...findings, named(finding, name)] };
      findings.push({ ...finding, state: 'waiting', reason: 'Deleting', message: 'removed' });
    }
    removed?.();
  }
  return { done: true, findings };
}

/**
 * Removes each group of parts for itself: none waits for another.
 * @returns for each group of which something is still there what holds it
 * @throws if the signal aborted
 */
export async function removeEach<C, R>(
  groups: readonly (readonly Part<R, C, R>[])[],
  options: RunOptions,
): Promise<Finding[]> {
  const held: Finding[] = [];
  for (const parts of groups) {
    const { done, findings } = await removeInOrder(parts, options);
    if (!done) held.push(...findings.slice(-1));
  }
  return held;
}

async function findingOf(type: ConditionType, options: RunOptions, act: () => Promise<Outcome>): Promise<Finding> {
  try {
    return fromOutcome(type, await act());
  } catch (error) {
    return fromError(type, options.explain(error));
  }
}
