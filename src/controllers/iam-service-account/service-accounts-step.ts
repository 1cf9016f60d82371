import type { Reason } from '../../api/conditions.ts';
import { ownershipOf } from '../../aws/ownership.ts';
import { isWildcard } from '../../oidc/trust-policy.ts';
import { minutes } from '../../runtime/duration.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import type { Blocked } from '../clusters.ts';
import { Failures } from '../explain.ts';
import { annotateAll, type Annotated } from './annotate-all.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { isAt, isSame, placeOfIssuer, type ServiceAccountEntry } from './record.ts';
import { ClusterOutOfReach, giveUp, release, type ReleaseContext } from './release.ts';

/** A cluster that is out of reach holds the deletion for this time. */
const patience = minutes(10);

/** Annotates the service accounts of the subjects with the role, and removes the annotations from those that are no longer subjects. */
export const serviceAccountsStep: Step<RoleContext, RoleRemoval> = {
  condition: 'ServiceAccountsReady',
  /** Policies are not needed: a pod keeps for its life what it was started with, so a role that lacks a policy beats none. */
  needs: ['RoleReady'],

  async reconcile(context) {
    const { object, status, situation, observed, target, trusting } = context;
    if (!target || !observed) throw new Error('annotating service accounts needs an existing role');
    if (object.spec.serviceAccountPolicy === 'Ignore') {
      status.serviceAccounts = [];
      return {
        state: 'ready',
        message: 'spec.serviceAccountPolicy is Ignore: service accounts are neither read nor written',
      };
    }
    // Statements of issuers that cannot be seen may be missing, and those of the others stand.
    if (!trusting) return waitsFor('TrustReady');
    if (situation.ready.length === 0) return waitsFor('IssuersReady');
    const before = status.serviceAccounts ?? [];
    const roleARN = observed.role.arn;
    const { found, problems, failures } = await annotateEach(context, roleARN);
    const after = found.flatMap(({ entries }) => entries);
    const left = before.filter((old) => !after.some((entry) => isSame(entry, old)));
    status.serviceAccounts = [...after, ...left];
    const gone = left.filter((entry) => isLeftBehind(entry, context, found));
    problems.push(...(await releaseAll(gone, { ...context, roleARN }, failures)));
    if (failures.length === 1) throw failures[0]!;
    if (failures.length > 1) throw new Failures(failures);
    return outcome(context, found, problems);
  },

  async remove(removal) {
    const { services, object, owner, status } = removal;
    const { clock, settings } = services;
    const role = await removal.role();
    // Whoever has the role annotates the service accounts, for example the original of this object in another cluster.
    if (role && ownershipOf(role.tags, owner).state === 'anothers') return ready;
    const deletedAt = Date.parse(object.metadata.deletionTimestamp ?? '');
    const obstacles: Pick<Blocked, 'reason' | 'message'>[] = [];
    for (const entries of byPlace(status.serviceAccounts ?? [])) {
      const obstacle = await tryRelease(removal, entries);
      if (!obstacle) continue;
      if (clock.now().getTime() - deletedAt < patience) obstacles.push(obstacle);
      else giveUp(removal, entries, obstacle.message);
    }
    const [first] = obstacles;
    if (!first) return ready;
    const messages = obstacles.map(({ message }) => message).join('; ');
    return {
      state: 'waiting',
      reason: first.reason,
      message: `${messages}; ten minutes after the deletion the operator gives up the annotations there`,
      requeueAfter: settings.intervals.missing,
    };
  },
};

const waitsFor = (condition: string): Outcome => ({
  state: 'waiting',
  reason: 'DependencyNotReady',
  message: `waits for ${condition}`,
});

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** In the cluster of each issuer that is ready. What fails in one cluster keeps the others from nothing. */
async function annotateEach(context: RoleContext, roleARN: string) {
  const { services, situation, pass } = context;
  const found: Annotated[] = [];
  const problems: Problem[] = [];
  const failures: Error[] = [];
  for (const { issuer, audiences } of situation.ready) {
    if (!issuer.spec.cluster) continue;
    try {
      const reached = await services.clusters.reach(issuer);
      if (reached.state === 'connected') {
        found.push(await annotateAll(context, { client: reached.client, issuer, audiences, roleARN }));
      } else if (reached.state === 'noWay') problems.push({ reason: 'SecretNotFound', message: reached.message });
      else problems.push(reached);
    } catch (error) {
      if (pass.signal.aborted) throw error;
      failures.push(asError(error));
    }
  }
  return { found, problems, failures };
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/**
 * Whether a service account is no longer to be annotated. While an issuer cannot be seen or is not ready, that is so only in the
 * clusters of the others: nobody knows what it will stand for.
 */
function isLeftBehind(
  entry: ServiceAccountEntry,
  { situation: { referred, ready: those } }: RoleContext,
  found: readonly Annotated[],
): boolean {
  if (found.some(({ place }) => isAt(place, entry))) return true;
  const isServed = those.some(({ issuer }) => issuer.spec.cluster && isAt(placeOfIssuer(issuer), entry));
  return !isServed && those.length === referred.length;
}

const byPlace = (entries: readonly ServiceAccountEntry[]) =>
  Map.groupBy(entries, ({ issuerNamespace, cluster }) => `${issuerNamespace}/${cluster}`).values();

async function releaseAll(
  left: readonly ServiceAccountEntry[],
  context: ReleaseContext,
  failures: Error[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const entries of byPlace(left)) {
    try {
      const blocked = await release(context, entries);
      if (blocked) problems.push(blocked);
    } catch (error) {
      if (context.pass.signal.aborted) throw error;
      failures.push(asError(error));
    }
  }
  return problems;
}

function outcome(
  { services, object, situation }: RoleContext,
  found: readonly Annotated[],
  problems: readonly Problem[],
): Outcome {
  const conflicts = found.flatMap((each) => each.conflicts);
  const notFound = found.flatMap(({ entries }) => entries.filter(({ state }) => state === 'NotFound')).map(nameOf);
  const all: readonly Problem[] = [
    ...problems,
    ...(conflicts.length > 0
      ? [
          {
            reason: 'AnnotationConflict' as const,
            message: `these service accounts have another role: ${conflicts.join(', ')}: remove the annotation eks.amazonaws.com/role-arn there, or the subject from one of the objects`,
          },
        ]
      : []),
    ...(notFound.length > 0
      ? [{ reason: 'ServiceAccountNotFound' as const, message: `not in the cluster: ${notFound.join(', ')}` }]
      : []),
  ];
  const [first] = all;
  if (first) {
    const message = all.map((problem) => problem.message).join('; ');
    return { state: 'waiting', reason: first.reason, message, requeueAfter: services.settings.intervals.missing };
  }
  const unknown = situation.ready.filter(({ issuer }) => !issuer.spec.cluster).map(({ ref }) => ref.name);
  const patterns = object.spec.subjects.filter(isWildcard).map(nameOf);
  const waiting = found.flatMap(({ entries }) => entries).filter(({ podsToRestart = 0 }) => podsToRestart > 0);
  const remarks = [
    ...(waiting.length > 0
      ? [
          `pods run without credentials of the role and need a restart: ${waiting.map((entry) => `${entry.podsToRestart} of ${nameOf(entry)}`).join(', ')}`,
        ]
      : []),
    ...(unknown.length > 0
      ? [`OIDCIssuer ${unknown.join(', ')} has no spec.cluster: service accounts are neither read nor written`]
      : []),
    ...(patterns.length > 0
      ? [
          `annotate the service accounts that ${patterns.join(', ')} stands for yourself: the operator annotates only what is named in full`,
        ]
      : []),
  ];
  return remarks.length > 0 ? { state: 'ready', message: remarks.join('; ') } : ready;
}

const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => `${namespace}/${name}`;

/** Returns the obstacle that holds the deletion for a while: a cluster that is out of reach, or something that a person can repair. */
async function tryRelease(removal: RoleRemoval, entries: readonly ServiceAccountEntry[]) {
  try {
    return await release(removal, entries);
  } catch (error) {
    if (!(error instanceof ClusterOutOfReach)) throw error;
    return { reason: 'ClusterUnreachable' as const, message: error.message };
  }
}
