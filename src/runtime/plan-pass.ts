import { findCondition, setCondition } from '../api/conditions.ts';
import type { Condition, ManagedObject, ManagedStatus } from '../api/meta.ts';
import { annotations } from '../api/names.ts';
import type { Definition, Hold } from './definition.ts';
import type { Finding } from './findings.ts';
import { Plan } from './plan.ts';
import { accept, remove, retain, run, type Visit } from './visit.ts';

/** What a pass would change. */
export interface Planned {
  readonly lines: readonly string[];
  readonly findings: readonly Finding[];
}

/** Asks for a plan, and so for no change. Any value except `"false"`: whoever writes another one means yes. */
export const isPlanned = ({ metadata }: ManagedObject): boolean =>
  (metadata.annotations?.[annotations.plan] ?? 'false') !== 'false';

/** Does all that a pass over the object does, but sends nothing, says nothing and leaves the draft of the visit as it is. */
export async function planPass<O extends ManagedObject, S extends ManagedStatus, C, R>(
  definition: Definition<O, S, C, R>,
  visit: Visit<O, S>,
): Promise<Planned> {
  const { object, draft } = visit;
  const plan = new Plan();
  const pass = { ...visit.pass, plan, event: () => {} };
  const imagined = { ...visit, draft: structuredClone(draft), pass, resting: new Map() };
  if (object.metadata.deletionTimestamp === undefined) return provisioning(definition, imagined, { plan });
  if (object.spec.deletionPolicy === 'Retain') {
    await retain(definition, imagined);
    return { lines: plan.retainedLines(), findings: [] };
  }
  const hold = await definition.holdsDeletion?.(object, pass);
  if (hold) return provisioning(definition, imagined, { plan, hold });
  const removal = await remove(definition, imagined);
  return { lines: plan.removalLines(removal.parts, removal), findings: removal.findings };
}

async function provisioning<O extends ManagedObject, S extends ManagedStatus, C, R>(
  definition: Definition<O, S, C, R>,
  visit: Visit<O, S>,
  { plan, hold }: { readonly plan: Plan; readonly hold?: Hold },
): Promise<Planned> {
  const { object, draft } = visit;
  let accepted = await accept(definition, visit);
  if ('accepted' in accepted && accepted.storeFirst) {
    // The steps would run once the draft is stored, over the object that has it.
    accepted = await accept(definition, { ...visit, object: { ...object, status: structuredClone(draft) } });
  }
  if ('finding' in accepted) return { lines: plan.lines([accepted.finding], { hold }), findings: [accepted.finding] };
  const ran = await run(accepted, visit);
  const findings = [...ran.findings, ...ran.departing];
  return { lines: plan.lines(findings, { hold }), findings };
}

const held =
  `the annotation ${annotations.plan} holds the deletion, and status.plan says what would be removed: take the annotation away ` +
  'to go on';

/** `Ready` of an object that is being deleted says that the plan holds it. A removal that has begun goes on later as one that has begun. */
export function holdByPlan(conditions: readonly Condition[], observedGeneration: number, now: Date): Condition[] {
  const hasBegun = findCondition(conditions, 'Ready')?.reason === 'Deleting';
  const reason = hasBegun ? 'Deleting' : 'DeletionPlanned';
  return setCondition(conditions, { type: 'Ready', status: 'False', reason, message: held, observedGeneration }, now);
}
