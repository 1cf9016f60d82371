import type { Certificate } from '../../../aws/certificates.ts';
import { isInUse } from '../../../aws/errors.ts';
import { reference } from '../../../aws/names.ts';
import { isOurs, requestNumberKey, validationRecordKey } from '../../../aws/ownership.ts';
import { diffTags, hasChanges, type Tags } from '../../../aws/tags.ts';
import { hours } from '../../../runtime/duration.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { type Found, mustBeOurs, mustNotBeAnotherClusters, mustShowTags } from '../../ownership.ts';
import type { AcceptedSite, RecordsPlace, SiteContext } from '../context.ts';
import { awaitByHand } from './by-hand.ts';
import { isNew, mayBeNew } from './propagation.ts';
import { findCertificates } from './recovery.ts';
import { toTime } from '../time.ts';
import { forgetRecords } from './told-records.ts';
import { ensureValidationRecord, removeValidationRecord } from './validation-record.ts';
import { findPlace } from './zones.ts';

type Untagged = Omit<Certificate, 'tags'>;
type Nowhere = Extract<RecordsPlace, { kept: 'nowhere' }>;
type Known = Exclude<RecordsPlace, Nowhere>;

/** The alias's certificate, and the record that proves the domain to ACM now and at each renewal. */
export const certificateStep: Step<AcceptedSite, SiteContext> = {
  condition: 'CertificateReady',
  needs: [],
  rests: true,

  async reconcile(context) {
    const place = await context.records();
    if (place.kept === 'nowhere') return noPlace(context, place);
    const certificate = await ensure(context);
    return certificate ? prove(context, certificate, place) : recordPending(context);
  },

  async lookAgain(context, reason) {
    const { account, site } = context;
    const { entry } = site;
    const certificate = entry.certificate && (await account.certificates.findWithoutTags(entry.certificate.arn));
    if (!certificate || certificate.state === 'failed') return undefined;
    if (reason === 'CertificatePendingValidation') {
      entry.certificate = describe(certificate);
      return certificate.state === 'issued' ? issued(context, certificate) : pendingValidation(context);
    }
    if (reason !== 'CertificateRecordPending') return undefined;
    if (!certificate.validationRecord) return recordPending(context);
    const place = await findPlace(context, site, { fresh: false, isDelegationKnown: true });
    if (place.kept === 'nowhere') return noPlace(context, place);
    // The record was not known before, so no tag can tell of it.
    return prove(context, { ...certificate, tags: {} }, place);
  },

  async remove(context) {
    const { services, site, owner } = context;
    const { intervals } = services.settings;
    const all = await findCertificates(context);
    const recorded = site.entry.certificate?.arn;
    const seen = recorded === undefined || all.some(({ arn }) => arn === recorded);
    if (!seen && mayBeNew(context, 'CertificateReady')) {
      const message = `ACM may not show the new certificate ${recorded} yet: it is looked for again`;
      return { state: 'waiting', reason: 'Deleting', message, requeueAfter: intervals.missing };
    }
    for (const each of all) if (each.arn === recorded) mustShowTags(asFound(context, each));
    const own = all.filter(({ tags }) => isOurs(tags, owner));
    await removeValidationRecord(context, own, all);
    const busy: string[] = [];
    for (const { arn } of own) if (!(await deleted(context, arn))) busy.push(arn);
    if (busy.length > 0) {
      const message = `ACM still counts ${busy.toSorted().join(', ')} as in use`;
      return { state: 'waiting', reason: 'InUse', message, requeueAfter: intervals.certificate };
    }
    delete site.entry.certificate;
    forgetRecords(context.status, site.alias);
    return ready;
  },
};

/** Goes on with the certificate: makes the record that proves the domain, and says what is still to come. */
async function prove(context: AcceptedSite, certificate: Certificate, place: Known): Promise<Outcome> {
  context.site.entry.certificate = describe(certificate);
  const proof = await ensureValidationRecord(context, certificate, place);
  if (certificate.state === 'issued') {
    return proof?.isThere === false ? renewalAtRisk(proof.request) : issued(context, certificate);
  }
  if (certificate.state === 'failed') return failure(context, certificate);
  if (proof?.isThere === false) return awaitByHand(context, proof);
  return certificate.validationRecord ? pendingValidation(context) : recordPending(context);
}

const issued = (context: AcceptedSite, certificate: Untagged): Outcome =>
  certificate.renewalProblem === undefined ? ready : notRenewed(context, certificate);

const noPlace = ({ services }: AcceptedSite, { reason, message }: Nowhere): Outcome => ({
  state: 'waiting',
  reason,
  message,
  requeueAfter: services.settings.intervals.missing,
});

const recordPending = ({ services }: AcceptedSite): Outcome => ({
  state: 'waiting',
  reason: 'CertificateRecordPending',
  message: 'ACM has not said yet which record proves the domain',
  requeueAfter: services.settings.intervals.certificate,
});

const pendingValidation = ({ services, site }: AcceptedSite): Outcome => ({
  state: 'waiting',
  reason: 'CertificatePendingValidation',
  message: `ACM is validating ${site.alias}`,
  requeueAfter: services.settings.intervals.certificate,
});

/** The certificate to go on with. Undefined if it was requested just now: ACM tells its record only after some seconds. */
async function ensure(context: AcceptedSite): Promise<Certificate | undefined> {
  const { account, owner, site } = context;
  const { certificates } = account;
  const { entry } = site;
  const known = entry.certificate && (await certificates.find(entry.certificate.arn));
  if (known) mustShowTags(asFound(context, known));
  if (known && known.state !== 'failed' && isOurs(known.tags, owner)) return tagged(context, known);

  const all = (await certificates.findByDomain(site.alias)).filter(({ domain }) => domain === site.alias);
  for (const { arn, tags } of all) mustNotBeAnotherClusters({ what: `certificate ${arn}`, tags }, owner);
  const own = all.filter(({ tags }) => isOurs(tags, owner));
  const best = choose(own);
  const failed = own.filter(({ state }) => state === 'failed');
  const recent = failed.find((each) => again(each) > context.services.clock.now());
  if (!best && recent) return recent;
  const arn = best?.arn ?? (await request(context, failed));
  // ACM gives the certificate of the last hour for the same token, and somebody may have taken that since.
  const repeated = [...all, ...(known ? [known] : [])].find((each) => each !== best && each.arn === arn);
  if (repeated) mustBeOurs(asFound(context, repeated), owner);
  entry.certificate = best ? describe(best) : { arn, state: 'PENDING_VALIDATION' };
  if (best) await tellRecord(context, best, failed);
  for (const { arn: old, inUseBy } of failed) if (inUseBy.length === 0) await deleted(context, old);
  return best && tagged(context, best);
}

/** The certificate is there until it has to be renewed. */
const renewalAtRisk = (why: string): Outcome => ({
  state: 'ready',
  message: `ACM will not renew the certificate as it is: ${why}`,
});

/** The record that proves the domain is made again in each pass. What else is in the way only a person can mend. */
function notRenewed({ pass }: AcceptedSite, { arn, notAfter, renewalProblem = '' }: Untagged): Outcome {
  const until = notAfter ? `, which expires at ${toTime(notAfter)}` : '';
  pass.event('Warning', 'CertificateNotRenewed', `ACM does not renew certificate ${arn}${until}: ${renewalProblem}`);
  return renewalAtRisk(renewalProblem);
}

const asFound = ({ services }: SiteContext, { arn, tags, requestedAt }: Certificate): Found => ({
  what: `certificate ${arn}`,
  tags,
  isNew: isNew(services, requestedAt),
});

/**
 * When another one may be requested in place of one that failed: an hour later, then two, up to a day. It would mostly fail
 * again, and ACM counts the requests of a year: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
 */
const again = (certificate: Certificate) =>
  new Date(certificate.requestedAt.getTime() + Math.min(hours(1) * 2 ** (requestNumber(certificate) - 1), hours(24)));

const requestNumber = ({ tags }: Certificate) => Number(tags[requestNumberKey] ?? 1) || 1;

function failure({ site, services }: AcceptedSite, certificate: Certificate): Outcome {
  const next = again(certificate);
  const number = requestNumber(certificate);
  const tried = number === 1 ? '1 request' : `${number} requests`;
  return {
    state: 'waiting',
    reason: 'CertificateFailed',
    message: `ACM does not issue the certificate of ${site.alias} (${tried} so far): ${certificate.failure}; another is requested at ${toTime(next)}`,
    requeueAfter: next.getTime() - services.clock.now().getTime(),
  };
}

/** The certificate that a distribution uses, else one that is issued, else one that may still be. */
function choose(own: readonly Certificate[]): Certificate | undefined {
  const usable = own.filter(({ state }) => state !== 'failed');
  return (
    usable.find(({ inUseBy }) => inUseBy.length > 0) ?? usable.find(({ state }) => state === 'issued') ?? usable[0]
  );
}

/**
 * For an hour, ACM returns the same certificate for the same token, even if it does not list the certificate yet.
 * Only a failed certificate leads to another token.
 */
async function request(
  { account, desired, object, site }: AcceptedSite,
  failed: readonly Certificate[],
): Promise<string> {
  const [replaces] = failed.map(({ arn }) => arn).sort();
  const idempotencyToken = reference(object.metadata.uid, site.alias, replaces);
  const number = Math.max(0, ...failed.map(requestNumber)) + 1;
  const tags = {
    ...desired.tags,
    ...(number > 1 && { [requestNumberKey]: String(number) }),
    ...recordTag(failed),
  };
  return account.certificates.request({ domain: site.alias, tags, idempotencyToken });
}

/** Of certificates that go: which record we made. ACM names the same one for their successor. */
function recordTag(failed: readonly Certificate[]): Tags {
  const name = failed.map(({ tags }) => tags[validationRecordKey]).find((each) => each !== undefined);
  return name === undefined ? {} : { [validationRecordKey]: name };
}

/** Before the certificates go that said so. */
async function tellRecord(
  { account }: AcceptedSite,
  { arn, tags }: Certificate,
  failed: readonly Certificate[],
): Promise<void> {
  const changes = diffTags(tags, { ...recordTag(failed), ...tags });
  if (hasChanges(changes)) await account.certificates.tag(arn, changes);
}

async function tagged({ account, desired, status }: AcceptedSite, certificate: Certificate): Promise<Certificate> {
  const changes = diffTags(certificate.tags, desired.tags, { former: status.tagKeys ?? [] });
  if (hasChanges(changes)) await account.certificates.tag(certificate.arn, changes);
  return certificate;
}

async function deleted({ account }: SiteContext, arn: string): Promise<boolean> {
  try {
    await account.certificates.delete(arn);
    return true;
  } catch (error) {
    if (isInUse(error)) return false;
    throw error;
  }
}

function describe({ arn, state, failure, notAfter }: Untagged) {
  const words = { pending: 'PENDING_VALIDATION', issued: 'ISSUED', failed: (failure ?? 'FAILED').split(':')[0] ?? '' };
  return { arn, state: words[state], ...(notAfter && { notAfter: toTime(notAfter) }) };
}
