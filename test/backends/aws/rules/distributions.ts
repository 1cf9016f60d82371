import { requiredInUpdate, sentConfig } from '../distribution-config.ts';
import { awsError, type AwsError } from '../errors.ts';
import type { AwsRequest } from '../request.ts';
import type { Rule } from '../rule.ts';
import { findDistribution, tagsIn } from '../services/distributions.ts';
import { element, text } from '../xml.ts';

const api = 'https://docs.aws.amazon.com/cloudfront/latest/APIReference';

/** The refusal of a change that names no version, or not the newest. */
export function wrongVersion({ headers }: AwsRequest, { etag }: { readonly etag: string }): AwsError | undefined {
  const version = headers['if-match'];
  if (version === undefined) {
    return awsError('InvalidIfMatchVersion', 400, 'The If-Match version is missing or not valid for the resource.');
  }
  return version === etag
    ? undefined
    : awsError('PreconditionFailed', 412, 'The request failed because it did not meet the preconditions.');
}

export const distributionRules: readonly Rule[] = [
  {
    name: 'distribution-version',
    page: `${api}/API_UpdateDistribution.html`,
    operations: ['cloudfront:UpdateDistribution', 'cloudfront:DeleteDistribution'],
    check: (request, state) => wrongVersion(request, findDistribution(request, state)),
  },
  {
    name: 'distribution-disabled-before-delete',
    page: `${api}/API_DeleteDistribution.html`,
    operations: ['cloudfront:DeleteDistribution'],
    check(request, state) {
      const { enabled, deployed } = findDistribution(request, state);
      if (!enabled && deployed) return undefined;
      return awsError('DistributionNotDisabled', 409, 'The distribution you are trying to delete is not disabled.');
    },
  },
  {
    name: 'distribution-caller-reference',
    page: `${api}/API_CreateDistribution.html`,
    operations: ['cloudfront:CreateDistribution', 'cloudfront:CreateDistributionWithTags'],
    check(request, state) {
      const reference = text(sentConfig(request), 'CallerReference');
      const same = [...state.distributions.values()].find(
        (other) => other.accountID === request.accountID && other.callerReference === reference,
      );
      const message = `The caller reference that you are using is associated with another distribution: ${same?.id}`;
      return same && awsError('DistributionAlreadyExists', 409, message);
    },
  },
  {
    name: 'distribution-update-is-whole',
    page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-overview-required-fields.html',
    operations: ['cloudfront:UpdateDistribution'],
    check({ xml }) {
      const missing = requiredInUpdate.filter((field) => element(xml, field) === undefined);
      if (missing.length === 0) return undefined;
      return awsError(
        'IllegalUpdate',
        400,
        `The update contains modifications that are not allowed: no ${missing.join()}`,
      );
    },
  },
  {
    name: 'distribution-caller-reference-stays',
    page: `${api}/API_UpdateDistribution.html`,
    operations: ['cloudfront:UpdateDistribution'],
    check(request, state) {
      const same = text(request.xml, 'CallerReference') === findDistribution(request, state).callerReference;
      return same ? undefined : awsError('IllegalUpdate', 400, 'CallerReference cannot be changed.');
    },
  },
  {
    name: 'distribution-tags',
    page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/tagging.html',
    operations: ['cloudfront:CreateDistributionWithTags', 'cloudfront:TagResource'],
    check(request, state) {
      const sent = tagsIn(element(request.xml, 'Tags') ?? request.xml);
      const tagged = [...state.distributions.values()].find(({ arn }) => arn === request.query.get('Resource'));
      const keys = new Set([...(tagged?.tags.keys() ?? []), ...sent.map(([key]) => key)]);
      const reserved = sent.some(([key]) => key.toLowerCase().startsWith('aws:'));
      if (keys.size <= 50 && !reserved) return undefined;
      return awsError('InvalidTagging', 400, 'The tagging specified is not valid.');
    },
  },
];
