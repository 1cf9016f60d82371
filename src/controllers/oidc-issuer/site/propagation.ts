import { type ConditionType, findCondition } from '../../../api/conditions.ts';
import type { SiteContext, IssuerServices } from '../context.ts';

/**
 * Whether the thing behind a condition may be so new that not finding it proves nothing: the condition turned True just now, or
 * it was not True yet and the issuer was deleted just now, or the site itself is new, or its bucket was asked for just now.
 */
export function mayBeNew(
  { object, services, site }: Pick<SiteContext, 'object' | 'services' | 'site'>,
  type: ConditionType,
): boolean {
  const { metadata, status } = object;
  const { clock, settings } = services;
  const { phase, since } = site.entry;
  if (phase === 'Current' && isNew({ clock, settings }, new Date(since))) return true;
  const asked = type === 'BucketReady' ? site.bucket.entry.since : undefined;
  if (asked !== undefined && isNew({ clock, settings }, new Date(asked))) return true;
  const condition = findCondition(status?.conditions, type);
  const madeBefore = condition?.status === 'True' ? condition.lastTransitionTime : metadata.deletionTimestamp;
  return madeBefore !== undefined && isNew({ clock, settings }, new Date(madeBefore));
}

/** Whether something of that age may not be seen everywhere on AWS yet. */
export const isNew = ({ clock, settings }: Pick<IssuerServices, 'clock' | 'settings'>, madeAt: Date): boolean =>
  clock.now().getTime() - madeAt.getTime() < settings.intervals.propagation;
