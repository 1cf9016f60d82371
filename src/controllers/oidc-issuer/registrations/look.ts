import { NotSent } from '../../../aws/plan.ts';
import { jwksKey, jwksURL } from '../../../oidc/discovery.ts';
import { parseEntries } from '../../../oidc/jwks.ts';
import { judge, judgeExternal, type Served, type Verdict } from '../../../oidc/served.ts';
import type { AcceptedSite } from '../context.ts';
import { bucketsOf, keyOf, siteOf } from '../site/site.ts';
import { isNoAnswer, isNoResolver, isRefused, isUnauthorized, isUnresolved } from './no-answer.ts';

/**
 * A verdict, and of one that is `unproven` for want of an answer what is missing: the name is unknown to the resolver
 * (`unresolved`), the resolver does not answer or fails (`noResolver`), the server does not answer (`none`), or it answers that it
 * does not serve us (`refused`, `unauthorized`).
 */
export type Looked = Verdict & { readonly answer?: 'unresolved' | 'noResolver' | 'none' | 'refused' | 'unauthorized' };

/** Looks at the URL as STS would, and judges by the keys in our bucket whether somebody else answers there. */
export async function look(context: AcceptedSite, url: string): Promise<Looked> {
  const looked = await lookNow(context, url);
  // What is served after those changes may be right.
  if (looked.state === 'unproven' && context.pass.plan?.hasChanges) throw new NotSent('what is changed before');
  return looked;
}

async function lookNow(context: AcceptedSite, url: string): Promise<Looked> {
  const { pass, seen } = context;
  let served;
  try {
    served = await fetch(context, url, pass.signal);
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.debug('documents not served', { error });
    const message = error instanceof Error ? error.message : String(error);
    const answer = answerOf(error);
    return { state: 'unproven', message, ...(answer && { answer }) };
  }
  const before = (seen.published ??= await readKeys(context));
  const verdict = verdictOf(context, url, { served, keys: before });
  if (verdict.state !== 'foreign') return verdict;
  // Another writer may have published the key a moment before it was served.
  return verdictOf(context, url, { served, keys: [...before, ...(await readKeys(context))] });
}

const isExternal = ({ site }: AcceptedSite) => site.entry.hosting === 'External';

/** The keys of an issuer that somebody else hosts are anywhere, and nothing of ours to compare them with. */
function fetch(context: AcceptedSite, url: string, signal: AbortSignal): Promise<Served> {
  const { documents } = context.services;
  return documents.fetch(url, isExternal(context) ? undefined : jwksURL(url), signal);
}

function verdictOf(
  context: AcceptedSite,
  url: string,
  { served, keys }: { readonly served: Served; readonly keys: readonly unknown[] },
): Verdict {
  const { jwksURI } = context.site;
  return isExternal(context) ? judgeExternal(url, served) : judge(url, served, { jwksURI, keys });
}

/** Undefined: something was served, if not the right thing. */
function answerOf(error: unknown): Looked['answer'] {
  if (isUnresolved(error)) return 'unresolved';
  if (isNoResolver(error)) return 'noResolver';
  if (isRefused(error)) return 'refused';
  if (isUnauthorized(error)) return 'unauthorized';
  return isNoAnswer(error) ? 'none' : undefined;
}

/** Tells without a call to AWS whether something else is served under the URL than when it could not be told whose it is. */
export function served(context: AcceptedSite, url: string) {
  const keys = context.seen.published ?? [];
  return async (signal: AbortSignal): Promise<boolean> => {
    try {
      const verdict = verdictOf(context, url, { served: await fetch(context, url, signal), keys });
      return verdict.state !== 'unproven';
    } catch {
      return false;
    }
  };
}

/** What our buckets hold from which edges may read. */
export async function readKeys({ account, object, site }: AcceptedSite): Promise<readonly unknown[]> {
  const keys: unknown[] = [];
  for (const bucket of bucketsOf(site.entry).filter((each) => each === site.entry.bucket || each.owned)) {
    const its = siteOf(site.entry, { object, accountID: account.id, bucket });
    const found = await account.buckets(object.spec.region).findObject(its.bucket.name, keyOf(its, jwksKey));
    keys.push(...(found ? parseEntries(found.body) : []));
  }
  return keys;
}
