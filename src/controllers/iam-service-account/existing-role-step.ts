import { ownershipKeys } from '../../aws/ownership.ts';
import { type Step, ready } from '../../runtime/step.ts';
import { inAccount, TerminalError } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { awaitingIssuer } from './role-step.ts';

/** Somebody else's role. It is never made, changed or deleted; trustStep keeps our statements in it. */
export const existingRoleStep: Step<RoleContext, RoleRemoval> = {
  condition: 'RoleReady',
  needs: [],

  async reconcile(context) {
    const { services, status, target } = context;
    if (!target) return awaitingIssuer;
    const { account, desired } = target;
    const { name, path } = desired.spec;
    return inAccount(account.id, async () => {
      const role = await account.roles.find(name);
      if (!role) {
        delete status.roleARN;
        // What is not there has no statement of ours, and must not hold an issuer that leaves.
        status.issuers = [];
        const message = `spec.role.name: role ${name} does not exist in account ${account.id}, and management TrustOnly makes none`;
        return { state: 'waiting', reason: 'RoleNotFound', message, requeueAfter: services.settings.intervals.missing };
      }
      if (role.name !== name || role.path !== path) {
        const message = `spec.role: the role's ARN is ${role.arn}, and a Guardrail judged the name ${name} with the path ${path}: create another IAMServiceAccount that names both as they are`;
        throw new TerminalError('InvalidSpec', message);
      }
      const managedBy = role.tags[ownershipKeys.owner];
      if (managedBy !== undefined) {
        const message = `role ${name} is managed by an IAMServiceAccount, which would take our statements away: add the subjects to that one`;
        throw new TerminalError('NotOwned', message);
      }
      status.roleARN = role.arn;
      context.observed = { role, createdNow: false };
      return ready;
    });
  },
};
