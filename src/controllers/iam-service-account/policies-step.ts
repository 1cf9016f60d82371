import { isNotFound } from '../../aws/errors.ts';
import type { PolicyChanges, RolePolicies, Roles } from '../../aws/roles.ts';
import { type Step, ready } from '../../runtime/step.ts';
import { TerminalError, inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { diffPolicies } from './diff.ts';

/** What the role may do. Its policies go with the role. */
export const policiesStep: Step<RoleContext, RoleRemoval> = {
  condition: 'PoliciesReady',
  needs: ['RoleReady'],

  async reconcile({ services, target, observed }) {
    if (!target || !observed) throw new Error('policies need an existing role');
    const { roles, id } = target.account;
    const { role, createdNow, policies } = observed;
    return inAccount(id, () =>
      services.propagation.orWait(role, async () => {
        const before = createdNow ? none : (policies ?? (await roles.getPolicies(role.name)));
        const changes = diffPolicies(target.desired.policies, before);
        if (changes) await change(roles, role.name, changes);
        return ready;
      }),
    );
  },
};

/** IAM answers NoSuchEntity for a policy that does not exist, and for a role that not all of IAM knows yet. */
async function change(roles: Roles, roleName: string, changes: PolicyChanges): Promise<void> {
  try {
    await roles.changePolicies(roleName, changes);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new TerminalError('PolicyNotFound', 'spec.policies.managed names a policy that does not exist', {
      cause: error,
    });
  }
}

const none: RolePolicies = { managed: [], inline: [] };
