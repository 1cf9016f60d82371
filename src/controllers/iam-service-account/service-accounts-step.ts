import { type Reason, findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import type { Clock } from '../../runtime/clock.ts';
import { minutes } from '../../runtime/duration.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import type { IssuerClusters } from '../clusters.ts';
import { clusterNameOf } from '../issuer-contract.ts';
import type { Intervals } from '../settings.ts';
import { type Annotations, annotate, desiredAnnotations, roleOf } from './annotations.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { type ServiceAccountEntry, type ServiceAccountState, isSame } from './record.ts';
import { ClusterOutOfReach, type ReleaseContext, Releaser } from './release.ts';

/** A cluster that does not answer for so long after the deletion holds it no more. */
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
      await this.#release(before, { ...context, roleARN });
      return {
        state: 'ready',
        message: `OIDCIssuer ${issuer.metadata.name} has no spec.cluster: service accounts are neither read nor written`,
      };
    }
    const reached = await this.clusters.reach(issuer);
    if (reached.state === 'noWay') return this.#missing(object, 'SecretNotFound', reached.message);

    const cluster = clusterNameOf(issuer);
    const desired = desiredAnnotations({
      roleARN,
      audience: situation.audiences[0],
      regionalSTS: object.spec.session?.regionalSTS,
      tokenExpiration: object.spec.session?.tokenExpiration,
    });
    const after: ServiceAccountEntry[] = [];
    for (const { namespace, name } of object.spec.subjects) {
      const entry = before.find((other) => other.cluster === cluster && isSame(other, { namespace, name }));
      const wasOurs = entry?.state === ('Annotated' satisfies ServiceAccountState);
      const state = await give(reached.client, { namespace, name }, { roleARN, desired, wasOurs });
      after.push({ cluster, namespace, name, state });
    }
    const left = before.filter((old) => !after.some((entry) => entry.cluster === old.cluster && isSame(entry, old)));
    status.serviceAccounts = [...after, ...left];
    await this.#release(left, { ...context, roleARN });
    return this.#outcome(object, after);
  }

  async #release(left: readonly ServiceAccountEntry[], context: ReleaseContext): Promise<void> {
    for (const [cluster, entries] of Map.groupBy(left, (entry) => entry.cluster)) {
      await this.#releaser.release(cluster, entries, context);
    }
  }

  #outcome(object: IAMServiceAccount, entries: readonly ServiceAccountEntry[]): Outcome {
    const inState = (state: ServiceAccountState) =>
      entries.filter((entry) => entry.state === state).map(({ namespace, name }) => `${namespace}/${name}`);
    const conflicts = inState('Conflict');
    const missing = inState('NotFound');
    if (conflicts.length > 0) {
      return this.#missing(
        object,
        'AnnotationConflict',
        `another role is named by ${conflicts.join(', ')}: remove the annotation eks.amazonaws.com/role-arn there, or the subject here`,
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
    const { object, status } = removal;
    const deletedAt = Date.parse(object.metadata.deletionTimestamp ?? '');
    const silent: string[] = [];
    for (const [cluster, entries] of Map.groupBy(status.serviceAccounts ?? [], (entry) => entry.cluster)) {
      try {
        await this.#releaser.release(cluster, entries, removal);
      } catch (error) {
        if (!(error instanceof ClusterOutOfReach)) throw error;
        if (this.clock.now().getTime() - deletedAt < patience) silent.push(error.message);
        else this.#releaser.giveUp(entries, error.message, removal);
      }
    }
    if (silent.length === 0) return ready;
    const message = `${silent.join('; ')}: the annotations there are given up ten minutes after the deletion`;
    return { state: 'waiting', reason: 'ClusterUnreachable', message, requeueAfter: this.intervals.missing };
  }
}

interface Gift {
  readonly roleARN: string;
  readonly desired: Annotations;
  /** We annotated it before, so that whatever stands there now is drift. */
  readonly wasOurs: boolean;
}

async function give(client: KubeClient, ref: NamespacedName, gift: Gift): Promise<ServiceAccountState> {
  const serviceAccount = await client.find<KubernetesObject>(serviceAccounts, ref);
  if (!serviceAccount) return 'NotFound';
  const current = roleOf(serviceAccount);
  if (current !== undefined && current !== gift.roleARN && !gift.wasOurs) return 'Conflict';
  await annotate(client, serviceAccount, gift.desired);
  return 'Annotated';
}
