import { Accounts } from './sts-accounts.ts';
import { members, type AwsRequest } from './request.ts';
import { roleKey } from './services/iam.ts';
import type { FrontState } from './state.ts';
import { items, text, type Xml } from './xml.ts';

export type Context = Readonly<Record<string, string | readonly string[]>>;

/** One permission that a call needs. */
export interface Need {
  /** `iam:CreateRole` */
  readonly action: string;
  /** ARN, or `*` for an action that knows no resources. */
  readonly resource: string;
  readonly context: Context;
}

/** The name that stands in the ARN of what the call is about to make. */
const unborn = 'new';

type Tags = readonly (readonly [key: string, value: string])[];
type Read = (request: AwsRequest, state: FrontState) => Need[] | Promise<Need[]>;

/**
 * The permissions that a call needs; undefined where no table here knows the operation.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export async function needsOf(request: AwsRequest, state: FrontState): Promise<Need[] | undefined> {
  return needs[`${request.service}:${request.operation}`]?.(request, state);
}

/** Whether the table knows the operation, `service:Operation`. */
export const isKnown = (operation: string): boolean => operation in needs;

const need = (action: string, resource: string, context: Context = {}): Need => ({ action, resource, context });

const requestTags = (tags: Tags): Context =>
  Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value]));
const resourceTags = (tags: Tags): Context =>
  Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));

/** What is made with tags needs the action that tags it too. */
function creation(action: string, tagAction: string, resources: readonly [make: string, tag: string], tags: Tags) {
  const context = requestTags(tags);
  const made = need(action, resources[0], context);
  return tags.length === 0 ? [made] : [made, need(tagAction, resources[1], context)];
}

// ---- IAM: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

function formTags(form: URLSearchParams): Tags {
  const values = members(form, 'Tags', 'Value');
  return members(form, 'Tags', 'Key').map((key, index) => [key, values[index] ?? ''] as const);
}

/** A part of IAM that does not know the role judges without its path: https://github.com/keikoproj/iam-manager/pull/35 */
function roleARN(request: AwsRequest, state: FrontState): string {
  const role = state.roles.get(roleKey(request));
  const path = role !== undefined && !isOnItsWay(request, state) ? role.path : '/';
  return `arn:aws:iam::${request.accountID}:role${path}${request.form.get('RoleName') ?? ''}`;
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

const createRole: Read = ({ form, accountID }) => {
  const arn = `arn:aws:iam::${accountID}:role${form.get('Path') ?? '/'}${form.get('RoleName') ?? ''}`;
  const boundary = form.get('PermissionsBoundary');
  const [made, ...tagging] = creation('iam:CreateRole', 'iam:TagRole', [arn, arn], formTags(form));
  const context = { ...made?.context, ...(boundary && { 'iam:PermissionsBoundary': boundary }) };
  return [need('iam:CreateRole', arn, context), ...tagging];
};

const createProvider: Read = ({ form, accountID }) => {
  const arn = `arn:aws:iam::${accountID}:oidc-provider/${(form.get('Url') ?? '').replace(/^https:\/\//, '')}`;
  return creation('iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider', [arn, arn], formTags(form));
};

const onProvider: Read = async ({ form, operation }, state) => {
  const arn = form.get('OpenIDConnectProviderArn') ?? '';
  const held = operation === 'GetOpenIDConnectProvider' ? [] : await new Accounts(state).providerTags(arn);
  return [need(`iam:${operation}`, arn, { ...resourceTags(held), ...requestTags(formTags(form)) })];
};

// ---- S3: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

const bucketARN = ({ labels }: AwsRequest) => `arn:aws:s3:::${labels['bucket']}`;
const onBucket =
  (action: string): Read =>
  (request) => [need(action, bucketARN(request))];

const onObject =
  (...actions: readonly string[]): Read =>
  (request) =>
    actions.map((action) => need(action, `${bucketARN(request)}/${request.labels['key']}`));

/** A write with If-Match needs to read too: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const putObject: Read = (request, state) => {
  const actions = request.headers['if-match'] === undefined ? ['s3:PutObject'] : ['s3:PutObject', 's3:GetObject'];
  return onObject(...actions)(request, state);
};

const createBucket: Read = (request) => {
  const arn = bucketARN(request);
  const [made, ...tagging] = creation('s3:CreateBucket', 's3:TagResource', [arn, arn], xmlTags(request.xml, ['Tags']));
  return [need(made?.action ?? '', arn), ...tagging];
};

function xmlTags(xml: Xml, path: readonly string[]): Tags {
  return items(xml, ...path, 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')] as const);
}

// ---- CloudFront: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html

const cloudFrontARN = ({ accountID }: AwsRequest, kind: string, id: string) =>
  `arn:aws:cloudfront::${accountID}:${kind}/${id}`;

const createDistribution: Read = (request) => {
  const arn = cloudFrontARN(request, 'distribution', unborn);
  const tags = xmlTags(request.xml, ['Tags', 'Items']);
  return creation('cloudfront:CreateDistribution', 'cloudfront:TagResource', ['*', arn], tags);
};

const distributionTags = (state: FrontState, arn: string): Tags => [
  ...(state.distributions.get(arn.slice(arn.lastIndexOf('/') + 1))?.tags ?? []),
];

const onDistribution: Read = (request, state) => {
  const arn = cloudFrontARN(request, 'distribution', request.labels['id'] ?? '');
  return [need(`cloudfront:${request.operation}`, arn, resourceTags(distributionTags(state, arn)))];
};

const onTaggedDistribution: Read = ({ operation, query, xml }, state) => {
  const arn = query.get('Resource') ?? '';
  const added = operation === 'TagResource' ? xmlTags(xml, ['Items']) : [];
  const context = { ...resourceTags(distributionTags(state, arn)), ...requestTags(added) };
  return [need(`cloudfront:${operation}`, arn, context)];
};

const onAccessControl: Read = (request) => {
  const arn = cloudFrontARN(request, 'origin-access-control', request.labels['id'] ?? '');
  return [need(`cloudfront:${request.operation}`, arn)];
};

// ---- ACM: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html

function jsonTags(json: Record<string, unknown>): Tags {
  const tags = (json['Tags'] ?? []) as readonly { readonly Key: string; readonly Value?: string }[];
  return tags.map(({ Key, Value = '' }) => [Key, Value] as const);
}

const requestCertificate: Read = ({ json, region, accountID }) => {
  const arn = `arn:aws:acm:${region}:${accountID}:certificate/${unborn}`;
  return creation('acm:RequestCertificate', 'acm:AddTagsToCertificate', ['*', arn], jsonTags(json));
};

const onCertificate: Read = ({ operation, json }, state) => {
  const arn = json['CertificateArn'] as string;
  const held = [...(state.certificates.get(arn)?.tags ?? [])];
  return [need(`acm:${operation}`, arn, { ...resourceTags(held), ...requestTags(jsonTags(json)) })];
};

// ---- Route 53: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html

const zoneARN = ({ labels }: AwsRequest) => `arn:aws:route53:::hostedzone/${labels['id']}`;

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html */
const changeRecords: Read = (request) => {
  const changes = items(request.xml, 'ChangeBatch', 'Changes', 'Change');
  const all = (...path: string[]) => [...new Set(changes.map((change) => text(change, ...path)))];
  const names = all('ResourceRecordSet', 'Name').map((name) => name.replace(/\.$/, '').toLowerCase());
  return [
    need('route53:ChangeResourceRecordSets', zoneARN(request), {
      'route53:ChangeResourceRecordSetsRecordTypes': all('ResourceRecordSet', 'Type'),
      'route53:ChangeResourceRecordSetsActions': all('Action'),
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': names,
    }),
  ];
};

const onEverything =
  (action: string): Read =>
  () => [need(action, '*')];

const assumeRole: Read = ({ form }) => {
  const externalID = form.get('ExternalId');
  const context = externalID === null ? {} : { 'sts:ExternalId': externalID };
  return [need('sts:AssumeRole', form.get('RoleArn') ?? '', context)];
};

const each = (service: string, operations: readonly string[], read: Read): Record<string, Read> =>
  Object.fromEntries(operations.map((operation) => [`${service}:${operation}`, read]));

/** By `service:Operation`. */
const needs: Readonly<Record<string, Read>> = {
  'iam:CreateRole': createRole,
  ...each(
    'iam',
    [
      ...['GetRole', 'UpdateRole', 'UpdateAssumeRolePolicy', 'DeleteRole', 'TagRole', 'UntagRole'],
      ...['PutRolePermissionsBoundary', 'DeleteRolePermissionsBoundary'],
      ...['PutRolePolicy', 'GetRolePolicy', 'DeleteRolePolicy', 'ListRolePolicies'],
      ...['AttachRolePolicy', 'DetachRolePolicy', 'ListAttachedRolePolicies'],
    ],
    onRole,
  ),
  'iam:ListRoles': onEverything('iam:ListRoles'),
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
  's3:CreateBucket': createBucket,
  's3:HeadBucket': onBucket('s3:ListBucket'),
  's3:DeleteBucket': onBucket('s3:DeleteBucket'),
  's3:GetBucketTagging': onBucket('s3:GetBucketTagging'),
  's3:PutBucketTagging': onBucket('s3:PutBucketTagging'),
  's3:GetBucketPolicy': onBucket('s3:GetBucketPolicy'),
  's3:PutBucketPolicy': onBucket('s3:PutBucketPolicy'),
  's3:GetPublicAccessBlock': onBucket('s3:GetBucketPublicAccessBlock'),
  's3:PutPublicAccessBlock': onBucket('s3:PutBucketPublicAccessBlock'),
  's3:GetBucketOwnershipControls': onBucket('s3:GetBucketOwnershipControls'),
  's3:PutBucketOwnershipControls': onBucket('s3:PutBucketOwnershipControls'),
  's3:GetObject': onObject('s3:GetObject'),
  's3:PutObject': putObject,
  's3:DeleteObject': onObject('s3:DeleteObject'),
  'cloudfront:CreateDistributionWithTags': createDistribution,
  'cloudfront:ListDistributions': onEverything('cloudfront:ListDistributions'),
  ...each(
    'cloudfront',
    ['GetDistribution', 'GetDistributionConfig', 'UpdateDistribution', 'DeleteDistribution'],
    onDistribution,
  ),
  ...each('cloudfront', ['ListTagsForResource', 'TagResource', 'UntagResource'], onTaggedDistribution),
  'cloudfront:CreateOriginAccessControl': onEverything('cloudfront:CreateOriginAccessControl'),
  'cloudfront:ListOriginAccessControls': onEverything('cloudfront:ListOriginAccessControls'),
  ...each(
    'cloudfront',
    ['Get', 'Update', 'Delete'].map((verb) => `${verb}OriginAccessControl`),
    onAccessControl,
  ),
  'acm:RequestCertificate': requestCertificate,
  'acm:ListCertificates': onEverything('acm:ListCertificates'),
  ...each(
    'acm',
    [
      ...['DescribeCertificate', 'DeleteCertificate', 'ListTagsForCertificate'],
      ...['AddTagsToCertificate', 'RemoveTagsFromCertificate'],
    ],
    onCertificate,
  ),
  'route53:ListHostedZones': onEverything('route53:ListHostedZones'),
  'route53:ListResourceRecordSets': (request) => [need('route53:ListResourceRecordSets', zoneARN(request))],
  'route53:ChangeResourceRecordSets': changeRecords,
  'route53:GetChange': ({ labels }) => [need('route53:GetChange', `arn:aws:route53:::change/${labels['id']}`)],
  'sts:AssumeRole': assumeRole,
  // Nobody needs a permission for it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
  'sts:GetCallerIdentity': () => [],
};
