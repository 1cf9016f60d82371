import { findCondition } from '../../../api/conditions.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import { NameLost } from '../../explain.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { compareCluster } from './compare-cluster.ts';
import { look, served } from './look.ts';
import { wantedURLs } from './providers-step.ts';
import { recordedURLs } from './registrations.ts';

/**
 * Whether each registered URL serves what our bucket holds, and whether the cluster's own tokens are of an issuer and a key that
 * are published. Each pass looks, even if the certificate, the distribution or the records are not ready: that is when somebody
 * else may answer.
 */
export const verifiedStep: Step<AcceptedSite, SiteContext> = {
  condition: 'Verified',
  needs: ['BucketReady'],
  watches: ['ProvidersReady'],

  async reconcile(context) {
    const { services } = context;
    const isLookedAt = services.settings.issuerCheck.mode === 'Required';
    const urls = isLookedAt ? urlsOf(context) : new Set<string>();
    if (isLookedAt && urls.size === 0) {
      return { state: 'waiting', reason: 'DependencyNotReady', message: 'waits for ProvidersReady' };
    }
    const problems: Problem[] = [];
    for (const url of urls) {
      const verdict = await look(context, url);
      if (verdict.state === 'foreign') throw new NameLost('NameLost', `somebody else answers: ${verdict.message}`);
      if (verdict.state === 'unproven') problems.push({ message: verdict.message, isOver: served(context, url) });
    }
    const compared = await compareCluster(context);
    if (compared.state === 'waiting') return compared;
    if (problems.length > 0) return notVerified(problems, services.settings.intervals.missing);
    const messages = [isLookedAt ? undefined : notLookedAt, compared.message].filter((each) => each !== undefined);
    return messages.length === 0 ? ready : { state: 'ready', message: messages.join('; ') };
  },
};

const notLookedAt =
  "not looked at: issuerCheck.mode is Skip in the operator's configuration, which leaves the look to IAM";

/** A name that was lost has no provider any more, and is looked at until it is ours again. */
function urlsOf(context: AcceptedSite): ReadonlySet<string> {
  const wasLost = findCondition(context.object.status?.conditions, 'Verified')?.reason === 'NameLost';
  return new Set([...recordedURLs(context), ...(wasLost ? wantedURLs(context) : [])]);
}

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
