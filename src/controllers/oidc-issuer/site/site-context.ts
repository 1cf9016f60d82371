import { isAnotherClusters, isOurs } from '../../../aws/ownership.ts';
import { once } from '../../once.ts';
import { leftAlone, mustShowTags } from '../../ownership.ts';
import type { IssuerPass, SiteContext } from '../context.ts';
import { isNew, mayBeNew } from './propagation.ts';
import { findBucket, findOwnDistribution, sorted, traitsOf } from './recovery.ts';
import type { Site } from './site.ts';
import { findAll, findPlace, findPrivate } from './zones.ts';

/**
 * The site in one pass. What is asked of AWS for it is read when it is first needed, and once.
 * @param fresh whether the zone is looked for anew, because somebody may just have made the one that the site needs
 */
export function siteContext(issuer: IssuerPass, site: Site, { fresh = false } = {}): SiteContext {
  const { account, services, object, owner, pass } = issuer;
  const { entry } = site;
  const bucketThere = once(async () => {
    if (!entry.bucket) return undefined;
    const { name, owned: isRecorded } = site.bucket.entry;
    const there = await findBucket(account, name, { region: object.spec.region, isRecorded, pass });
    if (!there) return undefined;
    const what = `bucket ${name}`;
    mustShowTags({ what, tags: there.tags, isNew: mayBeNew({ ...issuer, site }, 'BucketReady') });
    if (!isOurs(there.tags, owner)) leftAlone(pass, what);
    return there;
  });
  const ownBucket = async () => {
    const there = await bucketThere();
    return there && isOurs(there.tags, owner) ? there : undefined;
  };
  /** Only our own bucket proves that what reads it is ours. */
  const search = async () => {
    if (entry.hosting !== 'CloudFront') return {};
    const { alias, origin } = traitsOf(site);
    return findOwnDistribution(account, { alias, owner, origin: (await ownBucket()) && origin });
  };
  const found = once(async () => {
    const { distribution } = entry;
    const sorting = distribution ? sorted(await account.distributions.find(distribution.id), owner) : await search();
    const { foreign } = sorting;
    if (foreign) {
      const what = `distribution ${foreign.id}`;
      mustShowTags({ what, tags: foreign.tags, isNew: isNew(services, foreign.changedAt) });
      leftAlone(pass, what);
    }
    return sorting;
  });
  return {
    ...issuer,
    site,
    records: once(() => findPlace(issuer, site, { fresh })),
    privateRecords: once(() => findPrivate(issuer, site)),
    allRecords: once(() => findAll(issuer, site)),
    ownBucket,
    isTakenOver: async () => {
      const there = await bucketThere();
      return there !== undefined && isAnotherClusters(there.tags, owner);
    },
    ownDistribution: once(async () => (await found()).own),
    ownDomain: once(async () => {
      const { own, foreign } = await found();
      const recorded = foreign || !(await ownBucket()) ? undefined : entry.distribution;
      return (own ?? recorded)?.domainName;
    }),
  };
}
