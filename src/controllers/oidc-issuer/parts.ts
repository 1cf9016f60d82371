import type { OIDCIssuer } from '../../api/kinds.ts';
import { isTrue } from '../../api/conditions.ts';
import type { Part } from '../../runtime/step.ts';
import type { AcceptedSite, IssuerPass, SiteContext } from './context.ts';
import type { DesiredIssuer } from './desired.ts';
import { copySteps, keySteps, stepsOf } from './hostings.ts';
import { copiesOf, forgetBuckets, otherBuckets, unreadBuckets } from './site/bucket-move.ts';
import { type BucketEntry, type SiteEntry, siteOf } from './site/site.ts';
import { withoutTakeOver } from '../ownership.ts';
import { siteContext } from './site/site-context.ts';

type Served = Part<AcceptedSite, AcceptedSite, SiteContext>;
type Removed = Part<SiteContext, AcceptedSite, SiteContext>;

/**
 * The sites that tokens are checked by, the current one first. They share the keys that are read with it. A new key is in all buckets
 * of a site before anybody compares what is served with them.
 */
export function servingParts(issuer: IssuerPass, desired: DesiredIssuer): readonly Served[] {
  const source = { read: undefined };
  const contextOf = (entry: SiteEntry, bucket?: BucketEntry): AcceptedSite => {
    const site = siteOf(entry, { ...place(issuer), bucket });
    // While the alias does not stand, somebody may just have made the zone that it needs, or a nearer one.
    const isNeeded = entry.distribution === undefined || !stands(issuer.object);
    const fresh = isNeeded && !(issuer.pass.isReturn && entry.certificate);
    return { ...siteContext(issuer, site, { fresh }), desired, source, seen: {} };
  };
  const contexts = sitesOf(issuer, ({ phase }) => phase !== 'Retiring').map((entry) => contextOf(entry));
  const current = contexts.filter(({ site }) => isCurrent(site.entry));
  const keys = desired.signingKeys ? current.map((context) => ({ steps: keySteps, context })) : [];
  const parts = contexts.flatMap((context) => {
    const { entry } = context.site;
    const copies = copiesOf(entry).map((bucket) => ({
      steps: copySteps,
      context: contextOf(entry, bucket),
      name: nameOfCopy(entry, bucket),
    }));
    const main = { steps: stepsOf(context.site), context, ...nameOf(entry) };
    return [...copies, { ...main, ...(entry.bucket && { subject: entry.bucket.name }) }];
  });
  return [...keys, ...parts];
}

/** Former sites that nobody needs any more, and buckets that no edge reads any more. */
export const departingParts = (accepted: IssuerPass): readonly (readonly Removed[])[] => {
  const issuer = { ...accepted, owner: withoutTakeOver(accepted.owner) };
  return sitesOf(issuer, () => true).flatMap((entry) =>
    entry.phase === 'Retiring'
      ? [partsToRemove(issuer, entry)]
      : unreadBuckets(entry).map((bucket) => [copyToRemove(issuer, entry, bucket)]),
  );
};

/** All sites, the current one last. */
export const removedParts = (issuer: IssuerPass): readonly Removed[] =>
  sitesOf(issuer, () => true)
    .toReversed()
    .flatMap((entry) => partsToRemove(issuer, entry));

/** The distribution goes before the buckets that it may read. A site is forgotten once nothing is left of it. */
function partsToRemove(issuer: IssuerPass, entry: SiteEntry): readonly Removed[] {
  const site = siteOf(entry, place(issuer));
  const main = { steps: stepsOf(site), context: siteContext(issuer, site), ...nameOf(entry) };
  const copies = otherBuckets(entry).map((bucket) => copyToRemove(issuer, entry, bucket));
  const { status } = issuer;
  const forget = {
    steps: [],
    context: main.context,
    removed: () => {
      status.sites = (status.sites ?? []).filter(({ url }) => url !== entry.url);
    },
  };
  return [main, ...copies, forget];
}

function copyToRemove(issuer: IssuerPass, entry: SiteEntry, bucket: BucketEntry): Removed {
  const site = siteOf(entry, { ...place(issuer), bucket });
  return {
    steps: copySteps,
    context: siteContext(issuer, site),
    removed: () => forgetBuckets(entry, [bucket]),
    name: nameOfCopy(entry, bucket),
  };
}

const place = ({ object, account }: IssuerPass) => ({ object, accountID: account.id });

const sitesOf = ({ status }: IssuerPass, chosen: (entry: SiteEntry) => boolean) => (status.sites ?? []).filter(chosen);

const isCurrent = ({ phase }: SiteEntry) => phase === 'Current';

const nameOf = (entry: SiteEntry) => (isCurrent(entry) ? {} : { name: entry.url });

const nameOfCopy = (entry: SiteEntry, { name }: BucketEntry) =>
  isCurrent(entry) ? `bucket ${name}` : `${entry.url}: bucket ${name}`;

const stands = ({ status }: OIDCIssuer) =>
  isTrue(status?.conditions ?? [], 'CertificateReady') && isTrue(status?.conditions ?? [], 'DNSReady');
