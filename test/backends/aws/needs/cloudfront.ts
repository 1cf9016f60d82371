import {
  creation,
  each,
  need,
  onEverything,
  requestTags,
  resourceTags,
  unborn,
  xmlTags,
  type Needs,
  type Read,
  type Tags,
} from './need.ts';
import { type AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';

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

const onAskingDistribution: Read = (request, state) => {
  const arn = cloudFrontARN(request, 'distribution', request.query.get('DistributionId') ?? '');
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

const createFunction: Read = (request) => {
  const arn = cloudFrontARN(request, 'function', unborn);
  const tags = xmlTags(request.xml, ['Tags', 'Items']);
  return creation('cloudfront:CreateFunction', 'cloudfront:TagResource', ['*', arn], tags);
};

const onFunction: Read = (request) => [
  need(`cloudfront:${request.operation}`, cloudFrontARN(request, 'function', request.labels['id'] ?? '')),
];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html */
export const cloudFrontNeeds: Needs = {
  'cloudfront:CreateDistributionWithTags': createDistribution,
  'cloudfront:ListDistributions': onEverything('cloudfront:ListDistributions'),
  ...each(
    'cloudfront',
    ['GetDistribution', 'GetDistributionConfig', 'UpdateDistribution', 'DeleteDistribution'],
    onDistribution,
  ),
  'cloudfront:ListConflictingAliases': onAskingDistribution,
  ...each('cloudfront', ['ListTagsForResource', 'TagResource', 'UntagResource'], onTaggedDistribution),
  'cloudfront:CreateOriginAccessControl': onEverything('cloudfront:CreateOriginAccessControl'),
  'cloudfront:ListOriginAccessControls': onEverything('cloudfront:ListOriginAccessControls'),
  ...each(
    'cloudfront',
    ['Get', 'Update', 'Delete'].map((verb) => `${verb}OriginAccessControl`),
    onAccessControl,
  ),
  'cloudfront:CreateFunction': createFunction,
  ...each('cloudfront', ['GetFunction', 'UpdateFunction', 'PublishFunction', 'DeleteFunction'], onFunction),
};
