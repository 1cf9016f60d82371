import type { Logger } from '../observability/logger.ts';
import type { IamCalls } from './calls.ts';
import { type AccountSummary, type QuotaMemory, type QuotaOptions, type Quotas, readQuotas } from './quotas.ts';
import type { SweptRole } from './role-sweep.ts';
import type { RoleSweeps, SweepResult } from './role-sweeps.ts';
import type { Role } from './roles.ts';
import { unlessAborted } from './scope.ts';

/** Hears what is read for all passes together. */
export interface SharedIamObserver {
  /** What IAM tells of an account's quotas, each time they are read. */
  readonly summarized?: (accountID: string, summary: AccountSummary) => void;
  /** How a read of all roles of an account ended. */
  readonly swept?: (accountID: string, result: SweepResult) => void;
}

export interface SharedIamOptions {
  readonly accountID: string;
  /** Tells the ways apart by which the account is reached. */
  readonly way: string;
  readonly installation: string;
  /** Makes calls on behalf of the operator, so that no pass can cut them off for the others. */
  readonly iam: IamCalls;
  readonly quotas: QuotaMemory;
  readonly sweeps: RoleSweeps;
  readonly logger: Logger;
  readonly now: () => number;
  /** How many milliseconds a pass waits for a sweep. */
  readonly patience: number;
  readonly observer: SharedIamObserver;
}

/** What passes read of one account's IAM together. */
export class SharedIam {
  constructor(private readonly options: SharedIamOptions) {}

  /** @param signal ends the wait for them */
  quotas(signal: AbortSignal): Promise<Quotas | undefined> {
    return unlessAborted(signal, readQuotas(this.#quotaOptions()));
  }

  /** @param signal ends the wait for it */
  async sweptRole(
    role: Pick<Role, 'name' | 'path'>,
    { maxAge, signal }: { readonly maxAge: number; readonly signal: AbortSignal },
  ): Promise<SweptRole | undefined> {
    const { accountID, way, installation, iam, sweeps, logger, patience, observer } = this.options;
    signal.throwIfAborted();
    const found = sweeps.find(
      {
        key: way,
        iam,
        installation,
        logger,
        // Once an hour, so that the metrics know each account that has roles.
        begins: () => void readQuotas(this.#quotaOptions()),
        ended: (result) => observer.swept?.(accountID, result),
      },
      role,
      maxAge,
    );
    try {
      return await unlessAborted(AbortSignal.any([signal, AbortSignal.timeout(patience)]), found);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  #quotaOptions(): QuotaOptions {
    const { accountID, iam, quotas: memory, logger, now, observer } = this.options;
    return { iam, memory, logger, now, heard: (summary) => observer.summarized?.(accountID, summary) };
  }
}
