import { isOwned } from '../../aws/tags.ts';
import { issuerURL } from '../../oidc/issuer-url.ts';
import type { TerminalError } from '../explain.ts';
import { type IssuerContext, type IssuerRemoval, leftAlone } from './context.ts';
import { mayBeNew } from './propagation.ts';

/**
 * Deletes the provider of this URL if it is ours, and strikes it from the status.
 * `notSeen`: it is so new that IAM may not show it yet; it stays in the status, to be looked for again.
 */
export async function removeProvider(
  context: IssuerContext | IssuerRemoval,
  url: string,
): Promise<'deleted' | 'none' | 'notSeen'> {
  const { account, owner, status, pass } = context;
  const { providers = [] } = status;
  const observed = await account.providers.find(account.providers.arn(url));
  const recorded = providers.some((provider) => provider.url === url);
  if (!observed && recorded && mayBeNew(context, 'ProvidersReady')) return 'notSeen';
  const own = observed !== undefined && isOwned(observed.tags, owner);
  if (own) await account.providers.delete(observed.arn);
  else if (observed) leftAlone(pass, `IAM OIDC provider ${observed.arn}`);
  if (recorded) status.providers = providers.filter((provider) => provider.url !== url);
  return own ? 'deleted' : 'none';
}

/**
 * To be thrown where a name behind the issuer's URL is proven to be somebody else's: who has it can publish keys, and so no
 * provider may trust it. Once it is ours again, the providers are registered anew. A refused read is no such proof.
 */
export async function withdrawn(context: IssuerContext, proof: TerminalError): Promise<TerminalError> {
  const gone: string[] = [];
  for (const url of registered(context)) {
    if ((await removeProvider(context, url)) === 'deleted') gone.push(url);
  }
  if (gone.length > 0) {
    const message = `IAM trusts ${gone.join(' and ')} no more, until the name is ours again: ${proof.message}`;
    context.pass.event('Warning', 'ProvidersWithdrawn', message);
  }
  return proof;
}

/** Where the status is lost: under all URLs that may be. */
function registered({ desired, status }: IssuerContext): readonly string[] {
  if (status.providers) return status.providers.map(({ url }) => url);
  return [desired.issuerURL, ...(status.distribution ? [issuerURL(status.distribution.domainName)] : [])];
}
