import { isBad, isTrue, setCondition, type ConditionUpdate } from '../api/conditions.ts';
import type { Condition } from '../api/meta.ts';
import type { EventText } from './events.ts';
import { cut } from './text.ts';
import { firstObstacle, isTerminal, type Finding, type FindingState } from './findings.ts';

/** The length that metav1.Condition allows. We count bytes, of which there are never fewer than characters. */
const messageLimit = 32_768;

/** What `Ready` says. */
export type Headline = Pick<ConditionUpdate, 'status' | 'reason' | 'message'>;

const statusOf: Readonly<Record<FindingState, Condition['status']>> = {
  ready: 'True',
  failed: 'False',
  unknown: 'Unknown',
  waiting: 'False',
  skipped: 'Unknown',
};

export function readiness(findings: readonly Finding[]): Headline {
  const obstacle = firstObstacle(findings);
  return obstacle
    ? { status: 'False', reason: obstacle.reason, message: `${obstacle.type}: ${obstacle.message}` }
    : { status: 'True', reason: 'Provisioned', message: '' };
}

/** While an object is removed, the last finding is what holds it. */
export function deletion(findings: readonly Finding[]): Headline {
  const holding = findings.at(-1);
  const message = holding ? `${holding.type}: ${holding.message}${wayOut}` : '';
  return { status: 'False', reason: 'Deleting', message };
}

const wayOut = ' (spec.deletionPolicy: Retain ends the deletion at once and leaves on AWS what is there)';

/**
 * The conditions after a pass. A condition that the pass did not look at stays as it is, with its generation.
 * `Stalled` is present only while one of the findings says that retrying cannot help.
 */
export function conditionsAfter(
  before: readonly Condition[],
  found: { readonly findings: readonly Finding[]; readonly ready: Headline },
  at: { readonly generation: number; readonly now: Date },
): Condition[] {
  const stalled = found.findings.find(isTerminal);
  const updates: Omit<ConditionUpdate, 'observedGeneration'>[] = [
    ...found.findings.map(({ type, state, reason, message }) => ({ type, status: statusOf[state], reason, message })),
    { type: 'Ready', ...found.ready },
    ...(stalled
      ? [{ type: 'Stalled', status: 'True', reason: stalled.reason, message: stalled.message } as const]
      : []),
  ];
  return updates.reduce<Condition[]>(
    (conditions, update) => {
      const message = cut(update.message, messageLimit);
      return setCondition(conditions, { ...update, message, observedGeneration: at.generation }, at.now);
    },
    before.filter((condition) => condition.type !== 'Stalled'),
  );
}

/** What is worth an event: each condition that turned bad or is bad in another way, and `Ready` turning True. */
export function news(before: readonly Condition[], after: readonly Condition[]): EventText[] {
  const old = (type: string) => before.find((condition) => condition.type === type);
  const turnedBad = after.filter(
    (condition) =>
      condition.type !== 'Ready' &&
      condition.type !== 'Stalled' &&
      condition.status !== 'True' &&
      isBad(condition.reason) &&
      !sameWord(condition, old(condition.type)),
  );
  const warnings = turnedBad.map(({ type, reason, message }): EventText => ({
    type: 'Warning',
    reason,
    message: `${type}: ${message}`,
  }));
  const becameReady = isTrue(after, 'Ready') && !isTrue(before, 'Ready');
  return becameReady ? [...warnings, { type: 'Normal', reason: 'Ready', message: 'all is provisioned' }] : warnings;
}

const sameWord = (a: Condition, b: Condition | undefined) =>
  a.status === b?.status && a.reason === b.reason && a.message === b.message;
