import { toTime } from '../time.ts';
import type { SiteEntry } from './site.ts';

/** What decides whether the former sites go on. */
export interface Progress {
  readonly now: Date;
  /** The URLs that IAM trusts or has trusted. */
  readonly trusted: ReadonlySet<string>;
  /** Whether the cluster's new tokens carry the current site's URL. Undefined: nobody can tell now. */
  readonly hasMoved: boolean | undefined;
  /** Milliseconds for which tokens may live that were issued before the cluster turned to another site. */
  readonly keyRetention: number;
}

/**
 * The sites after this moment, the current one first. A former site serves until the cluster's new tokens carry the current URL,
 * then drains until no token with its own URL lives any more, and then is retired. A cluster that turns back makes it serve again.
 * Nothing of that begins before IAM trusts the current site. A site that IAM never trusted served nobody.
 */
export function advance(
  known: readonly SiteEntry[],
  current: SiteEntry,
  { now, trusted, hasMoved, keyRetention }: Progress,
): SiteEntry[] {
  const turn = (entry: SiteEntry, phase: SiteEntry['phase']): SiteEntry =>
    entry.phase === phase ? entry : { ...entry, phase, since: toTime(now) };
  const isDrained = ({ since }: SiteEntry) => now.getTime() - Date.parse(since) >= keyRetention;
  const former = known
    .filter(({ url }) => url !== current.url)
    .map((entry) => {
      if (!trusted.has(entry.url)) return turn(entry, 'Retiring');
      if (entry.phase === 'Current') return turn(entry, 'Serving');
      if (!trusted.has(current.url)) return entry;
      if (entry.phase === 'Serving') return hasMoved ? turn(entry, 'Draining') : entry;
      if (entry.phase !== 'Draining') return entry;
      if (hasMoved === false) return turn(entry, 'Serving');
      return isDrained(entry) ? turn(entry, 'Retiring') : entry;
    });
  return [turn(current, 'Current'), ...former];
}
