import type { Account } from '../../aws/accounts.ts';
import { describe, isLimitExceeded, isNotFound } from '../../aws/errors.ts';
import type { PolicyChanges, RolePolicies } from '../../aws/roles.ts';
import { type Step, ready } from '../../runtime/step.ts';
import { TerminalError, inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { diffPolicies } from './diff.ts';
import { fullQuota } from './full-quota.ts';

/** What the role may do. Its policies go with the role. */
export const policiesStep: Step<RoleContext, RoleRemoval> = {
  condition: 'PoliciesReady',
  needs: ['RoleReady'],

  async reconcile({ services, target, observed }) {
    if (!target || !observed) throw new Error('policies need an existing role');
    const { account } = target;
    const { role, createdNow, policies } = observed;
    return inAccount(account.id, () =>
      services.propagation.orWait(role, async () => {
        const before = createdNow ? none : (policies ?? (await account.roles.getPolicies(role.name)));
        const changes = diffPolicies(target.desired.policies, before);
        if (changes) await change(account, role.name, changes);
        return ready;
      }),
    );
  },
};

/** IAM answers NoSuchEntity for a policy that does not exist, and for a role that not all of IAM knows yet. */
async function change(account: Account, roleName: string, changes: PolicyChanges): Promise<void> {
  try {
    await account.roles.changePolicies(roleName, changes);
  } catch (error) {
    const isFull = isLimitExceeded(error) && describe(error)?.action === 'iam:AttachRolePolicy';
    if (isFull) throw await fullQuota(account, tooMany, error);
    if (!isNotFound(error)) throw error;
    const message = 'spec.policies.managed names a policy that does not exist: make it, or correct its name';
    throw new TerminalError('PolicyNotFound', message, { cause: error });
  }
}

const tooMany = {
  quota: 'attachedPoliciesPerRole',
  what: 'spec.policies.managed',
  remedy: 'name fewer policies',
} as const;

const none: RolePolicies = { managed: [], inline: [] };
