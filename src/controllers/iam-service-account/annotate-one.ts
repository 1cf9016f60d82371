import type { KubernetesObject } from '../../api/meta.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { isNotFound } from '../../runtime/kube-error.ts';
import {
  type Annotations,
  annotate,
  createAnnotated,
  foreignAnnotations,
  isRoleOurs,
  roleOf,
  writtenRole,
} from './annotations.ts';
import type { ServiceAccountState } from './record.ts';
import type { Rival } from './rivals.ts';

/** What one service account should carry. */
export interface AnnotationRequest {
  readonly roleARN: string;
  readonly desired: Annotations;
  /** Whether a service account that does not exist is made. */
  readonly creates: boolean;
  readonly rivals: () => readonly Rival[];
}

interface Annotated {
  readonly state: ServiceAccountState;
  /** Only for a conflict: who holds the service account. */
  readonly holder?: string;
  /** Whether this pass wrote anything. */
  readonly written?: boolean;
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
  const { roleARN, desired, creates } = request;
  const serviceAccount = await client.find<KubernetesObject>(serviceAccounts, ref);
  if (!serviceAccount && !creates) return { state: 'NotFound' };
  const current = serviceAccount && roleOf(serviceAccount);
  if (current !== roleARN) {
    const rivals = request.rivals();
    const older = rivals.find(({ isOlder }) => isOlder);
    if (older) return { state: 'Conflict', holder: `held by ${older.name}, which is older` };
    const isRivals = serviceAccount && isRoleOurs(serviceAccount) && rivals.some((rival) => rival.roleARN === current);
    if (serviceAccount && current !== undefined && !isRivals)
      return { state: 'Conflict', holder: writtenRole(serviceAccount) };
  }
  if (!serviceAccount) return create(client, ref, desired);
  const [foreign] = foreignAnnotations(serviceAccount, desired);
  if (foreign !== undefined) return { state: 'Conflict', holder: foreign };
  return { state: 'Annotated', written: await annotate(client, serviceAccount, desired) };
}

async function create(client: KubeClient, ref: NamespacedName, desired: Annotations): Promise<Annotated> {
  try {
    await createAnnotated(client, ref, desired);
    return { state: 'Annotated', written: true };
  } catch (error) {
    // Its namespace is not there.
    if (isNotFound(error)) return { state: 'NotFound' };
    throw error;
  }
}
