import { annotations } from '../../api/names.ts';
import { describe, isAlreadyExists, isLimitExceeded, isNotFound } from '../../aws/errors.ts';
import type { Role, RoleSpec } from '../../aws/roles.ts';
import { isOurs, isUnclaimed } from '../../aws/ownership.ts';
import { trustPolicy } from '../../oidc/trust-policy.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { TerminalError, inAccount } from '../explain.ts';
import { leftAlone, mustBeOurs } from '../ownership.ts';
import { isTrustOnly } from '../role-identity.ts';
import { forgetTagKeys } from '../tag-keys.ts';
import { atRest } from './at-rest.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { desiredPolicies } from './desired.ts';
import { diffRole } from './diff.ts';
import { fullQuota } from './full-quota.ts';
import { fitsEverywhere, mustFit } from './trust-size.ts';

type Target = NonNullable<RoleContext['target']>;

/** The role's settings, boundary and tags. trustStep owns the trust policy. */
export const roleStep: Step<RoleContext, RoleRemoval> = {
  condition: 'RoleReady',
  needs: [],

  async reconcile(context) {
    const { target } = context;
    if (!target) return awaitingIssuer;
    return inAccount(target.account.id, async () => {
      const swept = await atRest(context);
      if (!swept) return ensure(context, target);
      context.observed = { ...swept, createdNow: false };
      return ready;
    });
  },

  async remove({ services, object, account, owner, roleName, role: find, pass }) {
    const { propagation } = services;
    return inAccount(account.id, async () => {
      const role = await find();
      // Somebody else's role, unless it is ours from a time when the object's management was Full.
      if (isTrustOnly(object) && !(role && isOurs(role.tags, owner))) return ready;
      if (!role) {
        const appears = propagation.mayAppear(object, object.metadata.deletionTimestamp);
        return appears ? propagation.waiting(roleName) : ready;
      }
      if (propagation.mayLackTags(role)) return propagation.waiting(roleName);
      if (!isOurs(role.tags, owner)) {
        leftAlone(pass, `role ${role.arn}`);
        return ready;
      }
      const { managed, inline } = desiredPolicies(object, account.partition);
      await account.roles.delete(roleName, { managed, inline: inline.map(({ name }) => name) });
      return ready;
    });
  },
};

async function ensure(context: RoleContext, target: Target): Promise<Outcome> {
  const { services, owner, status, situation } = context;
  const { propagation } = services;
  const { spec, trusted } = target.desired;
  const toCreate = situation.ready.length > 0 ? { ...spec, trustPolicy: trustPolicy(trusted) } : undefined;
  const { roles } = target.account;

  // A new role is created without a look first, which saves a read for each.
  let role = status.roleARN === undefined && toCreate ? undefined : await roles.find(spec.name);
  let createdNow = false;
  if (!role) {
    if (status.roleARN !== undefined && propagation.isAnnounced(context.object)) {
      return propagation.waiting(spec.name);
    }
    if (!toCreate) {
      const deletedAt = situation.referred.flatMap(({ issuer }) => issuer?.metadata.deletionTimestamp ?? []);
      if (propagation.mayAppear(context.object, deletedAt.toSorted().at(-1))) return propagation.waiting(spec.name);
      delete status.roleARN;
      status.issuers = [];
      return awaitingIssuer;
    }
    await mustFit(target.account, toCreate.trustPolicy, trusted);
    role = await create(context, target, toCreate);
    createdNow = role !== undefined;
    role ??= await roles.find(spec.name);
    if (!role) return propagation.waiting(spec.name);
  }
  if (!createdNow && propagation.mayLackTags(role)) return propagation.waiting(spec.name);
  // Another's role has no statement of ours, so it must not hold an issuer that leaves.
  if (!isOurs(role.tags, owner) && status.roleARN === undefined && situation.ready.length === 0) status.issuers = [];
  mustBeOurs({ what: `role ${role.name}`, tags: role.tags }, owner, howToGetOn);
  // An adoption ends the statements of others, and pods of an issuer that is not ready may need one of them.
  if (isUnclaimed(role.tags) && situation.ready.length < situation.referred.length) return awaitingAllIssuers;
  const observed = { role, createdNow };
  return propagation.orWait(role, async () => {
    await update(context, target, observed.role);
    forgetTagKeys(status, context.object.spec.tags);
    status.roleARN = observed.role.arn;
    context.observed = observed;
    return ready;
  });
}

const howToGetOn = `choose another spec.role.name, delete that role, or adopt it: annotate this object with ${annotations.adopt}=true, and have a Guardrail list the role's ARN in roles.existingRoles`;

async function update(context: RoleContext, { account, desired }: Target, role: Role): Promise<void> {
  if (role.name !== desired.spec.name) {
    throw new TerminalError(
      'InvalidSpec',
      `spec.role.name: IAM has the role as ${role.name}, and a Guardrail judged ${desired.spec.name}: create another IAMServiceAccount that names it as it is`,
    );
  }
  if (role.path !== desired.spec.path) {
    throw new TerminalError(
      'ImmutableField',
      `spec.role.path: role ${role.name} has the path ${role.path}, and IAM moves no role: ask for that path, or delete the role`,
    );
  }
  const changes = diffRole(desired.spec, role, context.status.tagKeys);
  if (changes) await namingBoundary(context, () => account.roles.update(role.name, changes));
}

/** Undefined: the name is taken. */
async function create(context: RoleContext, { account }: Target, spec: RoleSpec): Promise<Role | undefined> {
  try {
    return await namingBoundary(context, () => account.roles.create(spec));
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    // If the trust policy is small enough for every account, the other quota is full.
    if (isLimitExceeded(error) && fitsEverywhere(spec.trustPolicy)) throw await fullQuota(account, noRoom, error);
    throw error;
  }
}

const noRoom = { quota: 'roles', what: 'no room for the role', remedy: 'delete roles that nobody needs' } as const;

/** If a call with a boundary in it does not find something, that is the boundary. */
async function namingBoundary<T>({ object, status, target }: RoleContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { action = '' } = describe(error) ?? {};
    if (!isNotFound(error) || !['iam:CreateRole', 'iam:PutRolePermissionsBoundary'].includes(action)) throw error;
    const policy = `policy ${target?.desired.spec.permissionsBoundary ?? ''} does not exist`;
    const isForced = object.spec.role?.permissionsBoundary === undefined;
    const message = isForced
      ? `the permissions boundary that Guardrail ${status.guardrail ?? ''} puts on roles: ${policy} in this account: ask an administrator for it`
      : `spec.role.permissionsBoundary: ${policy}: make it, or name another one`;
    throw new TerminalError('PolicyNotFound', message, { cause: error });
  }
}

export const awaitingIssuer: Outcome = {
  state: 'waiting',
  reason: 'DependencyNotReady',
  message: 'waits for IssuersReady',
};

const awaitingAllIssuers: Outcome = {
  state: 'waiting',
  reason: 'DependencyNotReady',
  message: 'waits for IssuersReady: adopting the role now would end its statements for issuers that are not ready',
};
