import type { Certificate } from '../../../aws/certificates.ts';
import { requestNumberKey } from '../../../aws/ownership.ts';
import { hours } from '../../../runtime/duration.ts';

/**
 * How long before its end a certificate that is not renewed gets a successor. ACM begins to renew about 45 days before the end, so
 * it has tried for a month by then. What is left is time for five requests, because ACM may take 72 hours to give up on each.
 * https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html
 * https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
 */
const replacedBefore = hours(15 * 24);

/** Whether another certificate has to take the place of this one, which still serves: ACM gave up renewing it, or did not get it done in time. */
export function needsSuccessor(
  { state, renewalFailed, notAfter }: Pick<Certificate, 'state' | 'renewalFailed' | 'notAfter'>,
  now: Date,
): boolean {
  if (state !== 'issued') return false;
  return renewalFailed || (notAfter !== undefined && notAfter.getTime() - now.getTime() < replacedBefore);
}

/**
 * The certificate to serve with. One that needs a successor gives way to it only when that one is issued, although a distribution
 * still uses the former. Until then it is the one that a distribution uses, else one that is issued, else one that may still be.
 */
export function choose(own: readonly Certificate[], now: Date): Certificate | undefined {
  const usable = own.filter(({ state }) => state !== 'failed');
  const lasting = usable.filter((each) => each.state === 'issued' && !needsSuccessor(each, now));
  return lasting.find(isInUse) ?? lasting[0] ?? usable.find(isInUse) ?? usable.find(isIssued) ?? usable[0];
}

export const isInUse = ({ inUseBy }: Certificate): boolean => inUseBy.length > 0;

const isIssued = ({ state }: Certificate) => state === 'issued';

/** Of certificates that failed: the one that failed so recently that no other is requested yet. */
export const recentFailure = (failed: readonly Certificate[], now: Date): Certificate | undefined =>
  failed.find((each) => nextRequestAfter(each) > now);

/**
 * When another one may be requested in place of one that failed: an hour later, then two, up to a day. It would mostly fail
 * again, and ACM counts the requests of a year: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
 */
export const nextRequestAfter = (certificate: Certificate): Date =>
  new Date(certificate.requestedAt.getTime() + Math.min(hours(1) * 2 ** (requestNumber(certificate) - 1), hours(24)));

/** How many were requested in a row, with this one. */
export const requestNumber = ({ tags }: Certificate): number => Number(tags[requestNumberKey] ?? 1) || 1;
