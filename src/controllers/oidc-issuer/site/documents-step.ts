import type { BucketObject, Buckets } from '../../../aws/buckets.ts';
import { isPreconditionFailed } from '../../../aws/errors.ts';
import { discoveryDocument, discoveryKey, jwksKey } from '../../../oidc/discovery.ts';
import {
  excessiveKind,
  isReleased,
  type JwksObject,
  maxKeysOfKind,
  merge,
  type PublishedKey,
  released,
  renderJwks,
  takeUp,
} from '../../../oidc/jwks.ts';
import { sameJson } from '../../../runtime/json.ts';
import { ready, type Step } from '../../../runtime/step.ts';
import { TerminalError } from '../../explain.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { toTime } from '../time.ts';
import { bucketsOf, keyOf, siteOf } from './site.ts';

const contentType = 'application/json';

/** The key set, then the discovery document that names it. */
export const documentsStep: Step<AcceptedSite, SiteContext> = {
  condition: 'DocumentsPublished',
  needs: ['SigningKeysReady', 'BucketReady'],
  rests: true,

  async reconcile(context) {
    const { account, desired, object, services, site, source, status, seen } = context;
    if (site.url === '') {
      const message = "waits for the distribution, whose name becomes the issuer's URL";
      return { state: 'waiting', reason: 'DependencyNotReady', message };
    }
    const buckets = account.buckets(object.spec.region);
    // Nothing is in a bucket that this pass made. If something is there all the same, the write fails and it is read.
    const find = async (document: string) =>
      seen.bucket === 'new' ? undefined : buckets.findObject(site.bucket.name, keyOf(site, document));
    const observed = await find(jwksKey);
    const now = services.clock.now();
    if (!observed && site.bucket.isPresent) await recordRead(context);
    // A bucket beside the present one holds what is there: edges may read either.
    const published = site.bucket.isPresent
      ? (observed ?? (await inherited(context)))
      : ((await inherited(context)) ?? observed);
    const taken = published && takeUp(published, source.read, now);
    const before = taken?.keys ?? [];
    const keys = source.read ? merge(before, source.read, { now, retention: desired.keyRetention }) : before;
    const excess = excessiveKind(keys);
    if (excess) {
      const message = `${excess.count} ${excess.kind} keys would be published, and STS takes at most ${maxKeysOfKind} of a kind`;
      throw new TerminalError('LimitExceeded', message);
    }
    try {
      const rendered = renderJwks(keys);
      const keySet = taken?.isReleased ? released(rendered) : rendered;
      await put(buckets, context, { key: keyOf(site, jwksKey), observed, desired: keySet });
      announceLeftBehind(context, taken?.leftBehind ?? []);
      if (site.entry.phase === 'Current' && site.bucket.isPresent) {
        announce(context, before, keys);
        status.keys = keys.map(toStatus);
      }
      seen.published = keys.map(({ jwk }) => jwk);
      const key = keyOf(site, discoveryKey);
      const discovery = await find(discoveryKey);
      const body = `${JSON.stringify(discoveryDocument(site.url, site.jwksURI), null, 2)}\n`;
      await put(buckets, context, { key, observed: discovery, desired: { body, metadata: {} } });
    } catch (error) {
      if (!isPreconditionFailed(error)) throw error;
      const message = 'somebody else changed the documents at the same moment: the operator reads them again';
      const requeueAfter = services.settings.intervals.documents;
      return { state: 'waiting', reason: 'AwaitingReconciliation', message, requeueAfter };
    }
    return ready;
  },

  async remove({ account, object, ownBucket, site }) {
    const bucket = await ownBucket();
    if (!bucket) return ready;
    const buckets = account.buckets(object.spec.region);
    for (const key of [discoveryKey, jwksKey]) await buckets.deleteObject(bucket.name, keyOf(site, key));
    return ready;
  },
};

/** The documents go on as they are. Who makes an issuer under this name later learns that these were another's. */
export async function release({ account, object, ownBucket, site }: SiteContext): Promise<void> {
  if (!(await ownBucket())) return;
  const buckets = account.buckets(object.spec.region);
  const key = keyOf(site, jwksKey);
  const observed = await buckets.findObject(site.bucket.name, key);
  if (!observed || isReleased(observed)) return;
  await buckets.putObject(site.bucket.name, key, { ...released(observed), contentType, etag: observed.etag });
}

/** A status that is old or lost may not name the bucket that the distribution reads. */
async function recordRead({ site, status, ownDistribution }: AcceptedSite): Promise<void> {
  const { entry } = site;
  const mayBeRead = entry.distribution !== undefined || (status.providers ?? []).some(({ url }) => url === entry.url);
  if (entry.hosting !== 'CloudFront' || !mayBeRead) return;
  const distribution = await ownDistribution();
  if (!distribution) return;
  const { originDomain, originPath } = distribution.origin;
  const name = originDomain.split('.')[0] ?? '';
  if (bucketsOf(entry).some((bucket) => bucket.name === name)) return;
  const read = { name, ...(originPath !== '' && { path: originPath }), owned: true };
  entry.formerBuckets = [read, ...(entry.formerBuckets ?? [])];
  const { id, arn, domainName } = distribution;
  entry.distribution = { id, arn, domainName, state: 'InProgress' };
}

/**
 * The keys of the site's other buckets, the present one first, or of the sites before it, out of buckets of ours: tokens that a key of
 * theirs signed may live.
 */
async function inherited({ account, object, site, status }: AcceptedSite): Promise<BucketObject | undefined> {
  const buckets = account.buckets(object.spec.region);
  const former = (status.sites ?? []).filter(({ url }) => url !== site.url);
  for (const entry of [site.entry, ...former]) {
    for (const bucket of bucketsOf(entry).filter((each) => each.owned && each !== site.bucket.entry)) {
      const other = siteOf(entry, { object, accountID: account.id, bucket });
      const keys = await buckets.findObject(other.bucket.name, keyOf(other, jwksKey));
      if (keys) return keys;
    }
  }
  return undefined;
}

interface Document {
  readonly key: string;
  readonly observed: BucketObject | undefined;
  readonly desired: JwksObject;
}

/** Writes only over what was read, so that two writers never undo each other's keys. */
async function put(buckets: Buckets, context: AcceptedSite, { key, observed, desired }: Document): Promise<void> {
  const same =
    observed?.body === desired.body &&
    observed.contentType === contentType &&
    sameJson(observed.metadata, desired.metadata);
  if (same) return;
  await buckets.putObject(context.site.bucket.name, key, { ...desired, contentType, etag: observed?.etag });
}

function announceLeftBehind({ pass, site }: AcceptedSite, leftBehind: readonly PublishedKey[]): void {
  if (leftBehind.length === 0) return;
  const kids = leftBehind.map(({ jwk }) => jwk.kid).join(', ');
  const message = `${kids} belonged to an issuer of this name that was deleted, and is no longer published under ${site.url}`;
  pass.event('Normal', 'KeyDropped', message);
}

/**
 * A key that is in no source of ours stays, because it may be the cluster's: from an older operator, or from before the status
 * was lost. It may also be the key of somebody who got at the bucket, so an event says it. An event also says if a published
 * key is gone, and whether its time was over or somebody else removed it.
 */
function announce(
  { status, source, pass }: AcceptedSite,
  before: readonly PublishedKey[],
  after: readonly PublishedKey[],
): void {
  if (!status.keys) return;
  const recorded = kidsOf(status.keys);
  const observed = kidsOf(before.map(({ jwk }) => jwk));
  const now = kidsOf(after.map(({ jwk }) => jwk));
  const sources = kidsOf(source.read?.keys ?? []);
  const strange = [...now].filter((kid) => !recorded.has(kid) && !sources.has(kid));
  const dropped = [...observed].filter((kid) => !now.has(kid));
  const gone = [...recorded].filter((kid) => !observed.has(kid) && !now.has(kid));
  if (strange.length > 0) {
    pass.event(
      'Warning',
      'UnknownKeyPublished',
      `somebody else published ${strange.join(', ')}: whoever has that key can issue tokens`,
    );
  }
  if (dropped.length > 0) {
    const message = `${dropped.join(', ')} left the source of the keys longer than keyRetention ago, and is no longer published`;
    pass.event('Normal', 'KeyDropped', message);
  }
  if (gone.length > 0) {
    pass.event(
      'Warning',
      'KeyLost',
      `somebody else removed ${gone.join(', ')} from the published keys, and no source has it any more`,
    );
  }
}

const kidsOf = (keys: readonly { readonly kid: string }[]) => new Set(keys.map(({ kid }) => kid));

function toStatus({ jwk, firstPublished, missingSince }: PublishedKey) {
  return {
    kid: jwk.kid,
    algorithm: jwk.alg,
    firstPublished: toTime(firstPublished),
    ...(missingSince && { missingSince: toTime(missingSince) }),
  };
}
