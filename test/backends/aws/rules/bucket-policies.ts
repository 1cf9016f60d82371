import { validateResourcePolicy } from '@cloud-copilot/iam-policy';
import { awsError, type AwsError } from '../errors.ts';
import { isPublic, readPolicy } from '../policy.ts';
import type { Rule } from '../rule.ts';
import { text } from '../xml.ts';
import { partitionOf } from '../partition.ts';

const guide = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide';
const operations = ['s3:PutBucketPolicy'];

function malformed(message: string): AwsError {
  return awsError('MalformedPolicy', 400, message);
}

export const bucketPolicyRules: readonly Rule[] = [
  {
    name: 'bucket-policy-grammar',
    page: `${guide}/bucket-policies.html`,
    operations,
    check({ body }) {
      const document = body.toString();
      if (!document.startsWith('{') || !readPolicy(document)) {
        return malformed("Policies must be valid JSON and the first byte must be '{'");
      }
      const [error] = validateResourcePolicy(JSON.parse(document));
      return error && malformed(`${error.path}: ${error.message}`);
    },
  },
  {
    name: 'bucket-policy-principal',
    page: `${guide}/s3-bucket-user-policy-specifying-principal-intro.html`,
    operations,
    check({ body }) {
      const open = readPolicy(body.toString())?.Statement.some(({ Principal }) => Principal === undefined);
      return open ? malformed('Missing required field Principal') : undefined;
    },
  },
  {
    name: 'bucket-policy-resource',
    page: `${guide}/s3-arn-format.html`,
    operations,
    check({ body, labels, region }) {
      const own = `arn:${partitionOf(region)}:s3:::${labels['bucket']}`;
      const resources = readPolicy(body.toString())?.Statement.flatMap(({ Resource }) => Resource) ?? [];
      const foreign = resources.some((resource) => resource !== own && !resource.startsWith(`${own}/`));
      return foreign ? malformed('Policy has invalid resource') : undefined;
    },
  },
  {
    name: 'bucket-policy-action',
    page: `${guide}/using-with-s3-policy-actions.html`,
    operations,
    check({ body }) {
      const actions = readPolicy(body.toString())?.Statement.flatMap(({ Action }) => Action) ?? [];
      const foreign = actions.some((action) => action !== '*' && !action.startsWith('s3:'));
      return foreign ? malformed('Policy has invalid action') : undefined;
    },
  },
  {
    name: 'bucket-policy-not-public',
    page: `${guide}/access-control-block-public-access.html`,
    operations,
    check({ body, labels }, state) {
      const { publicAccessBlock = '', accountID = '' } = state.buckets.get(labels['bucket'] ?? '') ?? {};
      const isBlocked =
        text(publicAccessBlock, 'BlockPublicPolicy').toLowerCase() === 'true' || state.blockedAccounts.has(accountID);
      if (!isBlocked || !isPublic(body.toString())) return undefined;
      const message = 'public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access';
      return awsError('AccessDenied', 403, `Access Denied: ${message}`);
    },
  },
];
