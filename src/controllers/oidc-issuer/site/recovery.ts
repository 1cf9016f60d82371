import type { Account } from '../../../aws/accounts.ts';
import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../../api/kinds.ts';
import type { Bucket } from '../../../aws/buckets.ts';
import type { Certificate } from '../../../aws/certificates.ts';
import type { Distribution, Origin } from '../../../aws/distributions.ts';
import { isAccessDenied, isElsewhere } from '../../../aws/errors.ts';
import { bucketDomain, bucketOfURL, isAccountRegional } from '../../../aws/names.ts';
import { isOurs, type Owner, ownershipOf } from '../../../aws/ownership.ts';
import { partitionOf } from '../../../aws/partitions.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import type { Pass } from '../../../runtime/definition.ts';
import { leftAlone, mustNotBeAnotherClusters } from '../../ownership.ts';
import type { IssuerPass, SiteContext } from '../context.ts';
import { commentOf } from '../desired.ts';
import { recordFound } from '../registrations/registrations.ts';
import { toTime } from '../time.ts';
import { bucketsNamedIn } from './other-bucket-tags.ts';
import { type Asked, currentEntry, isDistributions, servedURLs, type Site, type SiteEntry } from './site.ts';

/*
 * If the status is lost, everything on AWS is found again here: the bucket and the origin access control by name, the
 * distribution by alias or origin, certificates by domain, providers by URL, records by name. The former sites are found by their
 * distributions, or by their providers if they have none. The tags of both prove them ours. A former distribution still has the
 * comment with which we made it or, if somebody changed that, an origin in a bucket that the spec names or the status records.
 * Of the
 * buckets beside the one that a distribution reads, its tags tell. Records are looked for where the spec says now: where it said before, only the status tells.
 */

/** Finds the bucket by name. If it was never recorded as ours and refuses to be read, it counts as another account's, and does not hold the deletion. */
export async function findBucket(
  account: Account,
  name: string,
  { region, isRecorded, pass }: { readonly region: string; readonly isRecorded: boolean; readonly pass: Pass },
): Promise<Bucket | undefined> {
  try {
    return await account.buckets(region).find(name);
  } catch (error) {
    const mayBeForeign = !isRecorded && !isAccountRegional(name, { accountID: account.id, region });
    // A name is given once, so a bucket that is elsewhere proves that ours is gone.
    if (isElsewhere(error)) leftAlone(pass, `bucket ${name}, which is in another region,`);
    else if (mayBeForeign && isAccessDenied(error)) leftAlone(pass, `bucket ${name}, which refuses to be read,`);
    else throw error;
    return undefined;
  }
}

interface IdentifyingTraits {
  /** Undefined: it has none. */
  readonly alias: string | undefined;
  /** Undefined if the bucket is not ours. */
  readonly origin: Origin | undefined;
  readonly owner: Owner;
}

export const traitsOf = (site: Site): Omit<IdentifyingTraits, 'owner'> => ({
  alias: site.hasAlias ? site.alias : undefined,
  origin: originOf(site.bucket),
});

export const originOf = ({ domain, path }: Site['bucket']): Origin => ({ originDomain: domain, originPath: path });

/** Only one distribution in the world has the alias. One without an alias is ours if our bucket is its only origin and it carries nobody else's tags. */
export async function findOwnDistribution(
  { distributions }: Account,
  { alias, origin, owner }: IdentifyingTraits,
): Promise<{ readonly own?: Distribution; readonly foreign?: Distribution }> {
  const byAlias = alias === undefined ? undefined : await distributions.findByAlias(alias);
  const found = byAlias ?? (origin && (await distributions.findByOrigin(origin)));
  if (!found) return {};
  const nobodys = found.aliases.length === 0 && ownershipOf(found.tags, owner).state === 'unclaimed';
  return isOurs(found.tags, owner) || nobodys ? { own: found } : { foreign: found };
}

/** Says of the recorded distribution whether it is ours. */
export function sorted(known: Distribution | undefined, owner: Owner): { own?: Distribution; foreign?: Distribution } {
  if (!known) return {};
  return isOurs(known.tags, owner) ? { own: known } : { foreign: known };
}

/** Finds certificates by domain, and those that are recorded, because a new certificate is not listed at once. */
export async function findCertificates(
  { account, site }: SiteContext,
  recorded: readonly (string | undefined)[],
): Promise<readonly Certificate[]> {
  const found = [...(await account.certificates.findByDomain(site.alias))];
  for (const arn of recorded) {
    if (arn === undefined || found.some((each) => each.arn === arn)) continue;
    const unlisted = await account.certificates.find(arn);
    if (unlisted) found.push(unlisted);
  }
  return found;
}

/** Whether the status lost a site, or all. What it lacks is looked for before anything counts as nobody's. */
export function missesSites({ sites = [], providers = [] }: OIDCIssuerStatus): boolean {
  const known = new Set(sites.flatMap(servedURLs));
  return sites.length === 0 || providers.some(({ url }) => !known.has(url));
}

/**
 * Finds again what a lost status does not say: the sites, by their distributions, and their providers. A former site counts as one
 * that still serves.
 * @throws TerminalError if another cluster holds one of them: nothing is recorded before the move is declared
 */
export async function rediscover(issuer: IssuerPass, asked: Asked): Promise<void> {
  const { account, object, owner, status } = issuer;
  const isDeleted = object.metadata.deletionTimestamp !== undefined;
  const isLost = (status.sites ?? []).length === 0;
  const traits = { comment: commentOf(object), originDomains: originDomains(issuer, asked) };
  for (const each of await account.distributions.listWith(traits)) {
    if (!isDeleted) mustNotBeAnotherClusters({ what: `distribution ${each.id}`, tags: each.tags }, owner);
    if (isOurs(each.tags, owner)) addSite(status, publishedBy(each, await nameOf(issuer, each), asked.now));
  }
  const listed = isLost ? await account.providers.listURLs() : [];
  for (const url of [
    ...listed.filter((each) => inS3(each, object)),
    ...(status.providers ?? []).map((provider) => provider.url),
  ]) {
    if ((status.sites ?? []).some((entry) => servedURLs(entry).includes(url))) continue;
    if (await recordFound(issuer, { url, account })) addSite(status, registeredAs(url, issuer, asked.now));
  }
  for (const url of (status.sites ?? []).flatMap(servedURLs)) await recordFound(issuer, { url, account });
  const current = currentEntry(status.sites, asked);
  const mayBeThere = current.url !== '' && (!isLost || listed.includes(current.url));
  if (mayBeThere) await recordFound(issuer, { url: current.url, account });
  for (const entry of status.sites ?? []) if (entry.url === current.url) entry.phase = 'Current';
}

/** Of the buckets that the spec names or the status records. */
function originDomains({ object: { spec }, status }: IssuerPass, asked: Asked): readonly string[] {
  const named = asked.hosting === 'External' ? [] : [asked.bucket];
  const recorded = (status.sites ?? []).flatMap(({ bucket }) => (bucket ? [bucket.name] : []));
  const partition = partitionOf(spec.region);
  return [...new Set([...named, ...recorded])].map((name) => bucketDomain(name, spec.region, partition));
}

/** A site without alias that the status records may not know its URL yet. */
function addSite(status: OIDCIssuerStatus, entry: SiteEntry | undefined): void {
  const { sites = [] } = status;
  if (!entry || sites.some(({ url }) => url === entry.url)) return;
  status.sites = [...sites.filter(({ url }) => url !== '' || !isDistributions(entry.url)), entry];
}

/** A site that nothing but its provider tells of. What a distribution served is found by the distribution, or is gone with it. */
function registeredAs(url: string, { object }: IssuerPass, now: Date): SiteEntry | undefined {
  if (isDistributions(url)) return undefined;
  const bucket = inS3(url, object);
  const former = { url, phase: 'Serving', since: toTime(now), registered: true } as const;
  if (!bucket) return { ...former, hosting: 'External' };
  const { name, path } = bucket;
  return { ...former, hosting: 'S3', bucket: { name, ...(path !== '' && { path }), owned: true } };
}

const inS3 = (url: string, { spec: { region } }: OIDCIssuer) => bucketOfURL(url, region, partitionOf(region));

/** The alias that it has or, while somebody else has that, the one that our certificate is for; else its own name. */
async function nameOf(
  { account, owner }: IssuerPass,
  { aliases: [alias], certificateARN, domainName }: Distribution,
): Promise<string> {
  if (alias !== undefined || certificateARN === undefined) return alias ?? domainName;
  const certificate = await account.certificates.find(certificateARN);
  return certificate && isOurs(certificate.tags, owner) ? certificate.domain : domainName;
}

/** What is not found with the distribution is found by the steps, which also prove that the bucket is ours. */
function publishedBy(found: Distribution, name: string, now: Date): SiteEntry {
  const { id, arn, domainName, deployed, origin, tags } = found;
  const { originDomain, originPath } = origin;
  // A bucket's name has no dots. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const bucket = {
    name: originDomain.split('.')[0] ?? '',
    ...(originPath !== '' && { path: originPath }),
    owned: true,
  };
  const formerBuckets = bucketsNamedIn(tags).filter(({ name }) => name !== bucket.name);
  const distribution = { id, arn, domainName, state: deployed ? 'Deployed' : 'InProgress' };
  return {
    url: issuerURL(name),
    hosting: 'CloudFront',
    phase: 'Serving',
    since: toTime(now),
    bucket,
    ...(formerBuckets.length > 0 && { formerBuckets }),
    distribution,
    registered: true,
  };
}
