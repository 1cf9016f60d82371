import type { ConditionType, Reason } from '../api/conditions.ts';
import type { Explanation } from './definition.ts';
import type { Outcome } from './step.ts';

/**
 * `failed`: known to be bad. `unknown`: the look itself failed. `waiting`: it takes its time.
 * `skipped`: not looked at, because something that it needs is missing.
 */
export type FindingState = 'ready' | 'failed' | 'unknown' | 'waiting' | 'skipped';

/** What a pass found out about one condition. */
export interface Finding {
  readonly type: ConditionType;
  readonly state: FindingState;
  readonly reason: Reason;
  readonly message: string;
  /** Of `waiting`. */
  readonly requeueAfter?: number;
  /** Of `waiting`. */
  readonly isOver?: (signal: AbortSignal) => Promise<boolean>;
  /** Of `waiting`. */
  readonly toldWhenLate?: boolean;
  /** Of `unknown` and `skipped`: the look failed for a reason that will probably be over soon. */
  readonly passing?: boolean;
  /** Of `failed` and `unknown`: retrying cannot help. */
  readonly terminal?: boolean;
  /** Of `failed`: what trusts the name has to be withdrawn. */
  readonly nameLost?: boolean;
}

export const fromOutcome = (type: ConditionType, outcome: Outcome): Finding =>
  outcome.state === 'ready'
    ? { type, state: 'ready', reason: 'Provisioned', message: outcome.message ?? '' }
    : { type, ...outcome };

export const fromError = (type: ConditionType, explanation: Explanation): Finding => ({
  type,
  state: explanation.notSent ? 'waiting' : explanation.passing ? 'unknown' : 'failed',
  ...explanation,
});

/** `passing`: all that is missing could not be looked at, for reasons that will probably be over soon. */
export const skipped = (type: ConditionType, missing: readonly ConditionType[], passing: boolean): Finding => ({
  type,
  state: 'skipped',
  reason: 'DependencyNotReady',
  message: `waits for ${missing.join(', ')}`,
  passing,
});

/** From bad to good. */
const states: readonly FindingState[] = ['failed', 'waiting', 'unknown', 'skipped', 'ready'];

/** One finding a condition: the worst that some part says of it, and of equal ones the first. */
export function worst(findings: readonly Finding[]): Finding[] {
  const byType = new Map<ConditionType, Finding>();
  for (const finding of findings) {
    const known = byType.get(finding.type);
    if (!known || states.indexOf(finding.state) < states.indexOf(known.state)) byType.set(finding.type, finding);
  }
  return [...byType.values()];
}

/** The failures after which only a person can help. */
export const isTerminal = (finding: Finding) => finding.terminal === true;

/** The failures after which trying again can help. */
export const isRetryable = (finding: Finding) =>
  (finding.state === 'failed' || finding.state === 'unknown') && finding.terminal !== true;
