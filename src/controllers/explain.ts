import type { Reason } from '../api/conditions.ts';
import { isRead } from '../aws/actions.ts';
import { type Denial, denialOf } from '../aws/denial.ts';
import { type Failure, InvalidRoleARN, chain, describe } from '../aws/errors.ts';
import { NotSent } from '../aws/plan.ts';
import type { Explanation } from '../runtime/definition.ts';
import { isConflict, isForbidden, isTransient, isUnreachable, KubeError } from '../runtime/kube-error.ts';
import { InvalidKubeconfigError } from '../runtime/workload-clusters.ts';

/** Retrying cannot help, and the thrower knows the reason. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';

  constructor(
    readonly reason: Reason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** It is proven that somebody else has a name that a provider trusts. The step that registered the provider withdraws it. */
export class NameLost extends TerminalError {}

/** What failed in several places, each with its own words. */
export class Failures extends Error {
  override readonly name = 'Failures';

  constructor(readonly failures: readonly Error[]) {
    super(failures.map(({ message }) => message).join('; '));
  }
}

/** AWS may not show yet what was made or changed a moment ago. */
export class NotSeenYet extends Error {
  override readonly name = 'NotSeenYet';
}

/** Adds the account to every error of this work, because AWS often does not name it. */
export async function inAccount<T>(accountID: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`in account ${accountID}`, { cause: error });
  }
}

/** The condition that an error becomes. */
export function explain(error: unknown): Explanation {
  if (error instanceof Failures) return explainTogether(error.failures.map(explain));
  const message = messageOf(error);
  const links = chain(error);
  const terminal = links.find((link) => link instanceof TerminalError);
  if (terminal instanceof NameLost) return { reason: terminal.reason, message, terminal: true, nameLost: true };
  if (terminal) return { reason: terminal.reason, message, terminal: true };
  if (links.some((link) => link instanceof NotSeenYet)) {
    return { reason: 'AwaitingReconciliation', message, terminal: false, passing: true };
  }
  if (links.some((link) => link instanceof NotSent)) {
    return { reason: 'DependencyNotReady', message, terminal: false, notSent: true };
  }
  const invalid = links.find((link) => link instanceof InvalidKubeconfigError);
  if (invalid) return { reason: 'InvalidKubeconfig', message, terminal: true };
  const kube = links.find((link) => link instanceof KubeError);
  if (kube) return { ...explainKube(kube), message, terminal: false };
  if (links.some((link) => link instanceof InvalidRoleARN)) return { reason: 'InvalidSpec', message, terminal: true };
  const failure = describe(error);
  return failure ? explainAws(failure, message, error) : { reason: 'ReconciliationFailed', message, terminal: false };
}

/** The reason is that of the first that will not be over by itself. */
function explainTogether(all: readonly Explanation[]): Explanation {
  const first = all.find(({ passing }) => !passing) ?? all[0];
  return {
    reason: first?.reason ?? 'ReconciliationFailed',
    message: all.map(({ message }) => message).join('; '),
    terminal: all.every(({ terminal }) => terminal),
    passing: all.every(({ passing }) => passing),
  };
}

function explainAws({ kind, action }: Failure, message: string, error: unknown): Explanation {
  // What had to be written was known to be wrong, and still is.
  const passing = isRead(action);
  switch (kind) {
    case 'accessDenied':
      return { reason: 'AccessDenied', message: `${remedyOf(denialOf(error, action))}: ${message}`, terminal: false };
    case 'unauthenticated':
      return { reason: 'AccessDenied', message: `AWS refuses the operator's credentials: ${message}`, terminal: false };
    case 'throttled':
      return { reason: 'Throttled', message, terminal: false, passing };
    case 'limitExceeded':
      return { reason: 'LimitExceeded', message, terminal: true };
    case 'invalid':
      return { reason: 'InvalidSpec', message, terminal: true };
    case 'conflict':
      return { reason: 'AwaitingReconciliation', message, terminal: false, passing };
    case 'unavailable':
      return { reason: 'ReconciliationFailed', message, terminal: false, passing };
    case 'other':
      return { reason: 'ReconciliationFailed', message, terminal: false };
  }
}

/** What to do about a refusal. The wrong advice would send people to policies that are right. */
function remedyOf(denial: Denial): string {
  switch (denial.cause) {
    case 'notAllowed':
      return `the operator needs ${denial.action}`;
    case 'notAllowedBy':
      return `the operator needs ${denial.action}, and ${withArticle(denial.policy)} leaves it out: ask whoever keeps that one`;
    case 'explicitDeny':
      return `${withArticle(denial.policy)} denies ${denial.action}, and no permission of the operator changes that: ask whoever keeps that one`;
    case 'ownIdentity':
      return "AWS does not let the operator itself in: the trust policy of the operator's own role does not fit its service account, or that role is another one";
    case 'publicAccessBlocked':
      return 'Block Public Access of the account or the organization forbids public buckets, which hosting.s3 needs: allow them there, or choose another hosting';
    case 'unverifiedAccount':
      return 'AWS has not verified this account for CloudFront, which no permission changes: the owner of the account has to open a case with AWS Support';
  }
}

const withArticle = (noun: string) => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;

function explainKube(error: KubeError): Pick<Explanation, 'reason' | 'passing'> {
  if (isUnreachable(error)) return { reason: 'ClusterUnreachable', passing: true };
  if (isConflict(error)) return { reason: 'AwaitingReconciliation', passing: true };
  if (isForbidden(error)) return { reason: 'AccessDenied' };
  return { reason: 'ReconciliationFailed', passing: isTransient(error) };
}

/** The messages from the outermost to the innermost, each once, because some errors repeat the message of their cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  let message = error.message;
  for (const { message: inner } of chain(error).slice(1)) if (!message.includes(inner)) message += `: ${inner}`;
  return steady(message);
}

/**
 * Without what differs each time the same thing happens, because each new message is an event and a write of the status: a
 * service has many addresses, AWS names the times of a clock that is wrong, and a session of a role has a name of its own. The
 * debug log has the whole text.
 */
function steady(message: string): string {
  return message
    .replaceAll(/\b(connect E[A-Z]+) \S+:\d+/g, '$1')
    .replaceAll(/\b\d{8}T\d{6}Z\b/g, '(time)')
    .replaceAll(/(:assumed-role\/[\w+=,.@-]+)\/[\w+=,.@-]+/g, '$1')
    .replaceAll(/\b(Request ?ID): [\w-]+/gi, '$1');
}
