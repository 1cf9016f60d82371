import type { KubernetesObject } from '../../api/meta.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { type Annotations, annotate, isRoleOurs, roleOf } from './annotations.ts';
import type { ServiceAccountState } from './record.ts';
import type { Rival } from './rivals.ts';

/** What one service account should carry. */
export interface AnnotationRequest {
  readonly roleARN: string;
  readonly desired: Annotations;
  readonly rivals: () => readonly Rival[];
}

interface Annotated {
  readonly state: ServiceAccountState;
  /** Only for a conflict: who holds the service account. */
  readonly holder?: string;
}

/**
 * Two of our objects never rewrite each other: the older object holds the service account, even if somebody recreates the
 * service account. A role that somebody else wrote there stays.
 */
export async function annotateOne(
  client: KubeClient,
  ref: NamespacedName,
  request: AnnotationRequest,
): Promise<Annotated> {
  const serviceAccount = await client.find<KubernetesObject>(serviceAccounts, ref);
  if (!serviceAccount) return { state: 'NotFound' };
  const current = roleOf(serviceAccount);
  if (current !== request.roleARN) {
    const rivals = request.rivals();
    const older = rivals.find(({ isOlder }) => isOlder);
    if (older) return { state: 'Conflict', holder: `held by IAMServiceAccount ${older.name}, which is older` };
    const isRivals = isRoleOurs(serviceAccount) && rivals.some(({ roleARN }) => roleARN === current);
    if (current !== undefined && !isRivals) return { state: 'Conflict', holder: 'written by somebody else' };
  }
  await annotate(client, serviceAccount, request.desired);
  return { state: 'Annotated' };
}
