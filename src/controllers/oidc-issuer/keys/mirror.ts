import { keysOfSet } from '../../../oidc/jwk-source.ts';
import type { Outcome } from '../../../runtime/step.ts';
import type { AcceptedSite } from '../context.ts';
import { parsed, take, waiting } from './source.ts';

/**
 * Publishes the keys by which the cluster's API server verifies tokens. If the cluster cannot be reached, the error says so, and
 * what was published stays.
 */
export async function mirror(context: AcceptedSite): Promise<Outcome> {
  const { services, object } = context;
  const reached = await services.clusters.reach(object);
  if (reached.state === 'noWay') return waiting(context, 'SecretNotFound', reached.message);
  if (reached.state === 'blocked') return waiting(context, reached.reason, reached.message);
  const keySet = await reached.client.keySet();
  const what = 'the key set of the API server (/openid/v1/jwks)';
  return take(
    context,
    parsed(what, () => keysOfSet(keySet, 'AsServed')),
    what,
  );
}
