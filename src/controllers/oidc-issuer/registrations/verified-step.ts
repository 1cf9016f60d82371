import { findCondition } from '../../../api/conditions.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { NameLost } from '../../explain.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { look, served } from './look.ts';
import { wantedURLs } from './providers-step.ts';
import { recordedURLs } from './registrations.ts';

/**
 * Whether each registered URL serves what our bucket holds. Each pass looks, even if the certificate, the distribution or the
 * records are not ready: that is when somebody else may answer.
 */
export const verifiedStep: Step<AcceptedSite, SiteContext> = {
  condition: 'Verified',
  needs: ['BucketReady'],
  watches: ['ProvidersReady'],

  async reconcile(context) {
    const { services, object } = context;
    if (services.settings.issuerCheck.mode === 'Skip') {
      const message =
        "not looked at: issuerCheck.mode is Skip in the operator's configuration, which leaves the look to IAM";
      return { state: 'ready', message };
    }
    // A name that was lost has no provider any more, and is looked at until it is ours again.
    const wasLost = findCondition(object.status?.conditions, 'Verified')?.reason === 'NameLost';
    const urls = new Set([...recordedURLs(context), ...(wasLost ? wantedURLs(context) : [])]);
    if (urls.size === 0) return { state: 'waiting', reason: 'DependencyNotReady', message: 'waits for ProvidersReady' };
    const problems: Problem[] = [];
    for (const url of urls) {
      const verdict = await look(context, url);
      if (verdict.state === 'foreign') throw new NameLost('NameLost', `somebody else answers: ${verdict.message}`);
      if (verdict.state === 'unproven') problems.push({ message: verdict.message, isOver: served(context, url) });
    }
    return problems.length === 0 ? ready : notVerified(problems, services.settings.intervals.missing);
  },
};

/** What is wrong with one URL. */
interface Problem {
  readonly message: string;
  readonly isOver: (signal: AbortSignal) => Promise<boolean>;
}

function notVerified(problems: readonly Problem[], requeueAfter: number): Outcome {
  const what = problems.map(({ message }) => message).join('; ');
  const message = `${what}: this does not prove that somebody else answers, and the providers stay`;
  const isOver = async (signal: AbortSignal) => {
    const over = await Promise.all(problems.map((problem) => problem.isOver(signal)));
    return over.includes(true);
  };
  return { state: 'waiting', reason: 'NotVerified', message, requeueAfter, isOver };
}
