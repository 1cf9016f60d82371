import { findCondition, type Reason } from '../../../api/conditions.ts';
import type { OIDCIssuer } from '../../../api/kinds.ts';
import { minutes } from '../../../runtime/duration.ts';
import { isConflict, isForbidden, isUnauthorized, KubeError } from '../../../runtime/kube-error.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { InvalidKubeconfigError } from '../../../runtime/workload-clusters.ts';
import { clusterNameOf } from '../../issuer-contract.ts';
import type { IssuerPass, SiteContext } from '../context.ts';
import { findPolicy, policyName, releasePolicy } from './policy.ts';

/** A cluster that is out of reach holds the deletion for this time. */
const patience = minutes(10);

/** Removes the policy, if no other issuer wants it. Looks only if one may be there. */
export async function release(context: SiteContext): Promise<Outcome> {
  const { object, pass, services, status } = context;
  if (status.podIdentity === undefined && !mayHaveForgotten(object)) return ready;
  const obstacle = await tryRelease(context);
  if (obstacle && !isOver(context, obstacle)) {
    const { reason, message } = obstacle;
    return { state: 'waiting', reason, message, requeueAfter: services.settings.intervals.missing };
  }
  if (obstacle) {
    const message = `${policyName} may be left in cluster ${clusterNameOf(object)}: ${obstacle.message}. It only serves new pods`;
    pass.event('Warning', 'PodIdentityLeft', message);
  }
  delete status.podIdentity;
  return ready;
}

/** The status was lost, and no removal has begun since then. */
const mayHaveForgotten = ({ spec, status }: OIDCIssuer) =>
  spec.cluster?.podIdentity === 'Policy' && findCondition(status?.conditions, 'Ready')?.reason !== 'Deleting';

interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
  /** Nobody will mend that. */
  readonly isFinal?: boolean;
}

async function tryRelease(context: SiteContext): Promise<Obstacle | undefined> {
  try {
    const way = await context.cluster.way();
    if (way.state === 'noWay') return { reason: 'SecretNotFound', message: way.message, isFinal: true };
    if (way.state === 'blocked') return way;
    const place = await findPolicy(way.client);
    if (place) tell(context, await releasePolicy(context, place));
    return undefined;
  } catch (error) {
    context.pass.signal.throwIfAborted();
    // No answer may hold the deletion for ever, not even a conflict: the cluster may give that one each time.
    if (!(error instanceof KubeError) && !(error instanceof InvalidKubeconfigError)) throw error;
    context.pass.logger.debug('the policy cannot be removed', { error });
    const isRefused = isUnauthorized(error) || isForbidden(error) || isConflict(error);
    return isRefused
      ? { reason: 'AccessDenied', message: 'the cluster refuses the operator' }
      : { reason: 'ClusterUnreachable', message: 'the cluster cannot be reached' };
  }
}

function isOver({ object, services }: SiteContext, { isFinal = false }: Obstacle): boolean {
  const { deletionTimestamp } = object.metadata;
  if (isFinal || deletionTimestamp === undefined) return isFinal;
  return services.clock.now().getTime() - Date.parse(deletionTimestamp) >= patience;
}

function tell({ object, pass }: IssuerPass, what: Awaited<ReturnType<typeof releasePolicy>>): void {
  const cluster = `cluster ${clusterNameOf(object)}`;
  switch (what) {
    case 'removed':
      return pass.event(
        'Normal',
        'PodIdentityRemoved',
        `${policyName} was removed from ${cluster}: running pods keep their credentials, and new pods get none unless the pod identity webhook is there`,
      );
    case 'used by others':
      return pass.event(
        'Normal',
        'PodIdentityKept',
        `${policyName} stays in ${cluster}, because another OIDCIssuer wants it`,
      );
    case 'not ours':
      return;
  }
}
