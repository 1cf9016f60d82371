import type { Certificate } from '../../../aws/certificates.ts';
import { isOurs, replacesKey } from '../../../aws/ownership.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { explain } from '../../explain.ts';
import type { AcceptedSite } from '../context.ts';
import { toTime } from '../time.ts';
import { isInUse, nextRequestAfter, recentFailure, requestNumber } from './certificate-choice.ts';
import { deleteUnused, request, tellRecord } from './certificate-request.ts';

/*
 * A certificate that ACM does not renew serves until another one, which is requested beside it, is issued. Then the issuer's
 * certificate is the new one, and the distribution step moves the distribution to it. The old one is deleted when the distribution
 * has let go of it. The new one's tag names the old one, so a lost status loses neither.
 */

/** Sees to it that there is a successor. Whatever is in its way, the certificate is still valid, so the condition stays True. */
export async function ensureSuccessor(
  context: AcceptedSite,
  certificate: Certificate,
  own: readonly Certificate[],
): Promise<Outcome> {
  const { pass } = context;
  const problem = problemOf(certificate);
  const until = certificate.notAfter ? `, which expires at ${toTime(certificate.notAfter)}` : '';
  pass.event(
    'Warning',
    'CertificateNotRenewed',
    `ACM does not renew certificate ${certificate.arn}${until}: ${problem}`,
  );
  const progress = await unharmed(context, () => succession(context, certificate, own));
  return { state: 'ready', message: `ACM does not renew the certificate${until}: ${problem}; ${progress}` };
}

/** Says how far it is. */
async function succession(
  context: AcceptedSite,
  certificate: Certificate,
  own: readonly Certificate[],
): Promise<string> {
  const { services, site } = context;
  const others = own.filter(({ arn }) => arn !== certificate.arn);
  const failed = others.filter(({ state }) => state === 'failed');
  const pending = others.find(({ state }) => state === 'pending');
  const recent = recentFailure(failed, services.clock.now());
  if (!pending && recent) {
    record(context, undefined);
    return `${failureOf(site.alias, recent)}; another is requested at ${toTime(nextRequestAfter(recent))}`;
  }
  const successor = pending?.arn ?? (await request(context, { predecessor: certificate, failed }));
  record(context, successor);
  if (pending) await tellRecord(context, pending, failed);
  await deleteUnused(context, failed);
  return `certificate ${successor} takes its place once ACM has issued it`;
}

/** Deletes what is not needed beside a certificate that lasts: the one whose place it took, and one that was to take its own. */
export async function deleteFormer(
  context: AcceptedSite,
  certificate: Certificate,
  own: readonly Certificate[],
): Promise<Outcome> {
  const former = certificate.tags[replacesKey];
  const successor = context.site.entry.certificate?.successor;
  if (former === undefined && successor === undefined && own.length < 2) return ready;
  const failure = await unharmed(context, async () => {
    const others = await findOthers(context, own, { certificate, arns: [former, successor] });
    // A distribution that uses neither yet may be about to change.
    const replaced = others.filter(({ arn }) => arn === former && isInUse(certificate));
    const unneeded = others.filter(({ tags }) => tags[replacesKey] === certificate.arn);
    await tellRecord(context, certificate, [...replaced, ...unneeded]);
    await deleteUnused(context, unneeded);
    record(context, undefined);
    const left = await deleteUnused(context, replaced);
    const isGone = left.length === 0 && others.every(({ arn }) => arn !== former || replaced.length > 0);
    if (former !== undefined && isGone) {
      await context.account.certificates.tag(certificate.arn, { set: {}, remove: [replacesKey] });
    }
    return '';
  });
  return failure === '' ? ready : { state: 'ready', message: `a former certificate is still there: ${failure}` };
}

/** Ours, of this domain. Tags could name any certificate. */
async function findOthers(
  { account, owner }: AcceptedSite,
  own: readonly Certificate[],
  { certificate, arns }: { readonly certificate: Certificate; readonly arns: readonly (string | undefined)[] },
): Promise<readonly Certificate[]> {
  const found = [...own];
  for (const arn of arns) {
    if (arn === undefined || found.some((each) => each.arn === arn)) continue;
    const other = await account.certificates.find(arn);
    if (other) found.push(other);
  }
  return found.filter(
    ({ arn, domain, tags }) => arn !== certificate.arn && domain === certificate.domain && isOurs(tags, owner),
  );
}

/** Work that a valid certificate can do without: a failure is told and does no harm. */
async function unharmed({ pass }: AcceptedSite, work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    pass.signal.throwIfAborted();
    return explain(error).message;
  }
}

function record({ site: { entry } }: AcceptedSite, successor: string | undefined): void {
  if (!entry.certificate) return;
  const { successor: _former, ...certificate } = entry.certificate;
  entry.certificate = { ...certificate, ...(successor !== undefined && { successor }) };
}

/** ACM may not have said that anything is wrong. */
const problemOf = ({ renewalProblem }: Certificate) => renewalProblem ?? 'it is not renewed yet';

/** What ACM says of a request that failed, and how many there were. */
export function failureOf(alias: string, certificate: Certificate): string {
  const number = requestNumber(certificate);
  const tried = number === 1 ? '1 request' : `${number} requests`;
  return `ACM does not issue the certificate of ${alias} (${tried} so far): ${certificate.failure}`;
}
