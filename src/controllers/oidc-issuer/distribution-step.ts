import type { Account } from '../../aws/accounts.ts';
import type { Distribution, DistributionSpec } from '../../aws/distributions.ts';
import { isAliasTaken, isAlreadyExists, isInUse } from '../../aws/errors.ts';
import { reference } from '../../aws/names.ts';
import { diffTags, hasChanges, isOwned, type Owner, ownershipKeys } from '../../aws/tags.ts';
import { sameJson } from '../../runtime/json.ts';
import { type Outcome, ready, type Step } from '../../runtime/step.ts';
import { TerminalError } from '../explain.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { type IssuerContext, type IssuerRemoval, notOwned } from './context.ts';
import { aliasDeletions } from './dns-records.ts';

/** The distribution, the origin access control it reads the bucket with, and the bucket policy that lets it. */
export const distributionStep: Step<IssuerContext, IssuerRemoval> = {
  condition: 'DistributionReady',
  needs: ['BucketReady', 'CertificateReady'],

  async reconcile(context) {
    const { account, desired, status, dependencies } = context;
    const known = await findKnown(context);
    const lost = known ? undefined : status.distribution;
    if (lost) await removeRecordsOf(context, lost.domainName);
    const spec: DistributionSpec = {
      callerReference: reference(desired.uid, lost?.id),
      alias: desired.alias,
      certificateARN: certificateARN(context),
      originDomain: desired.bucket.domain,
      originAccessControlID: await ensureOriginAccessControl(context),
      comment: desired.comment,
      tags: desired.tags,
    };
    const distribution = await repair(account, known ?? (await create(context, spec)), spec);
    const { id, arn, domainName, deployed } = distribution;
    status.distribution = { id, arn, domainName, state: deployed ? 'Deployed' : 'InProgress' };
    await letIn(context, arn);
    if (deployed) return ready;
    const message = `CloudFront is bringing distribution ${id} to its edges`;
    const requeueAfter = dependencies.settings.intervals.distribution;
    return { state: 'waiting', reason: 'DistributionDeploying', message, requeueAfter };
  },

  async remove(context) {
    const { account, dependencies, ownDistribution, bucketName } = context;
    const { intervals } = dependencies.settings;
    const distribution = await ownDistribution();
    if (distribution && (await account.distributions.delete(distribution.id)) === 'disabling') {
      const message = `CloudFront is disabling distribution ${distribution.id}`;
      return { state: 'waiting', reason: 'DistributionDisabling', message, requeueAfter: intervals.distribution };
    }
    return removeOriginAccessControl(account, bucketName, intervals.distribution);
  },
};

/** One in the world has the alias; one without an alias is ours if our bucket is its only origin and nobody's tags are on it. */
export async function findOwnDistribution(
  account: Account,
  { alias, originDomain, owner }: { readonly alias: string; readonly originDomain: string; readonly owner: Owner },
): Promise<{ readonly own?: Distribution; readonly foreign?: Distribution }> {
  const { distributions } = account;
  const found = (await distributions.findByAlias(alias)) ?? (await distributions.findByOrigin(originDomain));
  if (!found) return {};
  const nobodys = found.aliases.length === 0 && !(ownershipKeys.owner in found.tags);
  return isOwned(found.tags, owner) || nobodys ? { own: found } : { foreign: found };
}

/** Undefined also where it was deleted behind our back. */
async function findKnown({ account, owner, status }: IssuerContext): Promise<Distribution | undefined> {
  const found = status.distribution && (await account.distributions.find(status.distribution.id));
  if (found && !isOwned(found.tags, owner)) throw notOwned(`distribution ${found.id}`);
  return found;
}

/** Only the status can prove that records which point at a lost distribution are ours; then they must not stay. */
async function removeRecordsOf({ account, desired, records }: IssuerContext, domain: string): Promise<void> {
  const zone = await records();
  const changes = aliasDeletions(zone?.records ?? [], { alias: desired.alias, domains: [domain] });
  if (zone && changes.length > 0) await account.dns.change(zone.zone, changes);
}

function certificateARN({ status }: IssuerContext): string {
  if (!status.certificate) throw new Error('no certificate in the status although CertificateReady is True');
  return status.certificate.arn;
}

async function ensureOriginAccessControl({ account, desired }: IssuerContext): Promise<string> {
  const { name } = desired.bucket;
  const found = await account.distributions.findOriginAccessControl(name);
  return (found ?? (await account.distributions.createOriginAccessControl(name))).id;
}

/** Created first; what turns out to be there already is ours, or in our way. */
async function create({ account, owner }: IssuerContext, spec: DistributionSpec): Promise<Distribution> {
  try {
    return await account.distributions.create(spec);
  } catch (error) {
    if (!isAlreadyExists(error) && !isAliasTaken(error)) throw error;
    const { own, foreign } = await findOwnDistribution(account, { ...spec, owner });
    if (own) return own;
    if (foreign) throw notOwned(`distribution ${foreign.id}, which has alias ${spec.alias} or our bucket,`);
    throw isAliasTaken(error) ? aliasTaken(spec.alias, error) : error;
  }
}

async function repair(account: Account, distribution: Distribution, spec: DistributionSpec): Promise<Distribution> {
  const changes = diffTags(distribution.tags, spec.tags);
  if (hasChanges(changes)) await account.distributions.tag(distribution.arn, changes);
  if (distribution.drift(spec).length === 0) return distribution;
  try {
    return await account.distributions.update(distribution.id, spec);
  } catch (error) {
    throw isAliasTaken(error) ? aliasTaken(spec.alias, error) : error;
  }
}

function aliasTaken(alias: string, cause: unknown): TerminalError {
  return new TerminalError('AliasTaken', `a distribution of another account has alias ${alias}`, { cause });
}

async function letIn({ account, desired, seen }: IssuerContext, distributionARN: string): Promise<void> {
  const { name } = desired.bucket;
  const policy = bucketPolicy(seen.bucket?.policy, {
    bucket: name,
    partition: account.partition.name,
    distributionARN,
  });
  if (!sameJson(seen.bucket?.policy, policy)) await account.buckets(desired.region).putPolicy(name, policy);
}

/** It has no tags: its name, which is the bucket's, and that nothing else uses it make it ours. */
async function removeOriginAccessControl(account: Account, name: string, requeueAfter: number): Promise<Outcome> {
  const found = await account.distributions.findOriginAccessControl(name);
  if (!found) return ready;
  try {
    await account.distributions.deleteOriginAccessControl(found.id);
    return ready;
  } catch (error) {
    if (!isInUse(error)) throw error;
    const message = `CloudFront still counts origin access control ${name} as in use`;
    return { state: 'waiting', reason: 'InUse', message, requeueAfter };
  }
}
