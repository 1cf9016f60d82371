import type { Reason } from '../../../api/conditions.ts';
import { InvalidKeyError, type PublicKeys } from '../../../oidc/keys.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { TerminalError } from '../../explain.ts';
import type { AcceptedSite } from '../context.ts';

/** Takes the keys of a source that was read, and says of what it holds besides why that is not published. Until it is mended no key is dropped. */
export function take({ source }: AcceptedSite, { keys, leftOut }: PublicKeys, what: string): Outcome {
  source.read = { keys, isWhole: leftOut.length === 0 };
  if (leftOut.length === 0) return ready;
  return { state: 'ready', message: `not published of ${what}, while all other keys are: ${leftOut.join('; ')}` };
}

/** @param what the source, for messages */
export function parsed(what: string, parse: () => PublicKeys): PublicKeys {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidKeyError) throw new TerminalError('InvalidKey', `${what}: ${error.message}`);
    throw error;
  }
}

export const waiting = ({ services }: AcceptedSite, reason: Reason, message: string): Outcome => ({
  state: 'waiting',
  reason,
  message,
  requeueAfter: services.settings.intervals.missing,
});
