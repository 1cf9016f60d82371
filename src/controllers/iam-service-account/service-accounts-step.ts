import { type Reason, findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ownershipOf } from '../../aws/ownership.ts';
import { minutes } from '../../runtime/duration.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import type { Blocked, IssuerClusters } from '../clusters.ts';
import { clusterNameOf } from '../issuer-contract.ts';
import type { Claim } from '../references.ts';
import type { Intervals } from '../settings.ts';
import { type Annotations, annotate, desiredAnnotations, isRoleOurs, roleOf } from './annotations.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { type ServiceAccountEntry, type ServiceAccountState, isSame } from './record.ts';
import { ClusterOutOfReach, type ReleaseContext, Releaser } from './release.ts';
import { type Rival, rivalsOf } from './rivals.ts';

/** A cluster that is out of reach for so long after the deletion holds it no more. */
const patience = minutes(10);

/** What is missing for longer than this comes by a resync: a look at it reads the whole role. */
const expectation = minutes(5);

/** The service accounts of the subjects name the role; those that are subjects no more do not. */
export class ServiceAccountsStep implements Step<RoleContext, RoleRemoval> {
  readonly condition = 'ServiceAccountsReady';
  /** Not the policies: a pod keeps for its life what it was started with, so a role that lacks something beats none. */
  readonly needs = ['IssuersReady', 'RoleReady', 'TrustReady'] as const;
  readonly #releaser: Releaser;

  constructor(
    private readonly claims: Lookup<Claim>,
    private readonly clusters: IssuerClusters,
    private readonly intervals: Intervals,
    private readonly clock: Clock,
  ) {
    this.#releaser = new Releaser(clusters);
  }

  async reconcile(context: RoleContext): Promise<Outcome> {
    const { object, status, situation, observed, target } = context;
    const { issuer } = situation;
    if (!issuer || !target || !observed) throw new Error('service accounts are given a role that is there');
    const before = status.serviceAccounts ?? [];
    const roleARN = observed.role.arn;
    if (!issuer.spec.cluster) {
      const blocked = await this.#release(before, { ...context, roleARN });
      if (blocked) return this.#missing(object, blocked.reason, blocked.message);
      return {
        state: 'ready',
        message: `OIDCIssuer ${issuer.metadata.name} has no spec.cluster: service accounts are neither read nor written`,
      };
    }
    const reached = await this.clusters.reach(issuer);
    if (reached.state === 'noWay') return this.#missing(object, 'SecretNotFound', reached.message);
    if (reached.state === 'blocked') return this.#missing(object, reached.reason, reached.message);

    const cluster = clusterNameOf(issuer);
    const desired = desiredAnnotations({
      roleARN,
      audience: situation.audiences[0],
      regionalSTS: object.spec.session?.regionalSTS,
      tokenExpiration: object.spec.session?.tokenExpiration,
    });
    const after: ServiceAccountEntry[] = [];
    const conflicts: string[] = [];
    for (const { namespace, name } of object.spec.subjects) {
      const rivals = () => rivalsOf(object, this.claims, { cluster, namespace, name });
      const { state, holder } = await give(reached.client, { namespace, name }, { roleARN, desired, rivals });
      after.push({ cluster, namespace, name, state });
      if (holder !== undefined) conflicts.push(`${namespace}/${name} (${holder})`);
    }
    const left = before.filter((old) => !after.some((entry) => entry.cluster === old.cluster && isSame(entry, old)));
    status.serviceAccounts = [...after, ...left];
    const blocked = await this.#release(left, { ...context, roleARN });
    if (blocked) return this.#missing(object, blocked.reason, blocked.message);
    return this.#outcome(object, after, conflicts);
  }

  async #release(left: readonly ServiceAccountEntry[], context: ReleaseContext): Promise<Blocked | undefined> {
    let blocked: Blocked | undefined;
    for (const [cluster, entries] of Map.groupBy(left, (entry) => entry.cluster)) {
      blocked = (await this.#releaser.release(cluster, entries, context)) ?? blocked;
    }
    return blocked;
  }

  #outcome(object: IAMServiceAccount, entries: readonly ServiceAccountEntry[], conflicts: readonly string[]): Outcome {
    const inState = (state: ServiceAccountState) =>
      entries.filter((entry) => entry.state === state).map(({ namespace, name }) => `${namespace}/${name}`);
    const missing = inState('NotFound');
    if (conflicts.length > 0) {
      return this.#missing(
        object,
        'AnnotationConflict',
        `another role belongs to ${conflicts.join(', ')}: remove the annotation eks.amazonaws.com/role-arn there, or the subject from one of the objects`,
      );
    }
    return missing.length > 0
      ? this.#missing(object, 'ServiceAccountNotFound', `not in the cluster: ${missing.join(', ')}`)
      : ready;
  }

  /** Is looked for soon as long as it may be on its way. */
  #missing({ status }: IAMServiceAccount, reason: Reason, message: string): Outcome {
    const known = findCondition(status?.conditions, this.condition);
    const since = known?.status === 'False' ? Date.parse(known.lastTransitionTime) : this.clock.now().getTime();
    const isExpected = this.clock.now().getTime() - since < expectation;
    return { state: 'waiting', reason, message, ...(isExpected && { requeueAfter: this.intervals.missing }) };
  }

  async remove(removal: RoleRemoval): Promise<Outcome> {
    const { object, owner, status } = removal;
    const role = await removal.role();
    // Also of a copy of this object in another cluster: the service accounts are annotated by whoever has the role.
    if (role && ownershipOf(role.tags, owner).state === 'anothers') return ready;
    const deletedAt = Date.parse(object.metadata.deletionTimestamp ?? '');
    const obstacles: Pick<Blocked, 'reason' | 'message'>[] = [];
    for (const [cluster, entries] of Map.groupBy(status.serviceAccounts ?? [], (entry) => entry.cluster)) {
      const obstacle = await this.#tryRelease(cluster, entries, removal);
      if (!obstacle) continue;
      if (this.clock.now().getTime() - deletedAt < patience) obstacles.push(obstacle);
      else this.#releaser.giveUp(entries, obstacle.message, removal);
    }
    const [first] = obstacles;
    if (!first) return ready;
    const messages = obstacles.map(({ message }) => message).join('; ');
    return {
      state: 'waiting',
      reason: first.reason,
      message: `${messages}; the annotations there are given up ten minutes after the deletion`,
      requeueAfter: this.intervals.missing,
    };
  }

  /** What holds the deletion, for a while: a cluster that is out of reach, or a way to it that a person can mend. */
  async #tryRelease(cluster: string, entries: readonly ServiceAccountEntry[], removal: RoleRemoval) {
    try {
      return await this.#releaser.release(cluster, entries, removal);
    } catch (error) {
      if (!(error instanceof ClusterOutOfReach)) throw error;
      return { reason: 'ClusterUnreachable' as const, message: error.message };
    }
  }
}

interface Gift {
  readonly roleARN: string;
  readonly desired: Annotations;
  readonly rivals: () => readonly Rival[];
}

interface Given {
  readonly state: ServiceAccountState;
  /** Of a conflict: whose the service account is. */
  readonly holder?: string;
}

/**
 * Two of our objects never rewrite each other: the older one holds the service account, also after that was made anew. A role
 * that somebody else wrote there stays.
 */
async function give(client: KubeClient, ref: NamespacedName, gift: Gift): Promise<Given> {
  const serviceAccount = await client.find<KubernetesObject>(serviceAccounts, ref);
  if (!serviceAccount) return { state: 'NotFound' };
  const current = roleOf(serviceAccount);
  if (current !== gift.roleARN) {
    const rivals = gift.rivals();
    const older = rivals.find(({ isOlder }) => isOlder);
    if (older) return { state: 'Conflict', holder: `held by IAMServiceAccount ${older.name}, which is older` };
    const isRivals = isRoleOurs(serviceAccount) && rivals.some(({ roleARN }) => roleARN === current);
    if (current !== undefined && !isRivals) return { state: 'Conflict', holder: 'written by somebody else' };
  }
  await annotate(client, serviceAccount, gift.desired);
  return { state: 'Annotated' };
}
