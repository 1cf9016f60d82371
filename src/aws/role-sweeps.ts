import type { Logger } from '../observability/logger.ts';
import type { IamCalls } from './calls.ts';
import { isAccessDenied } from './errors.ts';
import { rolesPath } from './names.ts';
import { RoleSweep, type SweptRole } from './role-sweep.ts';
import type { Role } from './roles.ts';

/** How a sweep ended. */
export type SweepResult = 'success' | 'accessDenied' | 'error';

/** How an account is reached. Each way has sweeps of its own, because what one role may read another one need not. */
export interface SweepWay {
  readonly key: string;
  /** These calls are made on behalf of the operator, because passes share what they answer. */
  readonly iam: IamCalls;
  readonly installation: string;
  readonly logger: Logger;
  /** Hears of each sweep when it begins. */
  readonly begins: () => void;
  /** Hears of each sweep how it ended. */
  readonly ended: (result: SweepResult) => void;
}

interface Kept {
  readonly sweep: RoleSweep;
  readonly begun: number;
  failed: boolean;
}

/** The sweeps of one account. One that failed is kept as long as one that did not: meanwhile roles are read one by one. */
export class RoleSweeps {
  /** By way, the one that began last. */
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly now: () => number) {}

  /** To be told when a role may change by a call of ours: before the call, and after it, for a sweep may begin meanwhile. */
  changes(roleName: string): void {
    for (const { sweep } of this.#kept.values()) sweep.exclude(roleName);
  }

  /** Throws if the sweep failed. */
  find(way: SweepWay, role: Pick<Role, 'name' | 'path'>, maxAge: number): Promise<SweptRole | undefined> {
    const kept = this.#kept.get(way.key);
    if (kept && this.now() - kept.begun < maxAge) return kept.sweep.find(role);
    this.#dropOlderThan(2 * maxAge);
    const sweep = new RoleSweep({ ...way, path: rolesPath(way.installation) });
    const next: Kept = { sweep, begun: this.now(), failed: false };
    this.#kept.set(way.key, next);
    way.begins();
    const found = sweep.find(role);
    found.then(
      () => {
        way.ended('success');
        if (kept?.failed) way.logger.info('all roles can be read together again');
      },
      (error: unknown) => {
        next.failed = true;
        way.ended(isAccessDenied(error) ? 'accessDenied' : 'error');
        if (!kept?.failed)
          way.logger.warn('roles are read one by one, because they cannot be read together', { error });
      },
    );
    return found;
  }

  /** Nobody reaches the account by such a way any more. */
  #dropOlderThan(age: number): void {
    const limit = this.now() - age;
    for (const [key, { begun }] of this.#kept) if (begun < limit) this.#kept.delete(key);
  }
}
