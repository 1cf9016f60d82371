import { findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isAccessDenied, isNotFound } from '../../aws/errors.ts';
import type { Role } from '../../aws/roles.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Outcome } from '../../runtime/step.ts';
import { explain } from '../explain.ts';
import type { Intervals } from '../settings.ts';

/** Tells a role that is still on its way through IAM from one that is not there. */
export class Propagation {
  constructor(
    private readonly intervals: Intervals,
    private readonly clock: Clock,
  ) {}

  /**
   * Waits for what IAM does not find if the role was made only just now. A part of IAM that does not know the role yet judges a
   * call without the role's path, and so denies it under a policy that allows the path.
   * https://github.com/keikoproj/iam-manager/pull/35
   */
  async orWait(role: Role, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      const mayBeUnknown = isNotFound(error) || isAccessDenied(error);
      if (!mayBeUnknown || !this.#isRecent(role.createdAt)) throw error;
      return this.waiting(role.name, `, or what it refers to: ${explain(error).message}`);
    }
  }

  /** If the role's condition turned True only just now, a role that is not found is on its way, not gone. */
  isAnnounced({ status }: IAMServiceAccount): boolean {
    const condition = findCondition(status?.conditions, 'RoleReady');
    return (
      condition !== undefined &&
      (condition.status === 'True' || condition.reason === 'RolePropagating') &&
      this.#isRecent(new Date(condition.lastTransitionTime))
    );
  }

  /**
   * Soon after the deletion of the object or its issuer began, a role that is not found may still appear: it may be new, or the
   * answer to its creation may be lost or not stored. Later than that nothing is on its way.
   */
  mayAppear(object: IAMServiceAccount, deletionTimestamp: string | undefined): boolean {
    if (deletionTimestamp === undefined || !this.#isRecent(new Date(deletionTimestamp))) return false;
    const { roleName, roleARN } = object.status ?? {};
    return (roleName !== undefined && roleARN === undefined) || this.isAnnounced(object);
  }

  /** IAM may show a new role before it shows the tags that came with it. */
  mayLackTags({ tags, createdAt }: Role): boolean {
    return Object.keys(tags).length === 0 && this.#isRecent(createdAt);
  }

  waiting(roleName: string, detail = ''): Outcome {
    return {
      state: 'waiting',
      reason: 'RolePropagating',
      message: `not all of IAM knows role ${roleName} yet${detail}`,
      requeueAfter: this.intervals.missing,
    };
  }

  #isRecent(time: Date): boolean {
    return this.clock.now().getTime() - time.getTime() < this.intervals.propagation;
  }
}
