import type { Distribution, Origin } from './distributions.ts';
import { AwsError, errorReply } from './errors.ts';
import { mayCall, type PolicyDocument } from './evaluator.ts';
import type { Reply } from './request.ts';
import type { Bucket, FrontState } from './state.ts';
import { items, text, type Xml } from './xml.ts';

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html */
const service = 'cloudfront.amazonaws.com';
const regionalEndpoint = /^(?<bucket>.+)\.s3(?:\.(?<region>[a-z0-9-]+))?\.amazonaws\.com$/;

/** What a distribution's origin answers for a path: an object of a bucket, if the bucket lets this distribution read it. */
export async function readOrigin(state: FrontState, distribution: Distribution, path: string): Promise<Reply> {
  const target = targetOf(distribution.config, path);
  const origin = distribution.origins.find(({ id }) => id === target);
  const endpoint = regionalEndpoint.exec(origin?.domainName ?? '')?.groups;
  const bucket = state.buckets.get(endpoint?.['bucket'] ?? '');
  if (!origin || !endpoint || !bucket) return refusal('NoSuchBucket', 404, 'The specified bucket does not exist');
  if ((endpoint['region'] ?? 'us-east-1') !== bucket.region) {
    return refusal(
      'PermanentRedirect',
      301,
      `The bucket is in ${bucket.region}: its regional endpoint must be the origin.`,
    );
  }
  const denied = refusal('AccessDenied', 403, 'Access Denied');
  const reader = readerOf(state, distribution, origin);
  if (!reader) return denied;
  const key = decodeURIComponent(`${origin.path}${path}`).slice(1);
  if (!(await permits(bucket, reader, 's3:GetObject', `/${key}`))) return denied;
  const object = await state.object(bucket.name, key);
  if (!object) {
    // S3 tells that a key is missing only to those who may list.
    const mayList = await permits(bucket, reader, 's3:ListBucket', '');
    return mayList ? refusal('NoSuchKey', 404, 'The specified key does not exist.') : denied;
  }
  // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html#oac-permissions-sse-kms
  if (object.headers['x-amz-server-side-encryption'] === 'aws:kms') return denied;
  const { etag = '', 'content-type': type = 'binary/octet-stream' } = object.headers;
  return { status: 200, headers: { 'content-type': type, etag }, body: object.body };
}

/** The first behavior whose pattern the path matches answers, else the default. */
function targetOf(config: Xml, path: string): string {
  const behavior = items(config, 'CacheBehaviors', 'Items', 'CacheBehavior').find((candidate) =>
    matches(text(candidate, 'PathPattern'), path),
  );
  return behavior ? text(behavior, 'TargetOriginId') : text(config, 'DefaultCacheBehavior', 'TargetOriginId');
}

/** `*` is any text, also none; the slash at the start may be left out. */
function matches(pattern: string, path: string): boolean {
  const parts = pattern.replace(/^\//, '').split('*');
  const escaped = parts.map((part) => part.replaceAll(/[^\w/-]/g, '\\$&'));
  return new RegExp(`^/${escaped.join('.*')}$`).test(path);
}

/** Whom the bucket has before it. */
interface Reader {
  readonly principal: string;
  readonly context: Readonly<Record<string, string>>;
  readonly identityPolicies: readonly PolicyDocument[];
}

/** As whom the distribution signs its requests to the origin: a private bucket takes those without a signature for anybody's. */
function readerOf(state: FrontState, { arn, accountID }: Distribution, origin: Origin): Reader | undefined {
  const control = state.originAccessControls.get(origin.originAccessControlID);
  if (control?.signingBehavior === 'always' && control.signingProtocol === 'sigv4' && control.originType === 's3') {
    return {
      principal: service,
      context: { 'aws:SourceArn': arn, 'aws:SourceAccount': accountID },
      identityPolicies: [],
    };
  }
  if (!origin.originAccessIdentity) return undefined;
  const principal = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${origin.originAccessIdentity}`;
  // The evaluator wants the other account, which is CloudFront's, to allow the call too.
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  return { principal, context: {}, identityPolicies: [all] };
}

async function permits(bucket: Bucket, reader: Reader, action: string, path: string): Promise<boolean> {
  const verdict = await mayCall({
    ...reader,
    action,
    resource: { arn: `arn:aws:s3:::${bucket.name}${path}`, accountID: bucket.accountID },
    context: { ...reader.context, 'aws:SecureTransport': 'true' },
    resourcePolicy: bucket.policy === undefined ? undefined : (JSON.parse(bucket.policy) as PolicyDocument),
  });
  return verdict === 'Allowed';
}

function refusal(code: string, status: number, message: string): Reply {
  return errorReply('s3', new AwsError(code, status, message));
}
