import type { KubeClient } from '../../runtime/kube-client.ts';
import type { Reached } from '../clusters.ts';
import { type Once, once } from '../once.ts';
import type { IssuerPass } from './context.ts';

/** What the workload cluster's API server says of the tokens that it issues. Undefined: it cannot be asked now, or does not say. */
export interface ClusterTokens {
  /** The way to the cluster. Throws InvalidKubeconfigError. */
  readonly way: Once<Reached>;
  /** The issuer that new tokens carry. */
  readonly issuer: Once<string | undefined>;
  /** The keys that tokens are verified by, in JSON. */
  readonly keySet: Once<unknown>;
}

/** The conditions of the roles say what is wrong with the way to the cluster. */
export function clusterTokens({
  services,
  object,
  pass,
}: Pick<IssuerPass, 'services' | 'object' | 'pass'>): ClusterTokens {
  const reached = once(() => services.clusters.reach(object));
  const ask = <T>(question: (client: KubeClient) => Promise<T>) =>
    once(async () => {
      try {
        const way = await reached();
        return way.state === 'connected' ? await question(way.client) : undefined;
      } catch (error) {
        pass.signal.throwIfAborted();
        pass.logger.debug('the cluster does not tell of its tokens', { error });
        return undefined;
      }
    });
  return { way: reached, issuer: ask((client) => client.issuer()), keySet: ask((client) => client.keySet()) };
}
