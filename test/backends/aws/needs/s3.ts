import { creation, need, xmlTags, type Needs, type Read } from './need.ts';
import { type AwsRequest } from '../request.ts';
import { partitionOf } from '../partition.ts';

const bucketARN = ({ labels, region }: AwsRequest) => `arn:${partitionOf(region)}:s3:::${labels['bucket']}`;
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

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
export const s3Needs: Needs = {
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
};
