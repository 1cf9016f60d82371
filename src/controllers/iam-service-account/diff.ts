import { samePolicyText } from '../../aws/policy-document.ts';
import {
  defaultSessionSeconds,
  type PolicyChanges,
  type Role,
  type RoleChanges,
  type RolePolicies,
  type RoleSpec,
} from '../../aws/roles.ts';
import { diffTags } from '../../aws/tags.ts';

/** Undefined: the role is as desired. */
export function diffRole(desired: Omit<RoleSpec, 'trustPolicy'>, observed: Role): RoleChanges | undefined {
  const settings = {
    description: desired.description ?? '',
    maxSessionDurationSeconds: desired.maxSessionDurationSeconds ?? defaultSessionSeconds,
  };
  const { set } = diffTags(observed.tags, desired.tags);
  const changes: RoleChanges = {
    ...((observed.description ?? '') !== settings.description ||
    observed.maxSessionDurationSeconds !== settings.maxSessionDurationSeconds
      ? { settings }
      : {}),
    ...(observed.permissionsBoundary !== desired.permissionsBoundary && {
      permissionsBoundary: desired.permissionsBoundary ?? null,
    }),
    ...(Object.keys(set).length > 0 && { setTags: set }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/** Undefined: the policies are as desired. */
export function diffPolicies(desired: RolePolicies, observed: RolePolicies): PolicyChanges | undefined {
  const before = new Map(observed.inline.map(({ name, document }) => [name, document]));
  const names = new Set(desired.inline.map(({ name }) => name));
  const changes: PolicyChanges = {
    attach: desired.managed.filter((arn) => !observed.managed.includes(arn)),
    detach: observed.managed.filter((arn) => !desired.managed.includes(arn)),
    put: desired.inline.filter(({ name, document }) => {
      const old = before.get(name);
      return old === undefined || !samePolicyText(old, document);
    }),
    delete: observed.inline.map(({ name }) => name).filter((name) => !names.has(name)),
  };
  return Object.values(changes).some((part: readonly unknown[]) => part.length > 0) ? changes : undefined;
}
