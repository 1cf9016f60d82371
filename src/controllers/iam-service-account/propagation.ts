import { findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isNotFound } from '../../aws/errors.ts';
import type { Role } from '../../aws/roles.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Outcome } from '../../runtime/step.ts';
import { explain } from '../explain.ts';
import type { Intervals } from '../settings.ts';

/** Tells a role that is on its way through IAM from one that is not there. */
export class Propagation {
  constructor(
    private readonly intervals: Intervals,
    private readonly clock: Clock,
  ) {}

  /** What is not found for a role that was made so recently is waited for. */
  async orWait(role: Role, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      if (!isNotFound(error) || !this.#isRecent(role.createdAt)) throw error;
      return this.waiting(role.name, `, or what it refers to: ${explain(error).message}`);
    }
  }

  /** A role that is not found so soon after its condition said that it is there is on its way, not gone. */
  isAnnounced({ status }: IAMServiceAccount): boolean {
    const condition = findCondition(status?.conditions, 'RoleReady');
    return (
      condition !== undefined &&
      (condition.status === 'True' || condition.reason === 'RolePropagating') &&
      this.#isRecent(new Date(condition.lastTransitionTime))
    );
  }

  /**
   * A role that is not found so soon after its object's or its issuer's deletion began may show itself yet: one that is
   * new, and one whose creation was not answered, or the answer never stored. Later than that nothing is on its way.
   */
  mayAppear(object: IAMServiceAccount, deletionTimestamp: string | undefined): boolean {
    if (deletionTimestamp === undefined || !this.#isRecent(new Date(deletionTimestamp))) return false;
    const { roleName, roleARN } = object.status ?? {};
    return (roleName !== undefined && roleARN === undefined) || this.isAnnounced(object);
  }

  /** IAM may show a new role before its tags, which came with it. */
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
