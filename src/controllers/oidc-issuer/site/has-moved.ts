import { annotations } from '../../../api/names.ts';
import type { IssuerPass } from '../context.ts';

/**
 * Whether the cluster's new tokens carry this URL: its API server says so in its own discovery document, or, where that cannot be
 * read, somebody does on the object. Undefined: nobody can tell. Asked only while a former site depends on it.
 */
export async function hasMoved(issuer: IssuerPass, url: string): Promise<boolean | undefined> {
  const depends = (issuer.status.sites ?? []).some(
    (site) => site.url !== url && (site.phase === 'Serving' || site.phase === 'Draining'),
  );
  if (!depends) return undefined;
  const named = await issuerOfCluster(issuer);
  if (named !== undefined) return named === url;
  return issuer.object.metadata.annotations?.[annotations.migrated] === url ? true : undefined;
}

/** Undefined if the cluster cannot be asked. The conditions of the roles say what is wrong with the way to it. */
async function issuerOfCluster({ services, object, pass }: IssuerPass): Promise<string | undefined> {
  try {
    const reached = await services.clusters.reach(object);
    return reached.state === 'connected' ? await reached.client.issuer() : undefined;
  } catch {
    pass.signal.throwIfAborted();
    return undefined;
  }
}
