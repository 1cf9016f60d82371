import { isOurs } from '../../aws/ownership.ts';
import { issuerURL } from '../../oidc/issuer-url.ts';
import { leftAlone } from '../ownership.ts';
import type { IssuerContext, IssuerRemoval } from './context.ts';
import { mayBeNew } from './propagation.ts';
import { mayBeRegistered } from '../issuer-contract.ts';

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
  const own = observed !== undefined && isOurs(observed.tags, owner);
  if (own) await account.providers.delete(observed.arn);
  else if (observed) leftAlone(pass, `IAM OIDC provider ${observed.arn}`);
  if (recorded) status.providers = providers.filter((provider) => provider.url !== url);
  if (status.providers?.length === 0) delete status.settled;
  return own ? 'deleted' : 'none';
}

/**
 * For a name behind the issuer's URL that is proven not to be ours: who has or takes it can publish keys, and so no provider
 * may trust it. Once it is ours again, the providers are registered anew.
 */
export async function withdraw(context: IssuerContext, proof: string): Promise<void> {
  const { desired, issuer, pass, status } = context;
  if (!mayBeRegistered(issuer)) return;
  const own = status.distribution ? [issuerURL(status.distribution.domainName)] : [];
  // Not only those of the status: the last one made may have missed it.
  const urls = new Set([...(status.providers ?? []).map(({ url }) => url), desired.issuerURL, ...own]);
  const gone: string[] = [];
  for (const url of urls) if ((await removeProvider(context, url)) === 'deleted') gone.push(url);
  if (gone.length === 0) return;
  const message = `IAM trusts ${gone.join(' and ')} no more, until the name is ours again: ${proof}`;
  pass.event('Warning', 'ProvidersWithdrawn', message);
}
