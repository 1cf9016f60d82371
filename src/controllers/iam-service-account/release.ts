import type { KubernetesObject } from '../../api/meta.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { isConflict, isForbidden, isUnauthorized, KubeError } from '../../runtime/kube-error.ts';
import { InvalidKubeconfigError } from '../../runtime/workload-clusters.ts';
import type { Blocked, Reached } from '../clusters.ts';
import { annotate, isCreated, isOnlyOurs, roleOf } from './annotations.ts';
import type { RoleRemoval } from './context.ts';
import { isAt, placeOfIssuer, type ServiceAccountEntry } from './record.ts';
import { rivalsOf } from './rivals.ts';

export type ReleaseContext = Pick<
  RoleRemoval,
  'services' | 'object' | 'status' | 'pass' | 'references' | 'others' | 'roleARN'
>;

/** The cluster is known, but nobody answers there, only a proxy answers, or the cluster refuses us. */
export class ClusterOutOfReach extends Error {
  override readonly name = 'ClusterOutOfReach';
}

/**
 * Removes our annotations from these service accounts, which are all of one cluster. A service account leaves the status when that is done, or cannot
 * be done. Returns the obstacle, if there is one.
 * @throws ClusterOutOfReach
 */
export async function release(
  context: ReleaseContext,
  entries: readonly ServiceAccountEntry[],
): Promise<Blocked | undefined> {
  const [place] = entries;
  if (!place) return undefined;
  const { cluster } = place;
  const reached = await outOfReach(cluster, () => reachPlace(context, place));
  if (reached.state === 'blocked') return reached;
  if (reached.state === 'noWay') {
    giveUp(context, entries, reached.message);
    return undefined;
  }
  for (const entry of entries) {
    if (!isShared(context, entry)) {
      await outOfReach(cluster, () => removeAnnotations(reached.client, entry, context.roleARN));
    }
    forget([entry], context);
  }
  return undefined;
}

/** Forgets service accounts, and says in an event what may be left on them. */
export function giveUp(
  context: Pick<ReleaseContext, 'status' | 'pass'>,
  entries: readonly ServiceAccountEntry[],
  why: string,
): void {
  const names = entries.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  context.pass.event('Warning', 'AnnotationsLeft', `annotations may be left on service accounts ${names}: ${why}`);
  forget(entries, context);
}

/** One cluster may have several issuers, for example while it moves from one to the other. One that knows the way is enough. */
async function reachPlace(
  { services, references, others }: ReleaseContext,
  place: ServiceAccountEntry,
): Promise<Reached> {
  const { clusters } = services;
  const { cluster } = place;
  const ways = [
    ...references.flatMap(({ issuer }) =>
      issuer && isAt(placeOfIssuer(issuer), place) ? [() => clusters.reach(issuer)] : [],
    ),
    ...others
      .filter(([ref, other]) => isAt({ issuerNamespace: ref.namespace, cluster: other.cluster }, place))
      .map(
        ([ref]) =>
          () =>
            clusters.reachBy(ref, cluster),
      ),
  ];
  let reached: Reached = { state: 'noWay', message: `no OIDCIssuer of cluster ${cluster} is left` };
  for (const way of ways) {
    if (reached.state === 'connected') break;
    const next = await way();
    // If the way is only blocked, the cluster may still be there.
    if (next.state === 'connected' || reached.state === 'noWay') reached = next;
  }
  return reached;
}

/** @throws ClusterOutOfReach for a failure that may last for ever and must not hold a deletion that long */
async function outOfReach<T>(cluster: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // No answer may hold the deletion for ever, not even a conflict: the cluster may give that one each time.
    if (!(error instanceof KubeError) && !(error instanceof InvalidKubeconfigError)) throw error;
    const why = isUnauthorized(error) || isForbidden(error) || isConflict(error) ? 'refuses us' : 'cannot be reached';
    throw new ClusterOutOfReach(`cluster ${cluster} ${why}`, { cause: error });
  }
}

/** Whether another object gives the service account the same role. It may be older, and this one a copy that never had the role. */
const isShared = ({ services, object, roleARN }: ReleaseContext, entry: ServiceAccountEntry): boolean =>
  rivalsOf(object, services.claims, entry).some((rival) => rival.roleARN === roleARN && !rival.deleting);

/** Acts only if the service account still names our role. One that we made goes, if nobody else wrote anything of it. */
async function removeAnnotations(client: KubeClient, ref: NamespacedName, roleARN: string): Promise<void> {
  const serviceAccount = await client.find<KubernetesObject>(serviceAccounts, ref);
  if (!serviceAccount || roleOf(serviceAccount) !== roleARN) return;
  if (isCreated(serviceAccount) && isOnlyOurs(serviceAccount)) {
    const { uid, resourceVersion } = serviceAccount.metadata;
    // The version: what somebody writes in this moment keeps the service account.
    await client.delete(serviceAccounts, ref, { uid, resourceVersion });
  } else await annotate(client, serviceAccount, {});
}

function forget(entries: readonly ServiceAccountEntry[], { status }: Pick<ReleaseContext, 'status'>): void {
  status.serviceAccounts = (status.serviceAccounts ?? []).filter((entry) => !entries.includes(entry));
}
