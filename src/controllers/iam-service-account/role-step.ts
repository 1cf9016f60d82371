import { findCondition } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isAlreadyExists } from '../../aws/errors.ts';
import type { Role } from '../../aws/roles.ts';
import { isOwned } from '../../aws/tags.ts';
import type { Clock } from '../../runtime/clock.ts';
import { minutes } from '../../runtime/duration.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { TerminalError, inAccount } from '../explain.ts';
import type { Settings } from '../settings.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { desiredPolicies, ownerOf } from './desired.ts';
import { diffRole } from './diff.ts';

/** IAM may not know a role everywhere this long after it was made. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency */
const propagation = minutes(1);

type Target = NonNullable<RoleContext['target']>;

/** The role itself: all that CreateRole and UpdateRole say of it but whom it trusts. */
export class RoleStep implements Step<RoleContext, RoleRemoval> {
  readonly condition = 'RoleReady';
  readonly needs = [];

  constructor(
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  async reconcile(context: RoleContext): Promise<Outcome> {
    const { target } = context;
    if (!target) return awaitingIssuer;
    return inAccount(target.account.id, () => this.#reconcile(context, target));
  }

  async #reconcile(context: RoleContext, target: Target): Promise<Outcome> {
    const { status, situation } = context;
    const mayCreate = situation.state === 'ready';
    const { spec } = target.desired;
    const { roles } = target.account;

    // A new role is created without looking first: that saves a read for each, and asking twice tells no more.
    let role = status.roleARN === undefined && mayCreate ? undefined : await roles.find(spec.name);
    let createdNow = false;
    if (!role) {
      if (status.roleARN !== undefined && this.#isNew(context.object)) return this.#propagating(spec.name);
      if (!mayCreate) {
        delete status.roleARN;
        status.issuers = [];
        return awaitingIssuer;
      }
      role = await this.#create(target);
      createdNow = role !== undefined;
      role ??= await roles.find(spec.name);
      if (!role) return this.#propagating(spec.name);
    }
    await this.#update(context.object, target, role);
    status.roleARN = role.arn;
    context.observed = { role, createdNow };
    return ready;
  }

  /** Undefined: the name is taken. */
  async #create({ account, desired }: Target): Promise<Role | undefined> {
    try {
      return await account.roles.create(desired.spec);
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  async #update(object: IAMServiceAccount, { account, desired }: Target, role: Role): Promise<void> {
    if (!isOwned(role.tags, ownerOf(object, this.settings.installation))) {
      throw new TerminalError(
        'NotOwned',
        `role ${role.name} exists and does not carry this object's tags: choose another spec.role.name, or delete that role`,
      );
    }
    if (role.path !== desired.spec.path) {
      throw new TerminalError(
        'ImmutableField',
        `spec.role.path: role ${role.name} has the path ${role.path}, and IAM moves no role: ask for that path, or delete the role`,
      );
    }
    const changes = diffRole(desired.spec, role);
    if (changes) await account.roles.update(role.name, changes);
  }

  /** A role that is not found so soon after it was made is on its way, not gone. */
  #isNew({ status }: IAMServiceAccount): boolean {
    const condition = findCondition(status?.conditions, this.condition);
    return (
      condition !== undefined &&
      (condition.status === 'True' || condition.reason === 'RolePropagating') &&
      this.clock.now().getTime() - Date.parse(condition.lastTransitionTime) < propagation
    );
  }

  #propagating(name: string): Outcome {
    return {
      state: 'waiting',
      reason: 'RolePropagating',
      message: `not all of IAM knows role ${name} yet`,
      requeueAfter: this.settings.intervals.missing,
    };
  }

  async remove({ object, account, roleName, pass }: RoleRemoval): Promise<Outcome> {
    return inAccount(account.id, async () => {
      const role = await account.roles.find(roleName);
      if (!role) return ready;
      if (!isOwned(role.tags, ownerOf(object, this.settings.installation))) {
        pass.event('Warning', 'NotOwned', `role ${role.arn} does not carry this object's tags and was left alone`);
        return ready;
      }
      const { managed, inline } = desiredPolicies(object, account.partition);
      await account.roles.delete(roleName, { managed, inline: inline.map(({ name }) => name) });
      return ready;
    });
  }
}

/** Whether a role was made so recently that parts of IAM may not know it. */
export function isPropagating(role: Role, now: Date): boolean {
  return now.getTime() - role.createdAt.getTime() < propagation;
}

const awaitingIssuer: Outcome = {
  state: 'waiting',
  reason: 'DependencyNotReady',
  message: 'waits for IssuersReady',
};
