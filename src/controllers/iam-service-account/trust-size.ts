import type { Account } from '../../aws/accounts.ts';
import type { PolicyDocument } from '../../aws/policy-document.ts';
import { sizeOf, type Trusted, trustPolicy } from '../../oidc/trust-policy.ts';
import { TerminalError } from '../explain.ts';

/** What IAM takes in every account. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const smallestQuota = 2048;

/** Whether no account is too small for the policy. */
export const fitsEverywhere = (policy: PolicyDocument): boolean => sizeOf(policy) <= smallestQuota;

/**
 * Says it before IAM does, with what would fit. The account's quota is read only if the policy is larger than every account takes.
 * @throws TerminalError if IAM would refuse the policy for its size
 */
export async function mustFit(
  account: Pick<Account, 'id' | 'quotas'>,
  policy: PolicyDocument,
  trusted: readonly Trusted[],
): Promise<void> {
  if (fitsEverywhere(policy)) return;
  const size = sizeOf(policy);
  const { trustPolicySize: quota } = (await account.quotas()) ?? {};
  // IAM does not tell, so it has to judge itself.
  if (quota === undefined || size <= quota) return;
  const others = size - sizeOf(trustPolicy(trusted));
  const fits = (issuers: readonly Trusted[]) => sizeOf(trustPolicy(issuers)) + others <= quota;
  throw new TerminalError(
    'LimitExceeded',
    `the trust policy has ${size} characters, and account ${account.id} takes ${quota} (IAM's quota "Role trust policy length"): ${advice(trusted, fits)}, or ask AWS for a higher quota`,
  );
}

function advice(trusted: readonly Trusted[], fits: (issuers: readonly Trusted[]) => boolean): string {
  const count = (most: number, cut: (n: number) => readonly Trusted[]) => {
    let fitting = 0;
    while (fitting < most && fits(cut(fitting + 1))) fitting++;
    return fitting;
  };
  const issuers = count(trusted.length, (n) => trusted.slice(0, n));
  if (trusted.length > 1 && issuers > 0)
    return `of its ${trusted.length} issuer URLs with these subjects ${issuers} would fit: name fewer issuers or subjects`;
  const named = Math.max(0, ...trusted.map((issuer) => ('unread' in issuer ? 0 : issuer.subjects.length)));
  const cut = (n: number) =>
    trusted.map((issuer) => ('unread' in issuer ? issuer : { ...issuer, subjects: issuer.subjects.slice(0, n) }));
  return `of its ${named} subjects the first ${count(named, cut)} would fit: name fewer subjects, or a second IAMServiceAccount`;
}
