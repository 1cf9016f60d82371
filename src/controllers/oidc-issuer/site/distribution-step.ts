import { findCondition } from '../../../api/conditions.ts';
import type { Distribution, DistributionSpec } from '../../../aws/distributions.ts';
import { describe as describeFailure, isAliasTaken, isAlreadyExists } from '../../../aws/errors.ts';
import { reference } from '../../../aws/names.ts';
import { diffTags, hasChanges } from '../../../aws/tags.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { aliasTaken } from './alias-conflict.ts';
import { type Found, mustBeOurs } from '../../ownership.ts';
import { changeRecords, type AcceptedSite, type SiteContext } from '../context.ts';
import { dropDiscoveryFunction, ensureDiscoveryFunction, removeDiscoveryFunction } from './discovery-function.ts';
import { aliasDeletions } from './dns-records.ts';
import { otherBuckets } from './bucket-move.ts';
import { ensureOriginAccessControl, removeOriginAccessControl } from './origin-access-control.ts';
import { goneBucketKeys, otherBucketTags } from './other-bucket-tags.ts';
import { isNew } from './propagation.ts';
import { ensureReaders } from './readers.ts';
import { findOwnDistribution, originOf, traitsOf } from './recovery.ts';
import { bucketsOf, type Site } from './site.ts';

/**
 * The distribution, the origin access control with which it reads the bucket, the function that answers under its own URL, and the
 * bucket policy that allows it to read.
 */
export const distributionStep: Step<AcceptedSite, SiteContext> = {
  condition: 'DistributionReady',
  needs: ['BucketReady', 'CertificateReady'],
  rests: true,

  async reconcile(context) {
    const { desired, object, site } = context;
    const { entry } = site;
    const known = await findKnown(context);
    const lost = entry.distribution?.id === known?.id ? undefined : entry.distribution;
    if (lost && site.hasAlias) await removeRecordsOf(context, lost.domainName);
    const spec: DistributionSpec = {
      callerReference: reference(object.metadata.uid, nameOf(site), lost?.id),
      named: namedBy(site),
      ...originOf(site.bucket),
      originAccessControlID: await ensureOriginAccessControl(context),
      viewerRequestFunctionARN: await ensureDiscoveryFunction(context, known),
      comment: desired.comment,
      tags: { ...desired.tags, ...otherBucketTags(entry) },
    };
    const there = known ?? (await create(context, spec));
    const { hasAlias } = site;
    entry.distribution = describe(there, spec);
    if (!hasAlias) takeName(context, there.domainName);
    // Before an update that changes how the bucket is read: whoever reads it until then, and whoever reads it after that, may.
    // While the bucket rests, only a distribution that was not there yet changes who reads it.
    if (context.seen.bucket || !known || there.usesAccessIdentity) await ensureReaders(context);
    const distribution = await repair(context, there, spec);
    entry.distribution = describe(distribution, spec);
    if (entry.distribution.state !== 'Deployed') return rollingOut(context, distribution.id);
    return spec.viewerRequestFunctionARN === undefined ? dropDiscoveryFunction(context) : ready;
  },

  /** All that this step does was done before it waited, but for dropping a function. */
  async lookAgain(context) {
    const { account, desired, site } = context;
    const { distribution, function: viewed } = site.entry;
    if (!distribution) return undefined;
    const isDeployed = await account.distributions.isDeployed(distribution.id, originOf(site.bucket));
    if (isDeployed === undefined) return undefined;
    if (!isDeployed) return rollingOut(context, distribution.id);
    if (viewed !== undefined && !desired.keepDistributionProvider) return undefined;
    site.entry.distribution = { ...distribution, state: 'Deployed' };
    return ready;
  },

  async remove(context) {
    const { account, services, ownDistribution } = context;
    const { intervals } = services.settings;
    const distribution = await ownDistribution();
    if (distribution && (await account.distributions.delete(distribution.id)) === 'disabling') {
      const message = `CloudFront is disabling distribution ${distribution.id}`;
      return { state: 'waiting', reason: 'DistributionDisabling', message, requeueAfter: intervals.distribution };
    }
    const removal = await removeDiscoveryFunction(context);
    return removal.state === 'ready' ? removeOriginAccessControl(context) : removal;
  },
};

const rollingOut = ({ services }: AcceptedSite, id: string): Outcome => ({
  state: 'waiting',
  reason: 'DistributionDeploying',
  message: `CloudFront is rolling out distribution ${id} to its edges`,
  requeueAfter: services.settings.intervals.distribution,
});

/** What is recorded. One that reads another bucket, or in the way of older programs, is about to be changed. */
function describe(distribution: Distribution, spec: DistributionSpec) {
  const { id, arn, domainName, deployed, usesAccessIdentity } = distribution;
  const isRight = readsBucket(distribution, spec) && !usesAccessIdentity;
  return { id, arn, domainName, state: deployed && isRight ? 'Deployed' : 'InProgress' };
}

const readsBucket = ({ origin }: Distribution, { originDomain, originPath }: DistributionSpec) =>
  origin.originDomain === originDomain && origin.originPath === originPath;

/**
 * The recorded distribution. DNS records point at it, so it counts as deleted only if the list does not show it either. The list
 * may show another distribution of ours instead.
 */
async function findKnown(context: AcceptedSite): Promise<Distribution | undefined> {
  const { account, owner, site } = context;
  if (!site.entry.distribution) {
    // A pass that was cut off may have made one without the alias. And one without an alias that is to be adopted refuses no creation.
    const mayBeThere = wasRefused(context) || owner.adopts;
    return mayBeThere ? (await findOwnDistribution(account, { ...traitsOf(site), owner })).own : undefined;
  }
  const { id } = site.entry.distribution;
  const found = await account.distributions.find(id);
  if (found) {
    mustBeOurs(asFound(context, found, `distribution ${id}`), owner);
    return found;
  }
  const { own, foreign } = await findOwnDistribution(account, { ...traitsOf(site), owner });
  if (foreign?.id === id) mustBeOurs(asFound(context, foreign, `distribution ${id}`), owner);
  return own;
}

const asFound = ({ services }: AcceptedSite, { tags, changedAt }: Distribution, what: string): Found => ({
  what,
  tags,
  isNew: isNew(services, changedAt),
});

/** Only the status can prove that records which point at a lost distribution are ours. Such records must not stay. */
async function removeRecordsOf(context: AcceptedSite, domain: string): Promise<void> {
  const { alias } = context.site;
  for (const zone of await context.allRecords()) {
    const changes = aliasDeletions(zone.records, { alias, domains: [domain] });
    if (changes.length > 0) await changeRecords(context, zone, changes);
  }
}

function namedBy(site: Site): DistributionSpec['named'] {
  if (!site.hasAlias) return undefined;
  const { certificate } = site.entry;
  if (!certificate) throw new Error('no certificate in the status although CertificateReady is True');
  return { alias: site.alias, certificateARN: certificate.arn };
}

/** Of two distributions of an issuer, not both have the same one. */
const nameOf = (site: Site) => (site.hasAlias ? site.alias : `${site.bucket.domain}${site.bucket.path}`);

/** A site without alias is called as its distribution. If that was deleted by hand, the URL is lost with it. */
function takeName({ pass, site }: AcceptedSite, domainName: string): void {
  const { entry } = site;
  const url = issuerURL(domainName);
  if (entry.url !== '' && entry.url !== url) {
    const message = `the distribution of ${entry.url} is gone, and its name with it: the issuer URL is ${url} now, which the cluster's API servers have to name`;
    pass.event('Warning', 'IssuerURLLost', message);
    delete entry.registered;
  }
  entry.url = url;
}

/** Whether CloudFront refused the alias in the last pass. */
const wasRefused = ({ object }: AcceptedSite) =>
  findCondition(object.status?.conditions, 'DistributionReady')?.reason === 'AliasTaken';

interface Creation {
  readonly attempts: number;
  readonly withoutAlias: boolean;
}

/**
 * Creates first. A distribution that turns out to be there is ours, or it is in our way. CloudFront refuses a reference that it
 * ever saw, also that of a distribution which was deleted by hand and which no status names any more: then comes the next one.
 * If somebody else still has the alias when it is asked for again, ours is made without it, because CloudFront tells only such a
 * distribution who has the alias. The condition said so before, so the next pass looks for what this one makes.
 */
async function create(
  context: AcceptedSite,
  spec: DistributionSpec,
  { attempts, withoutAlias }: Creation = { attempts: 5, withoutAlias: false },
): Promise<Distribution> {
  const { account, object, owner, site } = context;
  try {
    return await account.distributions.create(spec, { withoutAlias });
  } catch (error) {
    if (!isAlreadyExists(error) && !isAliasTaken(error)) {
      // It may have been made all the same: the condition has the next pass look.
      throw withoutAlias && describeFailure(error) ? await aliasTaken(context, undefined, error) : error;
    }
    const { own, foreign } = await findOwnDistribution(account, { ...traitsOf(site), owner });
    if (own) return own;
    const what = `distribution ${foreign?.id}, which has ${spec.named ? `alias ${spec.named.alias} or ` : ''}our bucket,`;
    if (foreign) mustBeOurs(asFound(context, foreign, what), owner);
    const isLast = attempts <= 1;
    if (isAliasTaken(error) && (isLast || !wasRefused(context))) throw await aliasTaken(context, undefined, error);
    if (isLast) throw error;
    const callerReference = reference(object.metadata.uid, nameOf(site), spec.callerReference);
    const next = { attempts: attempts - 1, withoutAlias: withoutAlias || isAliasTaken(error) };
    return create(context, { ...spec, callerReference }, next);
  }
}

async function repair(
  context: AcceptedSite,
  distribution: Distribution,
  spec: DistributionSpec,
): Promise<Distribution> {
  const { account, pass } = context;
  const { entry } = context.site;
  const gone = goneBucketKeys(
    distribution.tags,
    readsBucket(distribution, spec) ? otherBuckets(entry) : bucketsOf(entry),
  );
  const former = [...(context.status.tagKeys ?? []), ...gone];
  const changes = diffTags(distribution.tags, spec.tags, { former });
  if (hasChanges(changes)) await account.distributions.tag(distribution.arn, changes);
  const drift = distribution.drift(spec);
  if (drift.length === 0) return distribution;
  try {
    const repaired = await account.distributions.update(distribution.id, spec);
    pass.event('Normal', 'DistributionRepaired', `distribution ${distribution.id}: ${drift.join(', ')} put right`);
    return repaired;
  } catch (error) {
    throw isAliasTaken(error) ? await aliasTaken(context, distribution.id, error) : error;
  }
}
