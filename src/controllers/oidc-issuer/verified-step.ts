import { type Outcome, ready, type Step } from '../../runtime/step.ts';
import { NameLost } from '../explain.ts';
import { mayBeRegistered } from '../issuer-contract.ts';
import type { IssuerContext, IssuerRemoval } from './context.ts';
import { look } from './look.ts';
import { wantedURLs } from './providers-step.ts';

/**
 * Whether each registered URL serves what our bucket holds. Each pass looks, even if the certificate, the distribution or the
 * records are not ready: that is when somebody else may answer.
 */
export const verifiedStep: Step<IssuerContext, IssuerRemoval> = {
  condition: 'Verified',
  needs: ['BucketReady'],
  watches: ['ProvidersReady'],

  async reconcile(context) {
    const { services, object, status } = context;
    const registered = (status.providers ?? []).map(({ url }) => url);
    // The pass also looks at URLs that were withdrawn, or that a lost status does not name.
    const urls = new Set([...registered, ...(mayBeRegistered(object) ? wantedURLs(context) : [])]);
    if (urls.size === 0) return { state: 'waiting', reason: 'DependencyNotReady', message: 'waits for ProvidersReady' };
    const problems: string[] = [];
    for (const url of urls) {
      const verdict = await look(context, url);
      if (verdict.state === 'foreign') throw new NameLost('NameLost', `somebody else answers: ${verdict.message}`);
      if (verdict.state === 'unproven') problems.push(verdict.message);
    }
    return problems.length === 0 ? ready : notVerified(problems, services.settings.intervals.missing);
  },
};

function notVerified(problems: readonly string[], requeueAfter: number): Outcome {
  const message = `${problems.join('; ')}: this does not prove that somebody else answers, and the providers stay`;
  return { state: 'waiting', reason: 'NotVerified', message, requeueAfter };
}
