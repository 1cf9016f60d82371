import { findCondition } from '../../api/conditions.ts';
import { samePolicy } from '../../aws/policy-document.ts';
import type { SweptRole } from '../../aws/role-sweep.ts';
import { trustPolicy } from '../../oidc/trust-policy.ts';
import type { RoleContext } from './context.ts';
import type { DesiredRole } from './desired.ts';
import { diffPolicies, diffRole } from './diff.ts';

/**
 * The role as a sweep of its account shows it, if nothing of it is to be changed. A sweep may be older than it looks, so nothing it
 * shows leads to a change or to a role being called absent: whatever differs, the pass reads the role itself.
 */
export async function atRest(context: RoleContext): Promise<SweptRole | undefined> {
  const { services, target } = context;
  if (!target || !maySweepTell(context)) return undefined;
  const { account, desired } = target;
  const swept = await account.sweptRole(desired.spec, services.settings.intervals.resync);
  return swept && isAsDesired(context, desired, swept) ? swept : undefined;
}

/**
 * Not if somebody asks for a look, if the spec is new, or if the status would forget something that can still be on the role
 * although the sweep does not show it.
 */
function maySweepTell({ object, status, pass, situation }: RoleContext): boolean {
  if (pass.plan || pass.isAskedFor) return false;
  const { metadata, spec } = object;
  const condition = findCondition(status.conditions, 'RoleReady');
  if (condition?.status !== 'True' || condition.observedGeneration !== metadata.generation) return false;
  const forgetsIssuer = (status.issuers ?? []).length !== situation.trusted.length;
  const forgetsTag = (status.tagKeys ?? []).length !== Object.keys(spec.tags ?? {}).length;
  return !forgetsIssuer && !forgetsTag;
}

function isAsDesired({ status }: RoleContext, desired: DesiredRole, { role, policies }: SweptRole): boolean {
  return (
    role.arn === status.roleARN &&
    role.path === desired.spec.path &&
    diffRole(desired.spec, role) === undefined &&
    samePolicy(trustPolicy(desired.trusted, role.trustPolicy), role.trustPolicy) &&
    diffPolicies(desired.policies, policies) === undefined
  );
}
