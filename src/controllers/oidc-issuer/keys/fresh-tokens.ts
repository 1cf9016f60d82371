import type { AcceptedSite } from '../context.ts';
import type { FreshTokens } from './rotation.ts';

/**
 * The service account for which tokens are asked. Every cluster has it, no pod runs in its namespace, and nobody gives it power. So
 * whoever may ask for its tokens, which is what RBAC has to let us do, gains nothing by it.
 */
const account = { namespace: 'kube-node-lease', name: 'default' };
/** Nobody takes tokens that are for this audience. */
const audience = 'irsa-operator-rotation';
/**
 * A connection each, so that a load balancer leads them to several API servers. They are asked for all at once, so that a slow
 * server takes no longer than one call may.
 */
const asked = 5;

/** Asks the cluster for tokens, and learns which keys signed them. Of the tokens themselves nothing is kept. */
export async function freshTokens({ services, object, pass }: AcceptedSite): Promise<FreshTokens> {
  const seen = new Set<string>();
  if (!object.spec.cluster) return { seen };
  try {
    const reached = await services.clusters.reach(object);
    if (reached.state !== 'connected') return { seen, why: reached.message };
    const { client } = reached;
    const answers = await Promise.allSettled(Array.from({ length: asked }, () => client.signingKey(account, audience)));
    for (const answer of answers) if (answer.status === 'fulfilled') seen.add(answer.value);
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
    return { seen };
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.debug('the cluster issues no tokens for us', { error });
    return { seen, why: error instanceof Error ? error.message : String(error) };
  }
}
