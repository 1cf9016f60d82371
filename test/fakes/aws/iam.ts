import type * as iam from '@aws-sdk/client-iam';
import {
  checkDescription,
  checkJson,
  checkRoleTags,
  checkSessionDuration,
  checkTags,
  checkTrustPolicy,
} from './iam-checks.ts';
import { asRole, asRoleDetail, urlEncode, type FakeProvider, type FakeRole } from './iam-state.ts';
import { page, ServiceError, tagList, tagRecord } from './service.ts';

export type { FakeProvider, FakeRole } from './iam-state.ts';

/** IAM's names have no case: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

interface Scope {
  readonly id: string;
  pageSize(): number;
  nextNumber(): number;
  /** As in ARNs. */
  partition(): string;
  readonly now: () => number;
}

export class FakeIam {
  readonly roles = new Map<string, FakeRole>();
  /** By ARN. */
  readonly providers = new Map<string, FakeProvider>();
  /** ARNs of customer managed policies. Of AWS's own every name counts as known but those in `unknownPolicies`. */
  readonly policies = new Set<string>();
  readonly unknownPolicies = new Set<string>();
  readonly quotas = {
    AssumeRolePolicySizeQuota: 2048,
    RolePolicySizeQuota: 10_240,
    AttachedPoliciesPerRoleQuota: 10,
    RolesQuota: 1000,
  };

  constructor(private readonly scope: Scope) {}

  CreateRole(input: iam.CreateRoleRequest) {
    const { RoleName: name = '', Path: path = '/', AssumeRolePolicyDocument: trustPolicy = '' } = input;
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) throw new ServiceError('ValidationError', 400, `role name ${name}`);
    checkDescription(input.Description);
    checkSessionDuration(input.MaxSessionDuration);
    checkRoleTags(input.Tags);
    checkTrustPolicy(trustPolicy, this.quotas.AssumeRolePolicySizeQuota);
    if ([...this.roles.keys()].some((existing) => existing.toLowerCase() === name.toLowerCase())) {
      throw new ServiceError('EntityAlreadyExistsException', 409, `Role with name ${name} already exists.`);
    }
    if (input.PermissionsBoundary) this.checkPolicyExists(input.PermissionsBoundary);
    const role: FakeRole = {
      id: `AROAFAKE${this.scope.nextNumber()}`,
      name,
      path,
      arn: `arn:${this.scope.partition()}:iam::${this.scope.id}:role${path}${name}`,
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
    checkTrustPolicy(PolicyDocument, this.quotas.AssumeRolePolicySizeQuota);
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

  ListInstanceProfilesForRole({ RoleName }: iam.ListInstanceProfilesForRoleRequest) {
    const profiles = [...this.role(RoleName).instanceProfiles];
    return { InstanceProfiles: profiles.map((InstanceProfileName) => ({ InstanceProfileName })), IsTruncated: false };
  }

  RemoveRoleFromInstanceProfile({ RoleName, InstanceProfileName = '' }: iam.RemoveRoleFromInstanceProfileRequest) {
    if (!this.role(RoleName).instanceProfiles.delete(InstanceProfileName))
      throw new ServiceError('NoSuchEntityException', 404, `The role is not in profile ${InstanceProfileName}.`);
    return {};
  }

  /** A tag takes the place of one whose key differs only in case. */
  TagRole({ RoleName, Tags }: iam.TagRoleRequest) {
    checkRoleTags(Tags);
    this.UntagRole({ RoleName, TagKeys: Object.keys(tagRecord(Tags)) });
    Object.assign(this.role(RoleName).tags, tagRecord(Tags));
    return {};
  }

  UntagRole({ RoleName, TagKeys }: iam.UntagRoleRequest) {
    const role = this.role(RoleName);
    const gone = new Set((TagKeys ?? []).map((key) => key.toLowerCase()));
    role.tags = Object.fromEntries(Object.entries(role.tags).filter(([key]) => !gone.has(key.toLowerCase())));
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
    const attached = [...role.managed].some((arn) => sameName(arn, PolicyArn));
    if (role.managed.size >= 10 && !attached) {
      throw new ServiceError('LimitExceededException', 409, 'Cannot exceed quota for PoliciesPerRole: 10');
    }
    // IAM shows the policy by its own name, however it was written.
    if (!attached) role.managed.add(this.nameOf(PolicyArn));
    return {};
  }

  DetachRolePolicy({ RoleName, PolicyArn = '' }: iam.DetachRolePolicyRequest) {
    const { managed } = this.role(RoleName);
    if (!managed.delete([...managed].find((arn) => sameName(arn, PolicyArn)) ?? '')) {
      throw new ServiceError('NoSuchEntityException', 404, `Policy ${PolicyArn} was not found.`);
    }
    return {};
  }

  PutRolePolicy({ RoleName, PolicyName = '', PolicyDocument = '' }: iam.PutRolePolicyRequest) {
    const role = this.role(RoleName);
    checkJson(PolicyDocument);
    const known = [...role.inline.keys()].find((name) => sameName(name, PolicyName)) ?? PolicyName;
    const others = [...role.inline].filter(([name]) => name !== known).map(([, text]) => text);
    if ([...others, PolicyDocument].join('').replace(/\s/g, '').length > 10_240) {
      throw new ServiceError('LimitExceededException', 409, 'Maximum policy size of 10240 bytes exceeded.');
    }
    role.inline.set(known, PolicyDocument);
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

  ListRoles({ Marker, MaxItems, PathPrefix = '/' }: iam.ListRolesRequest) {
    const under = [...this.roles.values()].filter(({ path }) => path.startsWith(PathPrefix));
    const { items, next } = page(under, ({ name }) => name, Marker, this.pageSize(MaxItems));
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html: neither tags nor the boundary
    const Roles = items.map((role) => ({ ...asRole(role), Tags: undefined, PermissionsBoundary: undefined }));
    return { Roles, IsTruncated: next !== undefined, Marker: next };
  }

  /** Of roles alone. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html */
  GetAccountAuthorizationDetails({ Filter, Marker, MaxItems }: iam.GetAccountAuthorizationDetailsRequest) {
    if (Filter?.join(',') !== 'Role') throw new Error('FakeIam has no details but those of roles');
    const { items, next } = page([...this.roles.values()], ({ name }) => name, Marker, this.pageSize(MaxItems));
    return { RoleDetailList: items.map(asRoleDetail), IsTruncated: next !== undefined, Marker: next };
  }

  /** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html, in part */
  GetAccountSummary() {
    const SummaryMap = {
      ...this.quotas,
      Roles: this.roles.size,
      Providers: this.providers.size,
    };
    return { SummaryMap };
  }

  ListAttachedRolePolicies({ RoleName, Marker }: iam.ListAttachedRolePoliciesRequest) {
    const { items, next } = page([...this.role(RoleName).managed], (arn) => arn, Marker, this.scope.pageSize());
    return {
      AttachedPolicies: items.map((PolicyArn) => ({ PolicyArn })),
      IsTruncated: next !== undefined,
      Marker: next,
    };
  }

  ListRolePolicies({ RoleName, Marker }: iam.ListRolePoliciesRequest) {
    const names = [...this.role(RoleName).inline.keys()];
    const { items, next } = page(names, (name) => name, Marker, this.scope.pageSize());
    return { PolicyNames: items, IsTruncated: next !== undefined, Marker: next };
  }

  CreateOpenIDConnectProvider({ Url = '', ClientIDList, Tags }: iam.CreateOpenIDConnectProviderRequest) {
    if (!/^https:\/\/[^:?]{1,247}$/.test(Url)) throw new ServiceError('InvalidInputException', 400, `URL ${Url}`);
    checkTags(Tags);
    const url = Url.replace('https://', '');
    const arn = `arn:${this.scope.partition()}:iam::${this.scope.id}:oidc-provider/${url}`;
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

  ListOpenIDConnectProviders() {
    return { OpenIDConnectProviderList: [...this.providers.keys()].map((Arn) => ({ Arn })) };
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

  UntagOpenIDConnectProvider({ OpenIDConnectProviderArn, TagKeys }: iam.UntagOpenIDConnectProviderRequest) {
    for (const key of TagKeys ?? []) delete this.provider(OpenIDConnectProviderArn).tags[key];
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

  /** Of listings of roles. */
  private pageSize(asked = 100): number {
    if (asked < 1 || asked > 1000) throw new ServiceError('ValidationError', 400, `maxItems ${asked}`);
    return Math.min(asked, this.scope.pageSize());
  }

  private nameOf(arn: string): string {
    return [...this.policies].find((known) => sameName(known, arn)) ?? arn;
  }

  private role(name = ''): FakeRole {
    const role = [...this.roles.values()].find((known) => sameName(known.name, name));
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
      : [...this.policies].some((policy) => sameName(policy, arn));
    if (!known) throw new ServiceError('NoSuchEntityException', 404, `Policy ${arn} does not exist.`);
  }
}
