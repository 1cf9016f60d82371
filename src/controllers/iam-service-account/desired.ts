import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { Partition } from '../../aws/partitions.ts';
import { defaultAudiences } from '../../aws/partitions.ts';
import { roleName, rolePath } from '../../aws/names.ts';
import type { RolePolicies, RoleSpec } from '../../aws/roles.ts';
import { type Owner, ownershipKeys } from '../../aws/tags.ts';
import { trustPolicy } from '../../oidc/trust-policy.ts';
import { type IssuerSituation, clusterNameOf } from './issuers.ts';

export interface DesiredRole {
  readonly spec: RoleSpec;
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
  const { issuer, trusted } = situation;
  const audiences = audiencesOf(situation, partition);
  const { owner } = ownerOf(object, installation);
  return {
    spec: {
      ...roleIdentity(object, installation),
      trustPolicy: trustPolicy(trusted.map((entry) => ({ ...entry, audiences, subjects }))),
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
    policies: desiredPolicies(object, partition),
  };
}

export function audiencesOf({ issuer }: IssuerSituation, partition: Partition): readonly string[] {
  return issuer?.spec.audiences ?? defaultAudiences(partition);
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
