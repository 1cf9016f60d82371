import * as iam from '@aws-sdk/client-iam';
import type { IamCalls } from './calls.ts';
import { foretold, isDeleteConflict, undefinedIfNotFound } from './errors.ts';
import type { PolicyDocument } from './policy-document.ts';
import { IamRolePolicies, type PolicyChanges, type PolicyNames, type RolePolicies } from './role-policies.ts';
import { fromTagList, toTagList, type Tags } from './tags.ts';

export type { InlinePolicy, PolicyChanges, PolicyNames, RolePolicies } from './role-policies.ts';

export interface RoleSpec {
  readonly name: string;
  /** Begins and ends with `/`. Immutable in IAM. */
  readonly path: string;
  readonly trustPolicy: PolicyDocument;
  readonly description: string | undefined;
  /** Undefined: IAM's 3600. */
  readonly maxSessionDurationSeconds: number | undefined;
  /** ARN. */
  readonly permissionsBoundary: string | undefined;
  /** Ownership tags included. */
  readonly tags: Tags;
}

/** What GetRole tells. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly path: string;
  readonly createdAt: Date;
  readonly trustPolicy: PolicyDocument;
  readonly description: string | undefined;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundary: string | undefined;
  readonly tags: Tags;
}

/** Holds only what differs. Each part is one call, and null removes the value. */
export interface RoleChanges {
  /** One UpdateRole. It always sends both values, because it resets a value that is left out. */
  readonly settings?: { readonly description: string; readonly maxSessionDurationSeconds: number };
  readonly permissionsBoundary?: string | null;
  readonly setTags?: Tags;
  /** Keys. */
  readonly removeTags?: readonly string[];
}

/** IAM's own value if none is asked for. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export const defaultSessionSeconds = 3600;

/** IAM roles of one account. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export interface Roles {
  /** One write, with trust policy, tags, boundary and description in it. Throws what `isAlreadyExists` knows if the name is taken. */
  create(spec: RoleSpec): Promise<Role>;
  /** One read. */
  find(name: string): Promise<Role | undefined>;
  /** ARNs of the roles whose trust policy lets somebody in by one of these IAM OIDC providers (ARNs). Reads all pages. */
  listTrusting(providerARNs: readonly string[]): Promise<readonly string[]>;
  /** 2+M reads: attached managed policies, names of inline policies, each document. */
  getPolicies(name: string): Promise<RolePolicies>;
  update(name: string, changes: RoleChanges): Promise<void>;
  updateTrustPolicy(name: string, trustPolicy: PolicyDocument): Promise<void>;
  /**
   * One write each. Adds before it removes, so that a running pod always has what both specs share. It removes first only if the
   * quota leaves no room. If something can never be added, it removes all the same, and then throws.
   */
  changePolicies(name: string, changes: PolicyChanges): Promise<void>;
  /**
   * Takes the known policies off (one write each, no read) and deletes the role.
   * If IAM answers DeleteConflict, it lists what else is on the role, removes that too, takes the role out of instance profiles and
   * tries once more. Happy if gone.
   */
  delete(name: string, known: PolicyNames): Promise<void>;
}

export class IamRoles implements Roles {
  private readonly policies: IamRolePolicies;

  constructor(
    private readonly iam: IamCalls,
    private readonly account: { readonly id: string; readonly partition: { readonly name: string } },
  ) {
    this.policies = new IamRolePolicies(iam);
  }

  async create(spec: RoleSpec): Promise<Role> {
    const { Role: created } = await this.iam.send(
      `creating role ${spec.name}`,
      new iam.CreateRoleCommand({
        RoleName: spec.name,
        Path: spec.path,
        AssumeRolePolicyDocument: JSON.stringify(spec.trustPolicy),
        Description: spec.description,
        MaxSessionDuration: spec.maxSessionDurationSeconds,
        PermissionsBoundary: spec.permissionsBoundary,
        Tags: toTagList(spec.tags),
      }),
      async () => {
        if (await this.find(spec.name)) throw foretold.alreadyExists();
        return { Role: undefined };
      },
    );
    return {
      name: spec.name,
      arn: created?.Arn ?? this.arn(spec),
      path: spec.path,
      createdAt: created?.CreateDate ?? new Date(),
      trustPolicy: spec.trustPolicy,
      description: spec.description,
      maxSessionDurationSeconds: spec.maxSessionDurationSeconds ?? defaultSessionSeconds,
      permissionsBoundary: spec.permissionsBoundary,
      tags: spec.tags,
    };
  }

  async find(name: string): Promise<Role | undefined> {
    const found = await this.iam
      .send(`reading role ${name}`, new iam.GetRoleCommand({ RoleName: name }))
      .catch(undefinedIfNotFound);
    return found?.Role && toRole(found.Role);
  }

  async listTrusting(providerARNs: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    let Marker: string | undefined;
    do {
      const page: iam.ListRolesCommandOutput = await this.iam.send(
        'listing roles',
        new iam.ListRolesCommand({ Marker }),
      );
      const roles = (page.Roles ?? []).map(toRole);
      found.push(...roles.filter(({ trustPolicy }) => trusts(trustPolicy, providerARNs)).map(({ arn }) => arn));
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker);
    return found;
  }

  getPolicies(name: string): Promise<RolePolicies> {
    return this.policies.get(name);
  }

  changePolicies(name: string, changes: PolicyChanges): Promise<void> {
    return this.policies.change(name, changes);
  }

  async update(name: string, changes: RoleChanges): Promise<void> {
    const { settings, permissionsBoundary, setTags = {}, removeTags = [] } = changes;
    const RoleName = name;
    // First, for a role that is adopted must say whose it is before anything else of it changes.
    if (Object.keys(setTags).length > 0) {
      await this.iam.send(`tagging role ${name}`, new iam.TagRoleCommand({ RoleName, Tags: toTagList(setTags) }));
    }
    if (settings) {
      const { description: Description, maxSessionDurationSeconds: MaxSessionDuration } = settings;
      await this.iam.send(
        `updating role ${name}`,
        new iam.UpdateRoleCommand({ RoleName, Description, MaxSessionDuration }),
      );
    }
    if (permissionsBoundary === null) {
      await this.iam
        .send(
          `removing the permissions boundary of role ${name}`,
          new iam.DeleteRolePermissionsBoundaryCommand({ RoleName }),
        )
        .catch(undefinedIfNotFound);
    } else if (permissionsBoundary !== undefined) {
      await this.iam.send(
        `setting the permissions boundary of role ${name}`,
        new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: permissionsBoundary }),
      );
    }
    if (removeTags.length > 0) {
      await this.iam.send(`untagging role ${name}`, new iam.UntagRoleCommand({ RoleName, TagKeys: [...removeTags] }));
    }
  }

  async updateTrustPolicy(name: string, trustPolicy: PolicyDocument): Promise<void> {
    await this.iam.send(
      `updating the trust policy of role ${name}`,
      new iam.UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: JSON.stringify(trustPolicy) }),
    );
  }

  async delete(name: string, known: PolicyNames) {
    await this.policies.remove(name, known);
    try {
      await this.deleteBare(name, known);
    } catch (error) {
      if (!isDeleteConflict(error)) throw error;
      const listed = await this.policies.list(name);
      await this.policies.remove(name, listed);
      await this.leaveInstanceProfiles(name);
      await this.deleteBare(name, listed);
    }
  }

  /** The profiles are somebody else's, and stay. */
  private async leaveInstanceProfiles(name: string): Promise<void> {
    const { InstanceProfiles = [] } = await this.iam.send(
      `listing the instance profiles of role ${name}`,
      new iam.ListInstanceProfilesForRoleCommand({ RoleName: name }),
    );
    for (const { InstanceProfileName } of InstanceProfiles) {
      await this.iam
        .send(
          `removing role ${name} from instance profile ${InstanceProfileName}`,
          new iam.RemoveRoleFromInstanceProfileCommand({ RoleName: name, InstanceProfileName }),
        )
        .catch(undefinedIfNotFound);
    }
  }

  /** @param removed what was taken off before */
  private async deleteBare(name: string, removed: PolicyNames): Promise<void> {
    await this.iam
      .send(`deleting role ${name}`, new iam.DeleteRoleCommand({ RoleName: name }), async () => {
        const { managed, inline } = await this.policies.list(name);
        const rest = [
          ...managed.filter((arn) => !removed.managed.includes(arn)),
          ...inline.filter((policy) => !removed.inline.includes(policy)),
        ];
        if (rest.length > 0) throw foretold.deleteConflict();
        return undefined;
      })
      .catch(undefinedIfNotFound);
  }

  private arn({ path, name }: RoleSpec): string {
    const { id, partition } = this.account;
    return `arn:${partition.name}:iam::${id}:role${path}${name}`;
  }
}

/** Whether a statement that allows something names one of these providers. */
function trusts({ Statement }: PolicyDocument, providerARNs: readonly string[]): boolean {
  const statements = [Statement ?? []].flat() as { Effect?: unknown; Principal?: { Federated?: unknown } }[];
  return statements.some(({ Effect, Principal }) => {
    const federated = [Principal?.Federated ?? []].flat() as unknown[];
    return Effect === 'Allow' && federated.some((arn) => providerARNs.includes(String(arn)));
  });
}

/** What IAM left out is as if the role had none. */
export function toRole(role: Partial<iam.Role>): Role {
  return {
    name: role.RoleName ?? '',
    arn: role.Arn ?? '',
    path: role.Path ?? '/',
    createdAt: role.CreateDate ?? new Date(0),
    trustPolicy: JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument ?? '%7B%7D')) as PolicyDocument,
    description: role.Description,
    maxSessionDurationSeconds: role.MaxSessionDuration ?? defaultSessionSeconds,
    permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: fromTagList(role.Tags),
  };
}
