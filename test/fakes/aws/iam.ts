import type * as iam from '@aws-sdk/client-iam';
import { checkDescription, checkJson, checkSessionDuration, checkTags, checkTrustPolicy } from './iam-checks.ts';
import { asRole, urlEncode, type FakeProvider, type FakeRole } from './iam-state.ts';
import { ServiceError, tagList, tagRecord } from './service.ts';

export type { FakeProvider, FakeRole } from './iam-state.ts';

interface Scope {
  readonly id: string;
  readonly now: () => number;
}

export class FakeIam {
  readonly roles = new Map<string, FakeRole>();
  /** By ARN. */
  readonly providers = new Map<string, FakeProvider>();
  /** ARNs of customer managed policies. Of AWS's own every name counts as known but those in `unknownPolicies`. */
  readonly policies = new Set<string>();
  readonly unknownPolicies = new Set<string>();

  constructor(private readonly scope: Scope) {}

  CreateRole(input: iam.CreateRoleRequest) {
    const { RoleName: name = '', Path: path = '/', AssumeRolePolicyDocument: trustPolicy = '' } = input;
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) throw new ServiceError('ValidationError', 400, `role name ${name}`);
    checkDescription(input.Description);
    checkSessionDuration(input.MaxSessionDuration);
    checkTags(input.Tags);
    checkTrustPolicy(trustPolicy);
    if ([...this.roles.keys()].some((existing) => existing.toLowerCase() === name.toLowerCase())) {
      throw new ServiceError('EntityAlreadyExistsException', 409, `Role with name ${name} already exists.`);
    }
    if (input.PermissionsBoundary) this.checkPolicyExists(input.PermissionsBoundary);
    const role: FakeRole = {
      name,
      path,
      arn: `arn:aws:iam::${this.scope.id}:role${path}${name}`,
      createdAt: new Date(this.scope.now()),
      trustPolicy,
      description: input.Description,
      maxSessionDuration: input.MaxSessionDuration ?? 3600,
      permissionsBoundary: input.PermissionsBoundary,
      tags: tagRecord(input.Tags),
      managed: new Set(),
      inline: new Map(),
      instanceProfiles: new Set(),
    };
    this.roles.set(name, role);
    return { Role: asRole(role) };
  }

  GetRole({ RoleName }: iam.GetRoleRequest) {
    return { Role: asRole(this.role(RoleName)) };
  }

  UpdateRole({ RoleName, Description, MaxSessionDuration }: iam.UpdateRoleRequest) {
    const role = this.role(RoleName);
    checkDescription(Description);
    checkSessionDuration(MaxSessionDuration);
    role.description = Description ?? '';
    role.maxSessionDuration = MaxSessionDuration ?? 3600;
    return {};
  }

  UpdateAssumeRolePolicy({ RoleName, PolicyDocument = '' }: iam.UpdateAssumeRolePolicyRequest) {
    const role = this.role(RoleName);
    checkTrustPolicy(PolicyDocument);
    role.trustPolicy = PolicyDocument;
    return {};
  }

  DeleteRole({ RoleName }: iam.DeleteRoleRequest) {
    const role = this.role(RoleName);
    const inUse = role.managed.size + role.inline.size + role.instanceProfiles.size;
    if (inUse > 0) throw new ServiceError('DeleteConflictException', 409, 'Cannot delete entity, must detach first.');
    this.roles.delete(role.name);
    return {};
  }

  TagRole({ RoleName, Tags }: iam.TagRoleRequest) {
    checkTags(Tags);
    Object.assign(this.role(RoleName).tags, tagRecord(Tags));
    return {};
  }

  PutRolePermissionsBoundary({ RoleName, PermissionsBoundary = '' }: iam.PutRolePermissionsBoundaryRequest) {
    const role = this.role(RoleName);
    this.checkPolicyExists(PermissionsBoundary);
    role.permissionsBoundary = PermissionsBoundary;
    return {};
  }

  DeleteRolePermissionsBoundary({ RoleName }: iam.DeleteRolePermissionsBoundaryRequest) {
    const role = this.role(RoleName);
    if (!role.permissionsBoundary) throw new ServiceError('NoSuchEntityException', 404, 'There is no boundary.');
    role.permissionsBoundary = undefined;
    return {};
  }

  AttachRolePolicy({ RoleName, PolicyArn = '' }: iam.AttachRolePolicyRequest) {
    const role = this.role(RoleName);
    this.checkPolicyExists(PolicyArn);
    if (role.managed.size >= 10 && !role.managed.has(PolicyArn)) {
      throw new ServiceError('LimitExceededException', 409, 'Cannot exceed quota for PoliciesPerRole: 10');
    }
    role.managed.add(PolicyArn);
    return {};
  }

  DetachRolePolicy({ RoleName, PolicyArn = '' }: iam.DetachRolePolicyRequest) {
    if (!this.role(RoleName).managed.delete(PolicyArn)) {
      throw new ServiceError('NoSuchEntityException', 404, `Policy ${PolicyArn} was not found.`);
    }
    return {};
  }

  PutRolePolicy({ RoleName, PolicyName = '', PolicyDocument = '' }: iam.PutRolePolicyRequest) {
    const role = this.role(RoleName);
    checkJson(PolicyDocument);
    const others = [...role.inline].filter(([name]) => name !== PolicyName).map(([, text]) => text);
    if ([...others, PolicyDocument].join('').replace(/\s/g, '').length > 10_240) {
      throw new ServiceError('LimitExceededException', 409, 'Maximum policy size of 10240 bytes exceeded.');
    }
    role.inline.set(PolicyName, PolicyDocument);
    return {};
  }

  GetRolePolicy({ RoleName, PolicyName = '' }: iam.GetRolePolicyRequest) {
    const text = this.role(RoleName).inline.get(PolicyName);
    if (text === undefined) throw new ServiceError('NoSuchEntityException', 404, `No policy ${PolicyName}.`);
    return { RoleName, PolicyName, PolicyDocument: urlEncode(text) };
  }

  DeleteRolePolicy({ RoleName, PolicyName = '' }: iam.DeleteRolePolicyRequest) {
    if (!this.role(RoleName).inline.delete(PolicyName)) {
      throw new ServiceError('NoSuchEntityException', 404, `No policy ${PolicyName}.`);
    }
    return {};
  }

  ListAttachedRolePolicies({ RoleName }: iam.ListAttachedRolePoliciesRequest) {
    const AttachedPolicies = [...this.role(RoleName).managed].map((PolicyArn) => ({ PolicyArn }));
    return { AttachedPolicies, IsTruncated: false };
  }

  ListRolePolicies({ RoleName }: iam.ListRolePoliciesRequest) {
    return { PolicyNames: [...this.role(RoleName).inline.keys()], IsTruncated: false };
  }

  CreateOpenIDConnectProvider({ Url = '', ClientIDList, Tags }: iam.CreateOpenIDConnectProviderRequest) {
    if (!/^https:\/\/[^:?]{1,247}$/.test(Url)) throw new ServiceError('InvalidInputException', 400, `URL ${Url}`);
    checkTags(Tags);
    const url = Url.replace('https://', '');
    const arn = `arn:aws:iam::${this.scope.id}:oidc-provider/${url}`;
    if (this.providers.has(arn)) throw new ServiceError('EntityAlreadyExistsException', 409, `Provider ${Url} exists.`);
    this.providers.set(arn, {
      arn,
      url: Url,
      audiences: new Set(ClientIDList),
      createdAt: new Date(this.scope.now()),
      tags: tagRecord(Tags),
    });
    return { OpenIDConnectProviderArn: arn, Tags };
  }

  GetOpenIDConnectProvider({ OpenIDConnectProviderArn }: iam.GetOpenIDConnectProviderRequest) {
    const { url, audiences, tags, createdAt } = this.provider(OpenIDConnectProviderArn);
    return {
      CreateDate: createdAt,
      Url: url.replace('https://', ''),
      ClientIDList: [...audiences],
      // IAM fills the list itself, and nobody may compare it.
      ThumbprintList: ['9e99a48a9960b14926bb7f3b02e22da2b0ab7280'],
      Tags: tagList(tags),
    };
  }

  AddClientIDToOpenIDConnectProvider(input: iam.AddClientIDToOpenIDConnectProviderRequest) {
    this.provider(input.OpenIDConnectProviderArn).audiences.add(input.ClientID ?? '');
    return {};
  }

  RemoveClientIDFromOpenIDConnectProvider(input: iam.RemoveClientIDFromOpenIDConnectProviderRequest) {
    this.provider(input.OpenIDConnectProviderArn).audiences.delete(input.ClientID ?? '');
    return {};
  }

  TagOpenIDConnectProvider({ OpenIDConnectProviderArn, Tags }: iam.TagOpenIDConnectProviderRequest) {
    checkTags(Tags);
    Object.assign(this.provider(OpenIDConnectProviderArn).tags, tagRecord(Tags));
    return {};
  }

  DeleteOpenIDConnectProvider({ OpenIDConnectProviderArn }: iam.DeleteOpenIDConnectProviderRequest) {
    this.providers.delete(this.provider(OpenIDConnectProviderArn).arn);
    return {};
  }

  private role(name = ''): FakeRole {
    const role = this.roles.get(name);
    if (!role) throw new ServiceError('NoSuchEntityException', 404, `The role with name ${name} cannot be found.`);
    return role;
  }

  private provider(arn = ''): FakeProvider {
    const provider = this.providers.get(arn);
    if (!provider) throw new ServiceError('NoSuchEntityException', 404, `OpenIDConnect Provider not found for ${arn}`);
    return provider;
  }

  private checkPolicyExists(arn: string): void {
    const known = /^arn:aws[a-z-]*:iam::aws:policy\//.test(arn)
      ? !this.unknownPolicies.has(arn)
      : this.policies.has(arn);
    if (!known) throw new ServiceError('NoSuchEntityException', 404, `Policy ${arn} does not exist.`);
  }
}
