import { awsError } from '../errors.ts';
import type { Rule } from '../rule.ts';
import { text } from '../xml.ts';

const guide = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide';

/** What the account-regional namespace ends a name with. */
function regionalSuffix(accountID: string, region: string): string {
  return `-${accountID}-${region}-an`;
}

const anyRegionalSuffix = /-\d{12}-[a-z]+(-[a-z]+)+-\d-an$/;

export const bucketRules: readonly Rule[] = [
  {
    name: 'bucket-name',
    page: `${guide}/bucketnamingrules.html`,
    operations: ['s3:CreateBucket'],
    check({ labels }) {
      const name = labels['bucket'] ?? '';
      const shape = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..');
      const address = /^\d+\.\d+\.\d+\.\d+$/.test(name);
      const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
      if (shape && !address && !reserved) return undefined;
      return awsError('InvalidBucketName', 400, 'The specified bucket is not valid.');
    },
  },
  {
    name: 'bucket-namespace',
    page: `${guide}/gpbucketnamespaces.html`,
    operations: ['s3:CreateBucket'],
    check({ labels, headers, accountID, region }) {
      const name = labels['bucket'] ?? '';
      const regional = headers['x-amz-bucket-namespace'] === 'account-regional';
      const fits = regional ? name.endsWith(regionalSuffix(accountID, region)) : !anyRegionalSuffix.test(name);
      return fits ? undefined : awsError('InvalidBucketNamespace', 400, 'The bucket name does not fit its namespace.');
    },
  },
  {
    name: 'bucket-location',
    page: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html',
    operations: ['s3:CreateBucket'],
    check({ xml, region }) {
      const location = text(xml, 'LocationConstraint');
      if (location === 'us-east-1') {
        return awsError('InvalidLocationConstraint', 400, 'The specified location-constraint is not valid');
      }
      if (location === region || (location === '' && region === 'us-east-1')) return undefined;
      const message = `The ${location || 'unspecified'} location constraint is incompatible for the region this was sent to.`;
      return awsError('IllegalLocationConstraintException', 400, message);
    },
  },
  {
    // Comes before the questions of whose bucket it is.
    name: 'bucket-in-its-region',
    page: `${guide}/Redirects.html`,
    operations: ['s3:*'],
    check({ labels, operation, region }, state) {
      const bucket = state.buckets.get(labels['bucket'] ?? '');
      if (operation === 'CreateBucket' || bucket === undefined || bucket.region === region) return undefined;
      const message = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
      return awsError('PermanentRedirect', 301, message);
    },
  },
  {
    name: 'bucket-of-expected-owner',
    page: `${guide}/bucket-owner-condition.html`,
    operations: ['s3:*'],
    check({ labels, headers }, state) {
      const expected = headers['x-amz-expected-bucket-owner'];
      const bucket = state.buckets.get(labels['bucket'] ?? '');
      if (expected === undefined || bucket === undefined || expected === bucket.accountID) return undefined;
      return awsError('AccessDenied', 403, 'Access Denied');
    },
  },
  {
    // What a web identity may do, also in another account, the evaluator judges.
    name: 'bucket-of-own-account',
    page: `${guide}/access-control-overview.html`,
    operations: ['s3:*'],
    check({ labels, operation, accountID, credential }, state) {
      const bucket = state.buckets.get(labels['bucket'] ?? '');
      if (operation === 'CreateBucket' || credential.kind === 'web-identity') return undefined;
      if (bucket === undefined || bucket.accountID === accountID) return undefined;
      return awsError('AccessDenied', 403, 'Access Denied');
    },
  },
  {
    name: 'bucket-without-acls',
    page: `${guide}/about-object-ownership.html`,
    operations: ['s3:PutObject', 's3:PutObjectAcl', 's3:PutBucketAcl'],
    check({ labels, headers, operation }, state) {
      const ownership = state.buckets.get(labels['bucket'] ?? '')?.ownershipControls;
      if (ownership === undefined || text(ownership, 'Rule', 'ObjectOwnership') !== 'BucketOwnerEnforced')
        return undefined;
      const acl = headers['x-amz-acl'] ?? (operation === 'PutObject' ? 'bucket-owner-full-control' : undefined);
      if (acl === 'bucket-owner-full-control') return undefined;
      return awsError('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs');
    },
  },
];
