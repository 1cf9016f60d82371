import type * as iam from '@aws-sdk/client-iam';
import { tagList } from './service.ts';

export interface FakeRole {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly path: string;
  readonly createdAt: Date;
  /** JSON text, as it was sent. */
  trustPolicy: string;
  description: string | undefined;
  maxSessionDuration: number;
  permissionsBoundary: string | undefined;
  tags: Record<string, string>;
  /** ARNs. */
  readonly managed: Set<string>;
  /** Text by name. */
  readonly inline: Map<string, string>;
  readonly instanceProfiles: Set<string>;
}

export interface FakeProvider {
  readonly arn: string;
  readonly url: string;
  readonly audiences: Set<string>;
  readonly createdAt: Date;
  tags: Record<string, string>;
}

/** As GetRole says it. */
export function asRole(role: FakeRole): iam.Role {
  return {
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    Path: role.path,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: urlEncode(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
    PermissionsBoundary: role.permissionsBoundary
      ? { PermissionsBoundaryArn: role.permissionsBoundary, PermissionsBoundaryType: 'PermissionsBoundaryPolicy' }
      : undefined,
    Tags: tagList(role.tags),
  };
}

/** As GetAccountAuthorizationDetails says it: with the policies, and without description and session duration. */
export function asRoleDetail(role: FakeRole): iam.RoleDetail {
  const { Description, MaxSessionDuration, ...detail } = asRole(role);
  return {
    ...detail,
    InstanceProfileList: [],
    AttachedManagedPolicies: [...role.managed].map((PolicyArn) => ({ PolicyArn })),
    RolePolicyList: [...role.inline].map(([PolicyName, text]) => ({ PolicyName, PolicyDocument: urlEncode(text) })),
  };
}

/** RFC 3986, as IAM gives documents back. */
export function urlEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
