import type { Account } from '../../aws/accounts.ts';
import type { Quotas } from '../../aws/quotas.ts';
import { TerminalError } from '../explain.ts';

/** What a quota of IAM is called, where people ask AWS for more of it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const titles = {
  roles: 'Roles per account',
  attachedPoliciesPerRole: 'Managed policies per role',
} as const satisfies Partial<Record<keyof Quotas, string>>;

export interface FullQuota {
  readonly quota: keyof typeof titles;
  /** What there cannot be. */
  readonly what: string;
  /** How to do with less. */
  readonly remedy: string;
}

/** For a call that IAM refused: which quota is full, its value if the operator may read it, and what to do. */
export async function fullQuota(
  account: Pick<Account, 'id' | 'quotas'>,
  { quota, what, remedy }: FullQuota,
  cause: unknown,
): Promise<TerminalError> {
  const value = (await account.quotas())?.[quota];
  const takes = `account ${account.id} takes ${value === undefined ? 'no more' : `${value}, and no more`}`;
  const message = `${what}: ${takes} (IAM's quota "${titles[quota]}"): ${remedy}, or ask AWS for a higher quota`;
  return new TerminalError('LimitExceeded', message, { cause });
}
