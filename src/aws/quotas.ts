import * as iam from '@aws-sdk/client-iam';
import type { IamCalls } from './calls.ts';
import type { Logger } from '../observability/logger.ts';

/** What IAM takes in this account. Undefined: IAM does not tell. */
export interface Quotas {
  /** Characters of a trust policy, without white space. */
  readonly trustPolicySize: number | undefined;
  /** Characters of all inline policies of a role together, without white space. */
  readonly inlinePolicySize: number | undefined;
  readonly attachedPoliciesPerRole: number | undefined;
  /** Roles of the account, whoever made them. */
  readonly roles: number | undefined;
}

/** What is there, whoever made it. IAM tells no quota of providers. */
export interface Used {
  readonly roles: number | undefined;
  /** OIDC and SAML providers together. */
  readonly providers: number | undefined;
}

export interface AccountSummary {
  readonly quotas: Quotas;
  readonly used: Used;
}

/** In milliseconds. After that time a quota that was raised counts. */
export const quotasRememberedFor = 60 * 60_000;
/** In milliseconds. After that time the operator looks whether IAM answers by now. */
const failureRememberedFor = 5 * 60_000;

/** What passes share. Nothing is in it before the first read. */
export interface QuotaMemory {
  read?: { readonly summary: Promise<AccountSummary | undefined>; until: number };
}

export interface QuotaOptions {
  /** These calls are made on behalf of the operator, because passes share what they answer. */
  readonly iam: IamCalls;
  readonly memory: QuotaMemory;
  readonly logger: Logger;
  readonly now: () => number;
  /** Hears of each summary that was read. */
  readonly heard: (summary: AccountSummary) => void;
}

/**
 * The quotas of one account, read by one call an hour. Never fails: whoever only wants to say something sooner than IAM does must not fail for want of it.
 * @returns undefined: the operator may not read them, or IAM does not answer
 */
export async function readQuotas(options: QuotaOptions): Promise<Quotas | undefined> {
  const { memory, now } = options;
  if (!memory.read || now() >= memory.read.until) {
    const read: NonNullable<QuotaMemory['read']> = {
      summary: summarize(options).catch((error: unknown) => {
        read.until = now() + failureRememberedFor;
        options.logger.debug('quotas could not be read', { error });
        return undefined;
      }),
      until: now() + quotasRememberedFor,
    };
    memory.read = read;
  }
  return (await memory.read.summary)?.quotas;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html */
async function summarize({ iam: calls, heard }: QuotaOptions): Promise<AccountSummary> {
  const { SummaryMap: numbers = {} } = await calls.send(
    'reading the quotas of the account',
    new iam.GetAccountSummaryCommand({}),
  );
  const summary = {
    quotas: {
      trustPolicySize: numbers.AssumeRolePolicySizeQuota,
      inlinePolicySize: numbers.RolePolicySizeQuota,
      attachedPoliciesPerRole: numbers.AttachedPoliciesPerRoleQuota,
      roles: numbers.RolesQuota,
    },
    used: { roles: numbers.Roles, providers: numbers.Providers },
  };
  heard(summary);
  return summary;
}
