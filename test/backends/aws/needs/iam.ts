import {
  creation,
  each,
  need,
  onEverything,
  requestTags,
  resourceTags,
  type Needs,
  type Read,
  type Tags,
} from './need.ts';
import { members, type AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';
import { roleKey } from '../services/iam-names.ts';
import { partitionOf } from '../partition.ts';

function formTags(form: URLSearchParams): Tags {
  const values = members(form, 'Tags', 'Value');
  return members(form, 'Tags', 'Key').map((key, index) => [key, values[index] ?? ''] as const);
}

/** A part of IAM that does not know the role judges without its path: https://github.com/keikoproj/iam-manager/pull/35 */
function roleARN(request: AwsRequest, state: FrontState): string {
  const role = state.roles.get(roleKey(request));
  const path = role !== undefined && !isOnItsWay(request, state) ? role.path : '/';
  return `arn:${partitionOf(request.region)}:iam::${request.accountID}:role${path}${request.form.get('RoleName') ?? ''}`;
}

function isOnItsWay(request: AwsRequest, { roles, timing }: FrontState): boolean {
  const role = roles.get(roleKey(request));
  // GetRole says itself that the role is not there, and tests would wait for that in each of them.
  if (role === undefined || request.operation === 'GetRole') return false;
  return role.judged++ < timing.callsWithoutPath && Date.now() - role.madeAt < timing.withoutPathMillis;
}

/** A call on a role that is there. */
const onRole: Read = (request, state) => {
  const { operation, form } = request;
  const boundary = operation.endsWith('PermissionsBoundary')
    ? form.get('PermissionsBoundary')
    : state.roles.get(roleKey(request))?.boundary;
  const policy = form.get('PolicyArn');
  const context = {
    ...requestTags(formTags(form)),
    ...(boundary && takesBoundary.has(operation) && { 'iam:PermissionsBoundary': boundary }),
    ...(policy && { 'iam:PolicyARN': policy }),
  };
  return [need(`iam:${operation}`, roleARN(request, state), context)];
};

const takesBoundary = new Set([
  ...['CreateRole', 'PutRolePermissionsBoundary', 'DeleteRolePermissionsBoundary', 'PutRolePolicy', 'DeleteRolePolicy'],
  ...['AttachRolePolicy', 'DetachRolePolicy'],
]);

const createRole: Read = ({ form, accountID, region }) => {
  const arn = `arn:${partitionOf(region)}:iam::${accountID}:role${form.get('Path') ?? '/'}${form.get('RoleName') ?? ''}`;
  const boundary = form.get('PermissionsBoundary');
  const [made, ...tagging] = creation('iam:CreateRole', 'iam:TagRole', [arn, arn], formTags(form));
  const context = { ...made?.context, ...(boundary && { 'iam:PermissionsBoundary': boundary }) };
  return [need('iam:CreateRole', arn, context), ...tagging];
};

const createProvider: Read = ({ form, accountID, region }) => {
  const arn = `arn:${partitionOf(region)}:iam::${accountID}:oidc-provider/${(form.get('Url') ?? '').replace(/^https:\/\//, '')}`;
  return creation('iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider', [arn, arn], formTags(form));
};

const onProvider: Read = ({ form, operation }, state) => {
  const arn = form.get('OpenIDConnectProviderArn') ?? '';
  const held = operation === 'GetOpenIDConnectProvider' ? [] : [...(state.providers.get(arn)?.tags ?? [])];
  return [need(`iam:${operation}`, arn, { ...resourceTags(held), ...requestTags(formTags(form)) })];
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html */
export const iamNeeds: Needs = {
  'iam:CreateRole': createRole,
  ...each(
    'iam',
    [
      ...['GetRole', 'UpdateRole', 'UpdateAssumeRolePolicy', 'DeleteRole', 'TagRole', 'UntagRole'],
      ...['PutRolePermissionsBoundary', 'DeleteRolePermissionsBoundary'],
      ...['PutRolePolicy', 'GetRolePolicy', 'DeleteRolePolicy', 'ListRolePolicies'],
      ...['AttachRolePolicy', 'DetachRolePolicy', 'ListAttachedRolePolicies', 'ListInstanceProfilesForRole'],
    ],
    onRole,
  ),
  'iam:RemoveRoleFromInstanceProfile': ({ form, accountID, region }) => {
    const name = form.get('InstanceProfileName') ?? '';
    const arn = `arn:${partitionOf(region)}:iam::${accountID}:instance-profile/${name}`;
    return [need('iam:RemoveRoleFromInstanceProfile', arn, {})];
  },
  'iam:ListRoles': onEverything('iam:ListRoles'),
  'iam:GetAccountAuthorizationDetails': onEverything('iam:GetAccountAuthorizationDetails'),
  'iam:GetAccountSummary': onEverything('iam:GetAccountSummary'),
  'iam:ListOpenIDConnectProviders': onEverything('iam:ListOpenIDConnectProviders'),
  'iam:CreateOpenIDConnectProvider': createProvider,
  ...each(
    'iam',
    [
      ...['GetOpenIDConnectProvider', 'DeleteOpenIDConnectProvider'],
      ...['TagOpenIDConnectProvider', 'UntagOpenIDConnectProvider'],
      ...['AddClientIDToOpenIDConnectProvider', 'RemoveClientIDFromOpenIDConnectProvider'],
    ],
    onProvider,
  ),
};
