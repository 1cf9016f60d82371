import { jwksKey } from '../../../oidc/discovery.ts';
import { parseEntries } from '../../../oidc/jwks.ts';
import { judge, type Verdict } from '../../../oidc/served.ts';
import type { AcceptedSite } from '../context.ts';
import { keyOf } from '../site/site.ts';
import { isNoAnswer, isNoResolver, isUnresolved } from './no-answer.ts';

/**
 * A verdict, and of one that is `unproven` for want of an answer what is missing: the name is unknown to the resolver
 * (`unresolved`), the resolver does not answer or fails (`noResolver`), or the server does not answer (`none`).
 */
export type Looked = Verdict & { readonly answer?: 'unresolved' | 'noResolver' | 'none' };

/** Looks at the URL as STS would, and judges by the keys in our bucket whether somebody else answers there. */
export async function look(context: AcceptedSite, url: string): Promise<Looked> {
  const { services, site, pass, seen } = context;
  const { url: issuer, jwksURI } = site;
  let served;
  try {
    served = await services.documents.fetch(url, jwksURI, pass.signal);
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.debug('documents not served', { error });
    const message = error instanceof Error ? error.message : String(error);
    const answer = answerOf(error);
    return { state: 'unproven', message, ...(answer && { answer }) };
  }
  const before = seen.published ?? (await readKeys(context));
  const verdict = judge(url, served, { issuer, jwksURI, keys: before });
  if (verdict.state !== 'foreign') return verdict;
  // Another writer may have published the key a moment before it was served.
  return judge(url, served, { issuer, jwksURI, keys: [...before, ...(await readKeys(context))] });
}

/** Undefined: there was an answer, if not the right one. */
function answerOf(error: unknown): Looked['answer'] {
  if (isUnresolved(error)) return 'unresolved';
  if (isNoResolver(error)) return 'noResolver';
  return isNoAnswer(error) ? 'none' : undefined;
}

/** Tells without a call to AWS whether something else is served under the URL than when it could not be told whose it is. */
export function served({ services, site, seen }: AcceptedSite, url: string) {
  const { documents } = services;
  const { url: issuer, jwksURI } = site;
  const keys = seen.published ?? [];
  return async (signal: AbortSignal): Promise<boolean> => {
    try {
      return judge(url, await documents.fetch(url, jwksURI, signal), { issuer, jwksURI, keys }).state !== 'unproven';
    } catch {
      return false;
    }
  };
}

async function readKeys({ account, object: issuer, site }: AcceptedSite): Promise<readonly unknown[]> {
  const object = await account.buckets(issuer.spec.region).findObject(site.bucket.name, keyOf(site, jwksKey));
  return object ? parseEntries(object.body) : [];
}
