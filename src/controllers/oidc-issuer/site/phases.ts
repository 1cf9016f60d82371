import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import { hours } from '../../../runtime/duration.ts';
import { toTime } from '../time.ts';
import type { SiteEntry } from './site.ts';

/** For this time tokens may live that were issued before the cluster turned to another site. */
const keyRetention = hours(25);

/** What decides whether the former sites go on. */
export interface Progress {
  readonly now: Date;
  readonly providers: OIDCIssuerStatus['providers'];
  /** The cluster's new tokens carry the current site's URL. */
  readonly hasMoved: boolean;
}

/**
 * The sites after this moment, the current one first. A former site serves until the cluster's new tokens carry the current URL,
 * then drains until no token with its own URL lives any more, and then is retired. Nothing of that begins before IAM trusts the
 * current site. A site that IAM never trusted served nobody.
 */
export function advance(
  known: readonly SiteEntry[],
  current: SiteEntry,
  { now, providers = [], hasMoved }: Progress,
): SiteEntry[] {
  const isTrusted = ({ url }: SiteEntry) => providers.some((provider) => provider.url === url);
  const turn = (entry: SiteEntry, phase: SiteEntry['phase']): SiteEntry =>
    entry.phase === phase ? entry : { ...entry, phase, since: toTime(now) };
  const former = known
    .filter(({ url }) => url !== current.url)
    .map((entry) => {
      if (!isTrusted(entry)) return turn(entry, 'Retiring');
      if (entry.phase === 'Current') return turn(entry, 'Serving');
      if (!isTrusted(current)) return entry;
      if (entry.phase === 'Serving' && hasMoved) return turn(entry, 'Draining');
      const isDrained = now.getTime() - Date.parse(entry.since) >= keyRetention;
      return entry.phase === 'Draining' && isDrained ? turn(entry, 'Retiring') : entry;
    });
  return [turn(current, 'Current'), ...former];
}
