import { annotations } from '../../../api/names.ts';
import type { OIDCIssuer } from '../../../api/kinds.ts';
import type { IssuerPass } from '../context.ts';
import type { SiteEntry } from './site.ts';

/**
 * Whether the cluster's new tokens carry this URL: its API server says so in its own discovery document, or, where that cannot be
 * read, somebody does on the object. Undefined: nobody can tell. Asked only while a former site depends on it.
 */
export async function hasMoved(issuer: IssuerPass, url: string): Promise<boolean | undefined> {
  const depends = (issuer.status.sites ?? []).some(
    (site) => site.url !== url && (site.phase === 'Serving' || site.phase === 'Draining'),
  );
  if (!depends) return undefined;
  const named = await issuer.cluster.issuer();
  if (named !== undefined) return named === url;
  const isStale = issuer.status.sites?.find((site) => site.url === url)?.staleAnnotation ?? false;
  return names(issuer.object, url) && !isStale ? true : undefined;
}

const names = ({ metadata }: OIDCIssuer, url: string) => metadata.annotations?.[annotations.migrated] === url;

/** An annotation that named the URL before the site was the current one says nothing about this migration. */
export function withAnnotation(current: SiteEntry, { object, status }: IssuerPass): SiteEntry {
  const { staleAnnotation = false, ...entry } = current;
  if (!names(object, entry.url)) return entry;
  const wasCurrent = (status.sites ?? []).some(({ url, phase }) => url === entry.url && phase === 'Current');
  return staleAnnotation || !wasCurrent ? { ...entry, staleAnnotation: true } : current;
}
