import type * as iam from '@aws-sdk/client-iam';
import { tagList } from './service.ts';

export interface FakeRole {
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
    RoleId: 'AROAFAKE',
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

/** RFC 3986, as IAM gives documents back. */
export function urlEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
