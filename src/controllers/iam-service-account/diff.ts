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

/** Undefined: the role is as desired. `former`: the keys of tags that we set once. */
export function diffRole(
  desired: Omit<RoleSpec, 'trustPolicy'>,
  observed: Role,
  former: readonly string[] = [],
): RoleChanges | undefined {
  const settings = {
    description: desired.description ?? '',
    maxSessionDurationSeconds: desired.maxSessionDurationSeconds ?? defaultSessionSeconds,
  };
  const { set, remove } = diffTags(observed.tags, desired.tags, { former, ignoreCase: true });
  const changes: RoleChanges = {
    ...((observed.description ?? '') !== settings.description ||
    observed.maxSessionDurationSeconds !== settings.maxSessionDurationSeconds
      ? { settings }
      : {}),
    ...(observed.permissionsBoundary !== desired.permissionsBoundary && {
      permissionsBoundary: desired.permissionsBoundary ?? null,
    }),
    ...(Object.keys(set).length > 0 && { setTags: set }),
    ...(remove.length > 0 && { removeTags: remove }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/**
 * Undefined: the policies are as desired. Names of IAM that differ only in case are one name.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
 */
export function diffPolicies(desired: RolePolicies, observed: RolePolicies): PolicyChanges | undefined {
  const plain = (name: string) => name.toLowerCase();
  const before = new Map(observed.inline.map(({ name, document }) => [plain(name), document]));
  const names = new Set(desired.inline.map(({ name }) => plain(name)));
  const attached = new Set(observed.managed.map(plain));
  const wanted = new Set(desired.managed.map(plain));
  const changes: PolicyChanges = {
    attach: desired.managed.filter((arn) => !attached.has(plain(arn))),
    detach: observed.managed.filter((arn) => !wanted.has(plain(arn))),
    put: desired.inline.filter(({ name, document }) => {
      const old = before.get(plain(name));
      return old === undefined || !samePolicyText(old, document);
    }),
    delete: observed.inline.map(({ name }) => name).filter((name) => !names.has(plain(name))),
  };
  return Object.values(changes).some((part: readonly unknown[]) => part.length > 0) ? changes : undefined;
}
