import { isAlreadyExists, isInUse, isLimitExceeded } from '../../../aws/errors.ts';
import type { OriginAccessControl, OriginAccessControls } from '../../../aws/origin-access-controls.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { leftAlone } from '../../ownership.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { isReadByAnother } from './readers.ts';

/** Gives the id of the one with our bucket's name, and makes sure that it signs. Without a signature the bucket answers nobody. */
export async function ensureOriginAccessControl({ account, site }: AcceptedSite): Promise<string> {
  const { originAccessControls } = account;
  const { name } = site.bucket;
  // One that was made for a distribution is mostly still there.
  const found = site.entry.distribution && (await originAccessControls.find(name));
  const { id, signs } = found ?? (await create(originAccessControls, name));
  if (!signs) await originAccessControls.update(id);
  return id;
}

/** Creates first. A full account may refuse before it says that there is one of this name. */
async function create(controls: OriginAccessControls, name: string): Promise<OriginAccessControl> {
  try {
    return await controls.create(name);
  } catch (error) {
    const there = isAlreadyExists(error) || isLimitExceeded(error) ? await controls.find(name) : undefined;
    if (!there) throw error;
    return there;
  }
}

/** It has no tags. It is ours if our bucket has its name, or if a distribution of ours was made with it. */
export async function removeOriginAccessControl(context: SiteContext): Promise<Outcome> {
  const { account, services, site, pass } = context;
  const { name } = site.bucket;
  if (isReadByAnother(context)) return ready;
  const found = await account.originAccessControls.find(name);
  if (!found) return ready;
  // A bucket that never was ours had no distribution of ours.
  const wasRead = site.bucket.isPresent || site.bucket.entry.owned;
  if (!(wasRead && (await context.ownDomain()) !== undefined) && !(await context.ownBucket())) {
    leftAlone(pass, `origin access control ${name}`);
    return ready;
  }
  try {
    await account.originAccessControls.delete(found.id);
    return ready;
  } catch (error) {
    if (!isInUse(error)) throw error;
    const message = `CloudFront still counts origin access control ${name} as in use`;
    const requeueAfter = services.settings.intervals.distribution;
    return { state: 'waiting', reason: 'InUse', message, requeueAfter };
  }
}
