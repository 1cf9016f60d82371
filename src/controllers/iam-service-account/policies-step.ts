import { isNotFound } from '../../aws/errors.ts';
import type { PolicyChanges, Role, RolePolicies, Roles } from '../../aws/roles.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { TerminalError, inAccount } from '../explain.ts';
import type { Intervals } from '../settings.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { diffPolicies } from './diff.ts';
import { isPropagating } from './role-step.ts';

/** What the role may do. Its policies go with the role. */
export class PoliciesStep implements Step<RoleContext, RoleRemoval> {
  readonly condition = 'PoliciesReady';
  readonly needs = ['RoleReady'] as const;

  constructor(
    private readonly intervals: Intervals,
    private readonly clock: Clock,
  ) {}

  async reconcile({ target, observed }: RoleContext): Promise<Outcome> {
    if (!target || !observed) throw new Error('the policies are of a role that is there');
    const { roles, id } = target.account;
    const { role, createdNow } = observed;
    return inAccount(id, async () => {
      const before = createdNow ? none : await roles.getPolicies(role.name);
      const changes = diffPolicies(target.desired.policies, before);
      return changes ? this.#change(roles, role, changes) : ready;
    });
  }

  async #change(roles: Roles, role: Role, changes: PolicyChanges): Promise<Outcome> {
    try {
      await roles.changePolicies(role.name, changes);
      return ready;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // IAM answers NoSuchEntity for a missing policy and for a role that it does not know everywhere.
      if (!isPropagating(role, this.clock.now())) {
        throw new TerminalError('InvalidSpec', 'spec.policies.managed names a policy that does not exist', {
          cause: error,
        });
      }
      return {
        state: 'waiting',
        reason: 'RolePropagating',
        message: `not all of IAM knows role ${role.name} yet, or a policy does not exist: ${String(error)}`,
        requeueAfter: this.intervals.missing,
      };
    }
  }
}

const none: RolePolicies = { managed: [], inline: [] };
