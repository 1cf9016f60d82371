import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { Partition } from '../../aws/partitions.ts';
import { roleName, rolePath } from '../../aws/names.ts';
import type { RolePolicies, RoleSpec } from '../../aws/roles.ts';
import { type Owner, ownershipKeys } from '../../aws/tags.ts';
import { type TrustPolicy, trustPolicy } from '../../oidc/trust-policy.ts';
import { clusterNameOf } from '../oidc-issuer/desired.ts';
import type { IssuerSituation } from './issuers.ts';

export interface DesiredRole {
  readonly spec: Omit<RoleSpec, 'trustPolicy'>;
  /** Undefined: it cannot be written, for an issuer does not say its audiences. */
  readonly trustPolicy: TrustPolicy | undefined;
  readonly policies: RolePolicies;
}

export interface Surroundings {
  readonly installation: string;
  readonly partition: Partition;
  readonly situation: IssuerSituation;
}

/** The role as the object and its issuer ask for it. */
export function desiredRole(
  object: IAMServiceAccount,
  { installation, partition, situation }: Surroundings,
): DesiredRole {
  const { role, subjects, tags } = object.spec;
  const { issuer, audiences, trusted } = situation;
  const { owner } = ownerOf(object, installation);
  const writable = audiences.length > 0 || trusted.length === 0 || subjects.length === 0;
  return {
    spec: {
      ...roleIdentity(object, installation),
      description: role?.description,
      maxSessionDurationSeconds: role?.maxSessionDurationSeconds,
      permissionsBoundary: role?.permissionsBoundary,
      tags: {
        ...tags,
        [ownershipKeys.installation]: installation,
        [ownershipKeys.owner]: owner,
        ...(issuer && { [ownershipKeys.cluster]: clusterNameOf(issuer) }),
      },
    },
    trustPolicy: writable ? trustPolicy(trusted.map((entry) => ({ ...entry, audiences, subjects }))) : undefined,
    policies: desiredPolicies(object, partition),
  };
}

export function desiredPolicies({ spec }: IAMServiceAccount, partition: Partition): RolePolicies {
  const expand = (policy: string) =>
    policy.startsWith('arn:') ? policy : `arn:${partition.name}:iam::aws:policy/${policy}`;
  return {
    managed: [...new Set((spec.policies?.managed ?? []).map(expand))],
    inline: spec.policies?.inline ?? [],
  };
}

/** What of a role never changes. */
export function roleIdentity(
  { metadata, spec }: IAMServiceAccount,
  installation: string,
): { name: string; path: string } {
  return {
    name: spec.role?.name ?? roleName(installation, metadata.namespace, metadata.name),
    path: spec.role?.path ?? rolePath(installation, metadata.namespace),
  };
}

export function ownerOf({ metadata }: IAMServiceAccount, installation: string): Owner {
  return { installation, owner: `IAMServiceAccount/${metadata.namespace}/${metadata.name}` };
}
