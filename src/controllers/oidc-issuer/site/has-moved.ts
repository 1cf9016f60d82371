import { annotations } from '../../../api/names.ts';
import { InvalidKubeconfigError } from '../../../runtime/workload-clusters.ts';
import type { IssuerPass } from '../context.ts';

/**
 * Whether the cluster's new tokens carry this URL: its API server names it in its own discovery document, or, where the operator
 * does not reach the cluster, somebody says so on the object. Asked only while a former site waits for it.
 */
export async function hasMoved({ services, object, status, pass }: IssuerPass, url: string): Promise<boolean> {
  const isWaitedFor = (status.sites ?? []).some((site) => site.url !== url && site.phase === 'Serving');
  if (!isWaitedFor) return false;
  if (object.metadata.annotations?.[annotations.migrated] === url) return true;
  try {
    const reached = await services.clusters.reach(object);
    return reached.state === 'connected' && (await reached.client.issuer()) === url;
  } catch (error) {
    pass.signal.throwIfAborted();
    // Nobody is harmed by waiting, and the roles' conditions say what is wrong with the way to the cluster.
    const known = error instanceof InvalidKubeconfigError ? 'invalid kubeconfig' : 'unreachable';
    pass.logger.debug('the cluster does not tell its issuer', { why: known });
    return false;
  }
}
