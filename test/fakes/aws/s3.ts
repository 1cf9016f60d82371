import { createHash } from 'node:crypto';
import type * as s3 from '@aws-sdk/client-s3';
import { ServiceError, tagList, tagRecord } from './service.ts';
import { deletedPrincipal, shownPolicy } from '../../backends/aws/shown-policy.ts';

export interface FakeObject {
  body: string;
  etag: string;
  contentType: string | undefined;
  metadata: Record<string, string>;
  encryption: string;
}

export interface FakeBucket {
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  readonly accountRegional: boolean;
  tags: Record<string, string>;
  /** JSON text. */
  policy: string | undefined;
  publicAccessBlock: s3.PublicAccessBlockConfiguration | undefined;
  ownership: string | undefined;
  /** What encrypts an object whose writer does not say it. */
  encryption: string;
  readonly objects: Map<string, FakeObject>;
}

interface Scope {
  readonly id: string;
  readonly region: string;
  /** Of all accounts and regions: names are global. */
  readonly buckets: Map<string, FakeBucket>;
}

interface BucketInput {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

export class FakeS3 {
  constructor(private readonly scope: Scope) {}

  CreateBucket({ Bucket: name = '', BucketNamespace, CreateBucketConfiguration }: s3.CreateBucketRequest) {
    const { id: owner, region, buckets } = this.scope;
    const constraint = CreateBucketConfiguration?.LocationConstraint;
    if (constraint !== (region === 'us-east-1' ? undefined : region)) {
      throw new ServiceError('IllegalLocationConstraintException', 400, `location constraint ${constraint}`);
    }
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new ServiceError('InvalidBucketName', 400, name);
    if (/^(xn--|sthree-|amzn-s3-demo-)/.test(name)) throw new ServiceError('InvalidBucketName', 400, name);
    const accountRegional = BucketNamespace === 'account-regional';
    if (name.endsWith('-an') !== accountRegional || (accountRegional && !name.endsWith(`-${owner}-${region}-an`))) {
      throw new ServiceError('InvalidBucketName', 400, `${name} is not of the namespace of ${owner} in ${region}`);
    }
    const existing = buckets.get(name);
    if (existing && existing.owner !== owner) throw new ServiceError('BucketAlreadyExists', 409, name);
    if (existing && region !== 'us-east-1') throw new ServiceError('BucketAlreadyOwnedByYou', 409, name);
    if (existing) return { Location: `/${name}` };
    buckets.set(name, {
      name,
      owner,
      region,
      accountRegional,
      encryption: 'AES256',
      tags: tagRecord(CreateBucketConfiguration?.Tags),
      policy: undefined,
      publicAccessBlock: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
      ownership: 'BucketOwnerEnforced',
      objects: new Map(),
    });
    return { Location: `/${name}` };
  }

  DeleteBucket(input: s3.DeleteBucketRequest) {
    const bucket = this.bucket(input);
    if (bucket.objects.size > 0) throw new ServiceError('BucketNotEmpty', 409, bucket.name);
    this.scope.buckets.delete(bucket.name);
    return {};
  }

  GetBucketTagging(input: s3.GetBucketTaggingRequest) {
    const { tags } = this.bucket(input);
    if (Object.keys(tags).length === 0) throw new ServiceError('NoSuchTagSet', 404);
    return { TagSet: tagList(tags) };
  }

  PutBucketTagging(input: s3.PutBucketTaggingRequest) {
    this.bucket(input).tags = tagRecord(input.Tagging?.TagSet);
    return {};
  }

  GetBucketPolicy(input: s3.GetBucketPolicyRequest) {
    const { policy } = this.bucket(input);
    if (policy === undefined) throw new ServiceError('NoSuchBucketPolicy', 404);
    return { Policy: shownPolicy(policy) };
  }

  PutBucketPolicy(input: s3.PutBucketPolicyRequest) {
    const bucket = this.bucket(input);
    const policy = input.Policy ?? '';
    if (isPublic(policy) && bucket.publicAccessBlock?.BlockPublicPolicy) {
      throw new ServiceError('AccessDenied', 403, 'public policies are blocked by the BlockPublicPolicy setting');
    }
    const deleted = deletedPrincipal(policy);
    if (deleted !== undefined) throw new ServiceError('MalformedPolicy', 400, 'Invalid principal in policy');
    bucket.policy = policy;
    return {};
  }

  GetPublicAccessBlock(input: s3.GetPublicAccessBlockRequest) {
    const { publicAccessBlock } = this.bucket(input);
    if (!publicAccessBlock) throw new ServiceError('NoSuchPublicAccessBlockConfiguration', 404);
    return { PublicAccessBlockConfiguration: publicAccessBlock };
  }

  PutPublicAccessBlock(input: s3.PutPublicAccessBlockRequest) {
    this.bucket(input).publicAccessBlock = input.PublicAccessBlockConfiguration;
    return {};
  }

  GetBucketOwnershipControls(input: s3.GetBucketOwnershipControlsRequest) {
    const { ownership } = this.bucket(input);
    if (!ownership) throw new ServiceError('OwnershipControlsNotFoundError', 404);
    return { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } };
  }

  PutBucketOwnershipControls(input: s3.PutBucketOwnershipControlsRequest) {
    this.bucket(input).ownership = input.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
    return {};
  }

  GetObject(input: s3.GetObjectRequest) {
    const object = this.bucket(input).objects.get(input.Key ?? '');
    if (!object) throw new ServiceError('NoSuchKey', 404, input.Key);
    return {
      Body: { transformToString: async () => object.body },
      ETag: object.etag,
      ContentType: object.contentType,
      Metadata: { ...object.metadata },
    };
  }

  PutObject(input: Omit<s3.PutObjectRequest, 'Body'> & { Body?: string }) {
    const bucket = this.bucket(input);
    const { Key = '', Body, IfMatch, IfNoneMatch } = input;
    const existing = bucket.objects.get(Key);
    if (IfMatch !== undefined && !existing) throw new ServiceError('NoSuchKey', 404, Key);
    if ((IfNoneMatch === '*' && existing) || (IfMatch !== undefined && IfMatch !== existing?.etag)) {
      throw new ServiceError('PreconditionFailed', 412, Key);
    }
    const body = Body ?? '';
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const metadata = Object.fromEntries(
      Object.entries(input.Metadata ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
    );
    if (Object.entries(metadata).flat().join('').length > 2048) throw new ServiceError('MetadataTooLarge', 400);
    const encryption = input.ServerSideEncryption ?? bucket.encryption;
    bucket.objects.set(Key, { body, etag, contentType: input.ContentType, metadata, encryption });
    return { ETag: etag };
  }

  DeleteObject(input: s3.DeleteObjectRequest) {
    this.bucket(input).objects.delete(input.Key ?? '');
    return {};
  }

  private bucket({ Bucket = '', ExpectedBucketOwner }: BucketInput): FakeBucket {
    const bucket = this.scope.buckets.get(Bucket);
    if (!bucket) throw new ServiceError('NoSuchBucket', 404, Bucket);
    // S3 says where a bucket is before it says whose.
    if (bucket.region !== this.scope.region) throw new ServiceError('PermanentRedirect', 301, bucket.region);
    if (bucket.owner !== this.scope.id || bucket.owner !== (ExpectedBucketOwner ?? bucket.owner)) {
      throw new ServiceError('AccessDenied', 403, 'Access Denied');
    }
    return bucket;
  }
}

/** Good enough for the policies of an issuer: a fixed AWS:SourceArn is what makes a policy for everybody non-public. */
function isPublic(policy: string): boolean {
  let parsed: { Statement?: { Effect?: string; Principal?: unknown; Condition?: unknown }[] };
  try {
    parsed = JSON.parse(policy) as typeof parsed;
  } catch {
    throw new ServiceError('MalformedPolicy', 400);
  }
  return (parsed.Statement ?? []).some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' && (Principal === '*' || JSON.stringify(Principal) === '{"AWS":"*"}') && !Condition,
  );
}
