import { findCondition, isBad, isTrue, setCondition, waitsForPerson, type ConditionUpdate } from '../api/conditions.ts';
import type { Condition } from '../api/meta.ts';
import { minutes } from './duration.ts';
import type { EventText } from './events.ts';
import { isTerminal, type Finding, type FindingState } from './findings.ts';
import { cut } from './text.ts';

/** The length that metav1.Condition allows. We count bytes, of which there are never fewer than characters. */
const messageLimit = 32_768;

/** For this time a condition keeps its word although nobody can look, and a wait is not late. */
const patience = minutes(10);

/** What `Ready` says. */
export type Headline = Pick<ConditionUpdate, 'status' | 'reason' | 'message'>;

const statusOf: Readonly<Record<FindingState, Condition['status']>> = {
  ready: 'True',
  failed: 'False',
  unknown: 'Unknown',
  waiting: 'False',
  skipped: 'Unknown',
};

/** What a pass found. */
export interface Found {
  readonly findings: readonly Finding[];
  /** The conditions that the object has a step for. Others go. Absent: nobody asked which steps it has. */
  readonly types?: ReadonlySet<string> | undefined;
  /** Absent: what the other conditions say together. */
  readonly ready?: Headline | undefined;
}

/** The moment of a pass. */
export interface Moment {
  readonly generation: number;
  readonly now: Date;
  /** By the clock that nobody sets. */
  readonly elapsed: number;
  /** Since when each condition could not be looked at for a passing reason, by the same clock. */
  readonly failingSince: ReadonlyMap<string, number>;
  /** What each condition waits for, and since when, by the same clock. */
  readonly waiting: ReadonlyMap<string, { readonly since: number }>;
}

/** While an object is removed, the last finding is what holds it. */
export function deletion(findings: readonly Finding[]): Headline {
  const holding = findings.at(-1);
  const message = holding ? `${holding.type}: ${holding.message}${wayOut}` : '';
  return { status: 'False', reason: 'Deleting', message };
}

const wayOut = ' (spec.deletionPolicy: Retain ends the deletion at once and leaves on AWS what is there)';

/** The conditions after a pass. A condition that the pass did not look at stays as it is, with its generation. */
export function conditionsAfter(
  before: readonly Condition[],
  { findings, types, ready }: Found,
  moment: Moment,
): Condition[] {
  const others = findings.reduce<readonly Condition[]>(
    (conditions, finding) => withFinding(conditions, finding, moment),
    before.filter(({ type }) => type !== 'Stalled' && (type === 'Ready' || (types?.has(type) ?? true))),
  );
  const observedGeneration = moment.generation;
  const updates: ConditionUpdate[] = [{ type: 'Ready', ...(ready ?? readiness(others)), observedGeneration }];
  const stalled = stalledBy(before, findings, moment);
  if (stalled) {
    const { reason, message } = stalled;
    updates.push({ type: 'Stalled', status: 'True', reason, message, observedGeneration });
  }
  return updates.reduce((conditions, update) => set(conditions, update, moment), [...others]);
}

function withFinding(conditions: readonly Condition[], finding: Finding, moment: Moment): Condition[] {
  const { type, state, reason, message } = finding;
  const old = findCondition(conditions, type);
  if (old && keepsWord(old, finding, moment)) {
    // The first error stays: each try may fail in other words, and none is news.
    const isFirst = moment.failingSince.get(type) === moment.elapsed;
    return state === 'unknown' && isFirst ? set(conditions, { ...old, type, message }, moment) : [...conditions];
  }
  return set(
    conditions,
    { type, status: statusOf[state], reason, message, observedGeneration: moment.generation },
    moment,
  );
}

/** A look that failed in passing takes nothing back that is True of this generation. */
function keepsWord(old: Condition, { type, passing }: Finding, { generation, elapsed, failingSince }: Moment): boolean {
  if (!passing || old.status !== 'True' || old.observedGeneration !== generation) return false;
  return elapsed - (failingSince.get(type) ?? elapsed) < patience;
}

function set(conditions: readonly Condition[], update: ConditionUpdate, { now }: Moment): Condition[] {
  return setCondition(conditions, { ...update, message: cut(update.message, messageLimit) }, now);
}

/** `Ready` is False if another condition is, else Unknown if another is. It names the one that is the cause of most. */
function readiness(others: readonly Condition[]): Headline {
  const relevant = others.filter(({ type }) => type !== 'Ready');
  const bad = relevant.filter(({ status }) => status === 'False');
  const unknown = relevant.filter(({ status }) => status === 'Unknown');
  const obstacle =
    bad.find(({ reason }) => isBad(reason)) ??
    bad[0] ??
    unknown.find(({ reason }) => reason !== 'DependencyNotReady') ??
    unknown[0];
  if (!obstacle) return { status: 'True', reason: 'Provisioned', message: '' };
  const { status, type, reason, message } = obstacle;
  return { status, reason, message: `${type}: ${message}` };
}

/**
 * What makes the object `Stalled`: retrying cannot help, or it waits for a person and has done so for a while. A pass that
 * could not look says nothing about it.
 */
function stalledBy(
  before: readonly Condition[],
  findings: readonly Finding[],
  moment: Moment,
): Pick<Condition, 'reason' | 'message'> | undefined {
  const old = findCondition(before, 'Stalled');
  // Since when it waits is forgotten at a restart, and that it waited long is not.
  const waitsLong = (finding: Finding) => isLate(finding, moment) || finding.reason === old?.reason;
  const waitsInVain = (finding: Finding) =>
    finding.state === 'waiting' && waitsForPerson(finding.reason) && waitsLong(finding);
  const stalling = findings.find(isTerminal) ?? findings.find(waitsInVain);
  if (stalling) return stalling;
  const couldNotLook = findings.some(({ passing }) => passing);
  return couldNotLook && old?.observedGeneration === moment.generation ? old : undefined;
}

/** The condition has waited for the same thing for longer than is usual. */
function isLate({ type, state }: Finding, { elapsed, waiting }: Moment): boolean {
  const { since } = waiting.get(type) ?? { since: Infinity };
  return state === 'waiting' && elapsed - since >= patience;
}

/** The waits that should be over by now. An event tells of each, for its condition has told of it all the time. */
export const overdue = (findings: readonly Finding[], moment: Moment): EventText[] =>
  findings
    .filter((finding) => finding.toldWhenLate && isLate(finding, moment))
    .map(({ reason, message }): EventText => ({ type: 'Warning', reason, message }));

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
