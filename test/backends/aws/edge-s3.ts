import { AwsError, errorReply } from './errors.ts';
import { mayCall, type PolicyDocument } from './evaluator.ts';
import { isPublic } from './policy.ts';
import type { Reply } from './request.ts';
import type { Bucket, FrontState } from './state.ts';
import { text } from './xml.ts';
import { partitionOf } from './partition.ts';

/** The endpoint of a region, under which the bucket is the first part of the path. */
const pathStyleEndpoint = /^s3\.(?<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$/;

/** Whom the evaluator has for somebody without credentials: a principal whom no policy names. */
const anybody = 'arn:aws:iam::000000000000:user/anybody';

export const isS3 = (host: string): boolean => pathStyleEndpoint.test(host);

/**
 * What S3 answers to anybody on the internet: an object that the bucket's policy lets everybody read, unless the public access
 * block of the bucket or of its account restricts that.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export async function readPublic(state: FrontState, host: string, path: string): Promise<Reply> {
  const region = pathStyleEndpoint.exec(host)?.groups?.['region'];
  const [, name = '', ...rest] = path.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const bucket = state.buckets.get(name);
  if (!bucket) return refusal('NoSuchBucket', 404, 'The specified bucket does not exist');
  if (bucket.region !== region) {
    return refusal('PermanentRedirect', 301, `The bucket is in ${bucket.region}: address it there.`);
  }
  // https://docs.amazonaws.cn/en_us/aws/latest/userguide/s3.html
  if (partitionOf(region) === 'aws-cn' && state.withoutICP.has(bucket.accountID)) {
    return refusal('UnauthorizedAccess', 401, 'You are trying to access a website that is not recorded');
  }
  const object = (await letsIn(state, bucket, key)) ? await state.object(name, key) : undefined;
  // S3 tells that a key is missing only to those who may list.
  if (!object) return refusal('AccessDenied', 403, 'Access Denied');
  const { etag = '', 'content-type': type = 'binary/octet-stream' } = object.headers;
  return { status: 200, headers: { 'content-type': type, etag }, body: object.body };
}

async function letsIn(state: FrontState, bucket: Bucket, key: string): Promise<boolean> {
  const { policy, publicAccessBlock = '' } = bucket;
  if (policy === undefined || !isPublic(policy)) return false;
  const isRestricted = text(publicAccessBlock, 'RestrictPublicBuckets').toLowerCase() === 'true';
  if (isRestricted || state.blockedAccounts.has(bucket.accountID)) return false;
  const verdict = await mayCall({
    principal: anybody,
    action: 's3:GetObject',
    resource: { arn: `arn:${partitionOf(bucket.region)}:s3:::${bucket.name}/${key}`, accountID: bucket.accountID },
    context: { 'aws:SecureTransport': 'true' },
    // The evaluator wants the caller's own account to allow the call too, which nobody without credentials has.
    identityPolicies: [allowAll],
    resourcePolicy: JSON.parse(policy) as PolicyDocument,
  });
  return verdict === 'Allowed';
}

const allowAll = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

function refusal(code: string, status: number, message: string): Reply {
  return errorReply('s3', new AwsError(code, status, message));
}
