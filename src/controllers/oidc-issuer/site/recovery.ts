import type { Account } from '../../../aws/accounts.ts';
import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { Bucket } from '../../../aws/buckets.ts';
import type { Certificate } from '../../../aws/certificates.ts';
import type { Distribution, Origin } from '../../../aws/distributions.ts';
import { isAccessDenied, isElsewhere } from '../../../aws/errors.ts';
import { isAccountRegional } from '../../../aws/names.ts';
import { isOurs, type Owner, ownershipOf } from '../../../aws/ownership.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import type { Pass } from '../../../runtime/definition.ts';
import { leftAlone, mustNotBeAnotherClusters } from '../../ownership.ts';
import type { IssuerPass, SiteContext } from '../context.ts';
import { commentOf } from '../desired.ts';
import { recordFound } from '../registrations/registrations.ts';
import { type Asked, currentEntry, servedURLs, type Site, type SiteEntry } from './site.ts';

/*
 * If the status is lost, everything on AWS is found again here: the bucket and the origin access control by name, the
 * distribution by alias or origin, certificates by domain, providers by URL, records by name. The former sites are found by our
 * comment on their distributions, whose tags prove them ours.
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
  readonly alias: string;
  /** Undefined if the bucket is not ours. */
  readonly origin: Origin | undefined;
  readonly owner: Owner;
}

export const traitsOf = ({ alias, bucket }: Site): Omit<IdentifyingTraits, 'owner'> => ({
  alias,
  origin: originOf(bucket),
});

export const originOf = ({ domain, path }: Site['bucket']): Origin => ({ originDomain: domain, originPath: path });

/** Only one distribution in the world has the alias. One without an alias is ours if our bucket is its only origin and it carries nobody's tags. */
export async function findOwnDistribution(
  { distributions }: Account,
  { alias, origin, owner }: IdentifyingTraits,
): Promise<{ readonly own?: Distribution; readonly foreign?: Distribution }> {
  const byAlias = await distributions.findByAlias(alias);
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

/** Finds certificates by domain, and the recorded one, because a new certificate is not listed at once. */
export async function findCertificates({ account, site }: SiteContext): Promise<readonly Certificate[]> {
  const listed = await account.certificates.findByDomain(site.alias);
  const recorded = site.entry.certificate?.arn;
  if (recorded === undefined || listed.some(({ arn }) => arn === recorded)) return listed;
  const unlisted = await account.certificates.find(recorded);
  return unlisted ? [...listed, unlisted] : listed;
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
  const known = status.sites ?? [];
  const found: SiteEntry[] = [];
  for (const each of await account.distributions.listByComment(commentOf(object))) {
    if (!isDeleted) mustNotBeAnotherClusters({ what: `distribution ${each.id}`, tags: each.tags }, owner);
    const [alias] = each.aliases;
    if (alias !== undefined && isOurs(each.tags, owner)) found.push(entryOf(each, alias, asked));
  }
  const missed = found.filter(({ url }) => !known.some((entry) => entry.url === url));
  if (missed.length > 0) status.sites = [...known, ...missed];
  for (const url of new Set([issuerURL(asked.alias), ...missed.map((site) => site.url)])) {
    await recordFound(issuer, { url, account });
  }
}

/** What is not found with the distribution is found by the steps, which also prove that the bucket is ours. */
function entryOf({ id, arn, domainName, deployed, origin }: Distribution, alias: string, asked: Asked): SiteEntry {
  const { originDomain, originPath } = origin;
  // A bucket's name has no dots. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const bucket = {
    name: originDomain.split('.')[0] ?? '',
    ...(originPath !== '' && { path: originPath }),
    owned: true,
  };
  const phase = alias === asked.alias ? 'Current' : 'Serving';
  const distribution = { id, arn, domainName, state: deployed ? 'Deployed' : 'InProgress' };
  return { ...currentEntry([], { ...asked, alias }), phase, bucket, distribution, registered: true };
}
