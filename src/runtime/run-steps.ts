import type { ConditionType } from '../api/conditions.ts';
import type { Explanation } from './definition.ts';
import { fromError, fromOutcome, skipped, type Finding } from './findings.ts';
import { ready, type Outcome, type Step } from './step.ts';

export interface RunOptions {
  explain(error: unknown): Explanation;
  readonly signal: AbortSignal;
}

/** How far a removal came. Where it is not done, the last finding is what holds it. */
export interface Removal {
  readonly done: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Runs, in their order, the steps whose needs are met in this pass. A step that waits or fails stops only those that need it.
 * @throws where the signal aborted: what a step says then is no finding
 */
export async function runByNeeds<C, R>(
  steps: readonly Step<C, R>[],
  context: C,
  options: RunOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const met = new Set<ConditionType>(['Accepted']);
  for (const step of steps) {
    const missing = step.needs.filter((need) => !met.has(need));
    const finding =
      missing.length > 0
        ? skipped(step.condition, missing)
        : await findingOf(step.condition, options, () => step.reconcile(context));
    options.signal.throwIfAborted();
    if (finding.state === 'ready') met.add(finding.type);
    findings.push(finding);
  }
  return findings;
}

/**
 * Removes one after the other, up to the first that waits or fails.
 * @throws where the signal aborted
 */
export async function removeInOrder<C, R>(
  steps: readonly Step<C, R>[],
  context: R,
  options: RunOptions,
): Promise<Removal> {
  const findings: Finding[] = [];
  for (const step of steps) {
    if (!step.remove) continue;
    const finding = await findingOf(step.condition, options, async () => (await step.remove?.(context)) ?? ready);
    options.signal.throwIfAborted();
    if (finding.state !== 'ready') return { done: false, findings: [...findings, finding] };
    findings.push({ ...finding, state: 'waiting', reason: 'Deleting', message: 'removed' });
  }
  return { done: true, findings };
}

async function findingOf(type: ConditionType, options: RunOptions, act: () => Promise<Outcome>): Promise<Finding> {
  try {
    return fromOutcome(type, await act());
  } catch (error) {
    return fromError(type, options.explain(error));
  }
}
