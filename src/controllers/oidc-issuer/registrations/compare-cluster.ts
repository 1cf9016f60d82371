import { findCondition } from '../../../api/conditions.ts';
import { unpublished } from '../../../oidc/served.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import type { AcceptedSite, IssuerPass } from '../context.ts';
import { servedURLs, type SiteEntry } from '../site/site.ts';
import { readKeys } from './look.ts';

/** Whoever has the cluster may write as much as it likes. */
const longestShown = 200;
const mostShown = 10;

/**
 * Compares what the workload cluster's API server says of its own tokens with what is published. A cluster that cannot be asked
 * is no finding. Nor is one whose tokens carry an issuer that is not ours: an issuer is ready before its cluster uses it.
 */
export async function compareCluster(context: AcceptedSite): Promise<Outcome> {
  const { cluster, site, status } = context;
  const named = await cluster.issuer();
  if (named === undefined) return ready;
  if (tokenURLs(site.entry, context).includes(named)) return compareKeys(context);
  const sites = (status.sites ?? []).filter(({ phase }) => phase !== 'Retiring');
  const isKnown = sites.some((entry) => tokenURLs(entry, context).includes(named));
  if (isKnown || site.entry.phase !== 'Current') return ready;
  const message =
    `the cluster's new tokens carry ${named.slice(0, longestShown)}, which is not published here, so AWS does not accept them: ` +
    `its API servers need --service-account-issuer=${site.url} first, and the issuer that they have now after it ` +
    '(docs/platforms says how on each platform)';
  tellOnce(context, message, () => context.pass.event('Warning', 'ClusterIssuerDiffers', message));
  return { state: 'ready', message };
}

/** The URLs of a site that AWS accepts tokens of. */
function tokenURLs(entry: SiteEntry, { status }: IssuerPass): readonly string[] {
  const registered = (status.providers ?? []).map(({ url }) => url);
  return servedURLs(entry).filter((url) => url === entry.url || registered.includes(url));
}

/**
 * The key set holds all keys by which tokens are verified, and does not tell which one signs. So if only some are not published,
 * they may be former keys, which do no harm.
 */
async function compareKeys(context: AcceptedSite): Promise<Outcome> {
  const { cluster, seen, services, site } = context;
  // Somebody else publishes the keys of an external issuer.
  if (!site.entry.bucket) return ready;
  const keySet = await cluster.keySet();
  const published = (seen.published ??= await readKeys(context));
  const { kids, isAll } = unpublished(keySet, published);
  if (kids.length === 0) return ready;
  const names = [...kids.slice(0, mostShown), ...(kids.length > mostShown ? ['…'] : [])].join(', ');
  if (isAll) {
    const message =
      `the cluster's API server signs with a key that is not published, so AWS accepts none of its tokens: it knows only key ` +
      `${names}. ${remedyOf(context)}`;
    const requeueAfter = services.settings.intervals.missing;
    return { state: 'waiting', reason: 'KeyNotPublished', message, requeueAfter };
  }
  const message =
    `the cluster's API server also knows key ${names}, which is not published. A former key that only verifies does no harm, ` +
    `but AWS accepts no token that it signs. ${remedyOf(context)}`;
  tellOnce(context, message, () => context.pass.event('Warning', 'KeyNotPublished', message));
  return { state: 'ready', message };
}

function remedyOf({ object }: IssuerPass): string {
  const { secretRef, generate } = object.spec.signingKeys ?? {};
  if (secretRef) return `To publish it, add it to entry ${secretRef.key} of Secret ${secretRef.name}`;
  if (generate) return `The API servers have to sign with the key in Secret ${generate.secretName}`;
  return 'The operator publishes it with the next look';
}

/** The condition stays True, so the loop itself sends no event. */
function tellOnce({ object }: IssuerPass, message: string, tell: () => void): void {
  const before = findCondition(object.status?.conditions, 'Verified')?.message ?? '';
  if (!before.includes(message)) tell();
}
