import type { Certificate } from '../../../aws/certificates.ts';
import { isOurs, replacesKey } from '../../../aws/ownership.ts';
import { diffTags, hasChanges } from '../../../aws/tags.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { type Found, mustBeOurs, mustNotBeAnotherClusters, mustShowTags } from '../../ownership.ts';
import type { AcceptedSite, RecordsPlace, SiteContext } from '../context.ts';
import { toTime } from '../time.ts';
import { awaitByHand, type ByHand } from './by-hand.ts';
import { choose, needsSuccessor, nextRequestAfter, recentFailure } from './certificate-choice.ts';
import { deleted, deleteUnused, request, tellRecord } from './certificate-request.ts';
import { deleteFormer, ensureSuccessor, failureOf } from './certificate-succession.ts';
import { isNew, mayBeNew } from './propagation.ts';
import { findCertificates } from './recovery.ts';
import { forgetRecords } from './told-records.ts';
import { ensureValidationRecord, removeValidationRecord } from './validation-record.ts';
import { findPlace } from './zones.ts';

type Untagged = Omit<Certificate, 'tags'>;
type Nowhere = Extract<RecordsPlace, { kept: 'nowhere' }>;

/** The alias's certificate, and the record that proves the domain to ACM now and at each renewal. */
export const certificateStep: Step<AcceptedSite, SiteContext> = {
  condition: 'CertificateReady',
  needs: [],
  rests: true,

  async reconcile(context) {
    const place = await context.records();
    if (place.kept === 'nowhere') return noPlace(context, place);
    const { certificate, own } = await ensure(context);
    if (!certificate) return recordPending(context);
    const proof = await ensureValidationRecord(context, certificate, place);
    return certificate.state === 'issued'
      ? serve(context, certificate, { own, proof })
      : unissued(context, certificate, proof);
  },

  async lookAgain(context, reason) {
    const { account, services, site } = context;
    const { entry } = site;
    const found = entry.certificate && (await account.certificates.findWithoutTags(entry.certificate.arn));
    if (!found || found.state === 'failed') return undefined;
    if (reason === 'CertificatePendingValidation') {
      const isWell = found.renewalProblem === undefined && !needsSuccessor(found, services.clock.now());
      if (found.state === 'issued' && !isWell) return undefined;
      entry.certificate = describe(found);
      return found.state === 'issued' ? ready : pendingValidation(context);
    }
    if (reason !== 'CertificateRecordPending' || found.state === 'issued') return undefined;
    if (!found.validationRecord) return recordPending(context);
    const place = await findPlace(context, site, { fresh: false, isDelegationKnown: true });
    if (place.kept === 'nowhere') return noPlace(context, place);
    // The record was not known before, so no tag can tell of it.
    const certificate = { ...found, tags: {} };
    entry.certificate = describe(certificate);
    return unissued(context, certificate, await ensureValidationRecord(context, certificate, place));
  },

  async remove(context) {
    const { services, site, owner } = context;
    const { intervals } = services.settings;
    const { arn: recorded, successor } = site.entry.certificate ?? {};
    const all = await findCertificates(context, [recorded, successor]);
    const seen = recorded === undefined || all.some(({ arn }) => arn === recorded);
    if (!seen && mayBeNew(context, 'CertificateReady')) {
      const message = `ACM may not show the new certificate ${recorded} yet: it is looked for again`;
      return { state: 'waiting', reason: 'Deleting', message, requeueAfter: intervals.missing };
    }
    for (const each of all) if ([recorded, successor].includes(each.arn)) mustShowTags(asFound(context, each));
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

/** Says what is still to come before the certificate is issued. */
function unissued(context: AcceptedSite, certificate: Certificate, proof: ByHand | undefined): Outcome {
  if (certificate.state === 'failed') return failure(context, certificate);
  if (proof?.isThere === false) return awaitByHand(context, proof);
  return certificate.validationRecord ? pendingValidation(context) : recordPending(context);
}

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

interface Standing {
  /** The one to go on with. Undefined if it was requested just now: ACM tells its record only after some seconds. */
  readonly certificate: Certificate | undefined;
  /** All that are ours. Empty if nobody had to look for them. */
  readonly own: readonly Certificate[];
}

async function ensure(context: AcceptedSite): Promise<Standing> {
  const { account, owner, services, site } = context;
  const { certificates } = account;
  const { entry } = site;
  const now = services.clock.now();
  const known = entry.certificate && (await certificates.find(entry.certificate.arn));
  if (known) mustShowTags(asFound(context, known));
  const isUsable = known && known.state !== 'failed' && isOurs(known.tags, owner);
  if (isUsable && !needsSuccessor(known, now)) return { certificate: await taken(context, known), own: [] };

  const all = await findCertificates(context, [entry.certificate?.successor]);
  const named = all.filter(({ domain }) => domain === site.alias);
  for (const { arn, tags } of named) mustNotBeAnotherClusters({ what: `certificate ${arn}`, tags }, owner);
  const own = named.filter(({ tags }) => isOurs(tags, owner));
  // The list may lack what is known.
  const best = choose(own, now) ?? (isUsable ? known : undefined);
  const failed = own.filter(({ state }) => state === 'failed');
  // Those that failed beside it tell when the next one may be requested.
  if (best && needsSuccessor(best, now)) return { certificate: await taken(context, best), own };
  const recent = best ? undefined : recentFailure(failed, now);
  if (recent) {
    entry.certificate = describe(recent);
    return { certificate: recent, own };
  }
  if (best) {
    await tellRecord(context, best, failed);
    await deleteUnused(context, failed);
    return { certificate: await taken(context, best), own };
  }
  const arn = await request(context, { failed });
  // ACM gives the certificate of the last hour for the same token, and somebody may have taken that since.
  const repeated = [...named, ...(known ? [known] : [])].find((each) => each.arn === arn);
  if (repeated) mustBeOurs(asFound(context, repeated), owner);
  entry.certificate = { arn, state: 'PENDING_VALIDATION' };
  await deleteUnused(context, failed);
  return { certificate: undefined, own };
}

/** Goes on with an issued certificate. */
function serve(
  context: AcceptedSite,
  certificate: Certificate,
  { own, proof }: Pick<Standing, 'own'> & { readonly proof: ByHand | undefined },
): Outcome | Promise<Outcome> {
  if (proof?.isThere === false) return renewalAtRisk(proof.request);
  if (needsSuccessor(certificate, context.services.clock.now())) return ensureSuccessor(context, certificate, own);
  if (certificate.renewalProblem !== undefined) return notRenewed(context, certificate);
  return deleteFormer(context, certificate, own);
}

/** The certificate is there until it has to be renewed. */
const renewalAtRisk = (why: string): Outcome => ({
  state: 'ready',
  message: `ACM will not renew the certificate as it is: ${why}`,
});

/** The record that proves the domain is made again in each pass. What else is in the way only a person can mend. */
function notRenewed({ pass }: AcceptedSite, { arn, notAfter, renewalProblem = '' }: Certificate): Outcome {
  const until = notAfter ? `, which expires at ${toTime(notAfter)}` : '';
  pass.event('Warning', 'CertificateNotRenewed', `ACM does not renew certificate ${arn}${until}: ${renewalProblem}`);
  return renewalAtRisk(renewalProblem);
}

const asFound = ({ services }: SiteContext, { arn, tags, requestedAt }: Certificate): Found => ({
  what: `certificate ${arn}`,
  tags,
  isNew: isNew(services, requestedAt),
});

function failure({ site, services }: AcceptedSite, certificate: Certificate): Outcome {
  const next = nextRequestAfter(certificate);
  return {
    state: 'waiting',
    reason: 'CertificateFailed',
    message: `${failureOf(site.alias, certificate)}; another is requested at ${toTime(next)}`,
    requeueAfter: next.getTime() - services.clock.now().getTime(),
  };
}

/** Records the certificate and puts its tags right. */
async function taken(context: AcceptedSite, certificate: Certificate): Promise<Certificate> {
  const { account, desired, pass, site, status } = context;
  const { arn, successor } = site.entry.certificate ?? {};
  if (arn !== undefined && arn === certificate.tags[replacesKey]) {
    pass.event('Normal', 'CertificateReplaced', `certificate ${certificate.arn} takes the place of ${arn}`);
  }
  const isSame = arn === certificate.arn;
  site.entry.certificate = { ...describe(certificate), ...(isSame && successor !== undefined && { successor }) };
  const changes = diffTags(certificate.tags, desired.tags, { former: status.tagKeys ?? [] });
  if (hasChanges(changes)) await account.certificates.tag(certificate.arn, changes);
  return certificate;
}

function describe({ arn, state, failure, notAfter }: Untagged) {
  const words = { pending: 'PENDING_VALIDATION', issued: 'ISSUED', failed: (failure ?? 'FAILED').split(':')[0] ?? '' };
  return { arn, state: words[state], ...(notAfter && { notAfter: toTime(notAfter) }) };
}
