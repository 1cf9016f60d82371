import type { Reason } from '../../api/conditions.ts';
import { ownershipOf } from '../../aws/ownership.ts';
import { minutes } from '../../runtime/duration.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import type { Blocked } from '../clusters.ts';
import { clusterNameOf } from '../issuer-contract.ts';
import { annotateOne } from './annotate-one.ts';
import { desiredAnnotations } from './annotations.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { type ServiceAccountEntry, type ServiceAccountState, isSame } from './record.ts';
import { ClusterOutOfReach, giveUp, release, type ReleaseContext } from './release.ts';
import { rivalsOf } from './rivals.ts';

/** A cluster that is out of reach holds the deletion for this time. */
const patience = minutes(10);

/** Annotates the service accounts of the subjects with the role, and removes the annotations from those that are no longer subjects. */
export const serviceAccountsStep: Step<RoleContext, RoleRemoval> = {
  condition: 'ServiceAccountsReady',
  /** Policies are not needed: a pod keeps for its life what it was started with, so a role that lacks a policy beats none. */
  needs: ['IssuersReady', 'RoleReady', 'TrustReady'],

  async reconcile(context) {
    const { services, object, status, situation, observed, target } = context;
    const { issuer } = situation;
    if (!issuer || !target || !observed) throw new Error('annotating service accounts needs an existing role');
    const before = status.serviceAccounts ?? [];
    const roleARN = observed.role.arn;
    if (!issuer.spec.cluster) {
      const blocked = await releaseAll(before, { ...context, roleARN });
      if (blocked) return missing(context, blocked.reason, blocked.message);
      return {
        state: 'ready',
        message: `OIDCIssuer ${issuer.metadata.name} has no spec.cluster: service accounts are neither read nor written`,
      };
    }
    const reached = await services.clusters.reach(issuer);
    if (reached.state === 'noWay') return missing(context, 'SecretNotFound', reached.message);
    if (reached.state === 'blocked') return missing(context, reached.reason, reached.message);

    const cluster = clusterNameOf(issuer);
    const issuerNamespace = issuer.metadata.namespace;
    const desired = desiredAnnotations({
      roleARN,
      audience: situation.audiences[0],
      regionalSTS: object.spec.session?.regionalSTS,
      tokenExpiration: object.spec.session?.tokenExpiration,
    });
    const after: ServiceAccountEntry[] = [];
    const conflicts: string[] = [];
    for (const { namespace, name } of object.spec.subjects) {
      const rivals = () => rivalsOf(object, services.claims, { issuerNamespace, cluster, namespace, name });
      const { state, holder } = await annotateOne(reached.client, { namespace, name }, { roleARN, desired, rivals });
      after.push({ cluster, namespace, name, state });
      if (holder !== undefined) conflicts.push(`${namespace}/${name} (${holder})`);
    }
    const left = before.filter((old) => !after.some((entry) => entry.cluster === old.cluster && isSame(entry, old)));
    status.serviceAccounts = [...after, ...left];
    const blocked = await releaseAll(left, { ...context, roleARN });
    if (blocked) return missing(context, blocked.reason, blocked.message);
    return outcome(context, after, conflicts);
  },

  async remove(removal) {
    const { services, object, owner, status } = removal;
    const { clock, settings } = services;
    const role = await removal.role();
    // Whoever has the role annotates the service accounts, for example the original of this object in another cluster.
    if (role && ownershipOf(role.tags, owner).state === 'anothers') return ready;
    const deletedAt = Date.parse(object.metadata.deletionTimestamp ?? '');
    const obstacles: Pick<Blocked, 'reason' | 'message'>[] = [];
    for (const [cluster, entries] of Map.groupBy(status.serviceAccounts ?? [], (entry) => entry.cluster)) {
      const obstacle = await tryRelease(removal, cluster, entries);
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

async function releaseAll(left: readonly ServiceAccountEntry[], context: ReleaseContext): Promise<Blocked | undefined> {
  let blocked: Blocked | undefined;
  for (const [cluster, entries] of Map.groupBy(left, (entry) => entry.cluster)) {
    blocked = (await release(context, cluster, entries)) ?? blocked;
  }
  return blocked;
}

function outcome(context: RoleContext, entries: readonly ServiceAccountEntry[], conflicts: readonly string[]): Outcome {
  const inState = (state: ServiceAccountState) =>
    entries.filter((entry) => entry.state === state).map(({ namespace, name }) => `${namespace}/${name}`);
  const notFound = inState('NotFound');
  if (conflicts.length > 0) {
    return missing(
      context,
      'AnnotationConflict',
      `these service accounts have another role: ${conflicts.join(', ')}: remove the annotation eks.amazonaws.com/role-arn there, or the subject from one of the objects`,
    );
  }
  return notFound.length > 0
    ? missing(context, 'ServiceAccountNotFound', `not in the cluster: ${notFound.join(', ')}`)
    : ready;
}

const missing = ({ services }: RoleContext, reason: Reason, message: string): Outcome => ({
  state: 'waiting',
  reason,
  message,
  requeueAfter: services.settings.intervals.missing,
});

/** Returns the obstacle that holds the deletion for a while: a cluster that is out of reach, or something that a person can repair. */
async function tryRelease(removal: RoleRemoval, cluster: string, entries: readonly ServiceAccountEntry[]) {
  try {
    return await release(removal, cluster, entries);
  } catch (error) {
    if (!(error instanceof ClusterOutOfReach)) throw error;
    return { reason: 'ClusterUnreachable' as const, message: error.message };
  }
}
