import { hours } from '../../../src/runtime/duration.ts';
import type { FakeCertificate } from '../../fakes/aws/acm.ts';
import type { Story } from './story.ts';

export async function ready<S extends Story>(story: S): Promise<S> {
  await story.untilReady();
  await story.reconcile();
  return story;
}

/** 14 days before the end of the certificate, ACM still says that it tries to renew it. */
export async function lateInLife(story: Story, certificate: FakeCertificate): Promise<void> {
  await story.clock.advance(hours(24 * 184));
  certificate.renewal = { RenewalStatus: 'PENDING_VALIDATION', RenewalStatusReason: 'CAA_ERROR' };
}
