import { chain } from './errors.ts';

/**
 * What AWS's own words say about a refusal. A call may need more actions than the one it is named after: what is made with tags,
 * for example, needs the action that tags it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export type Denial =
  /** No policy of the operator allows the action. */
  | { readonly cause: 'notAllowed'; readonly action: string }
  /** Another policy leaves the action out, such as `service control policy` or `permissions boundary`. */
  | { readonly cause: 'notAllowedBy'; readonly action: string; readonly policy: string }
  | { readonly cause: 'explicitDeny'; readonly action: string; readonly policy: string }
  /** The operator's own web identity: no role lets it in at all. */
  | { readonly cause: 'ownIdentity' }
  /** AWS wants to hear from the account's owner before it may use CloudFront. */
  | { readonly cause: 'unverifiedAccount' }
  /** S3 lets no policy of this bucket be public, whoever asks. */
  | { readonly cause: 'publicAccessBlocked' };

/** `action`: that of the call, where AWS names none. */
export function denialOf(error: unknown, action: string): Denial {
  const words = chain(error)
    .map(({ message }) => message)
    .join('\n');
  if (/account must be verified/i.test(words)) return { cause: 'unverifiedAccount' };
  if (/\bBlockPublicPolicy\b/.test(words)) return { cause: 'publicAccessBlocked' };
  const named = /not authorized to perform:? ([\w-]+:\w+)/i.exec(words)?.[1] ?? action;
  if (named === 'sts:AssumeRoleWithWebIdentity') return { cause: 'ownIdentity' };
  const denied = /with an explicit deny(?: in an? ([a-z -]+?policy|permissions boundary|VPC endpoint policy))?/i.exec(
    words,
  );
  if (denied) return { cause: 'explicitDeny', action: named, policy: denied[1] ?? 'policy' };
  const missing = /because no ([a-z -]+?policy|permissions boundary) allows/i.exec(words)?.[1];
  return missing === undefined || /^(identity|resource)-based policy$/i.test(missing)
    ? { cause: 'notAllowed', action: named }
    : { cause: 'notAllowedBy', action: named, policy: missing };
}
