import * as s3 from '@aws-sdk/client-s3';
import type { S3Calls } from './calls.ts';
import { foretold, isBucketGone, isNotFound, undefinedIfNotFound } from './errors.ts';
import type { PolicyDocument } from './policy-document.ts';
import { fromTagList, toTagList, type Tags } from './tags.ts';

export interface BucketSpec {
  readonly name: string;
  readonly tags: Tags;
  /** True: the name ends in `-<account>-<region>-an`, and no other account can ever have it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html */
  readonly accountRegional: boolean;
}

export interface Bucket {
  readonly name: string;
  readonly tags: Tags;
  /** Undefined: neither of the two. */
  readonly access: PublicAccess | undefined;
  /** S3 takes no policy for the public. */
  readonly blocksPolicy: boolean;
  /** Ownership is BucketOwnerEnforced: there are no ACLs. */
  readonly ownerEnforced: boolean;
  readonly policy: PolicyDocument | undefined;
}

/** `Private`: all four public access blocks are on. `PublicPolicy`: only those against ACLs, so that the policy may let in everybody. */
export type PublicAccess = 'Private' | 'PublicPolicy';

export interface BucketObject {
  readonly body: string;
  readonly etag: string;
  readonly contentType: string | undefined;
  /** User metadata, keys in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PutObject {
  readonly body: string;
  readonly contentType: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Sent as If-Match; undefined: the object must not exist yet (If-None-Match `*`). If either fails, this throws what `isPreconditionFailed` knows. */
  readonly etag: string | undefined;
}

/** S3 buckets of one account in one region. Each call carries ExpectedBucketOwner. */
export interface Buckets {
  /** 4 reads: tags, policy, public access block, ownership. 1 read if the bucket is not there. Another account's bucket throws what `isAccessDenied` knows. */
  find(name: string): Promise<Bucket | undefined>;
  /** One read. Undefined if there is none, or no bucket. */
  findPolicy(name: string): Promise<PolicyDocument | undefined>;
  /** One write, which sets the tags too. Throws what `isBucketNameTaken` knows if another account has the name. */
  create(spec: BucketSpec): Promise<void>;
  setPublicAccess(name: string, access: PublicAccess): Promise<void>;
  enforceOwner(name: string): Promise<void>;
  /** Replaces all tags: pass foreign ones along. */
  putTags(name: string, tags: Tags): Promise<void>;
  putPolicy(name: string, policy: PolicyDocument): Promise<void>;
  findObject(name: string, key: string): Promise<BucketObject | undefined>;
  putObject(name: string, key: string, object: PutObject): Promise<void>;
  /** Happy if the object or the bucket is gone. */
  deleteObject(name: string, key: string): Promise<void>;
  /** Happy if gone. Throws what `isBucketNotEmpty` knows if somebody put something else there. */
  delete(name: string): Promise<void>;
}

export class S3Buckets implements Buckets {
  constructor(
    private readonly s3: S3Calls,
    private readonly place: { readonly accountID: string; readonly region: string },
  ) {}

  async find(name: string): Promise<Bucket | undefined> {
    const bucket = this.bucket(name);
    const tags = await this.findTags(name);
    if (!tags) return undefined;
    const policy = await this.findPolicy(name);
    const access = await this.s3
      .send(`reading the public access block of bucket ${name}`, new s3.GetPublicAccessBlockCommand(bucket))
      .catch(undefinedIfNotFound);
    const ownership = await this.s3
      .send(`reading the ownership controls of bucket ${name}`, new s3.GetBucketOwnershipControlsCommand(bucket))
      .catch(undefinedIfNotFound);
    return {
      name,
      tags,
      access: accessOf(access?.PublicAccessBlockConfiguration),
      blocksPolicy: access?.PublicAccessBlockConfiguration?.BlockPublicPolicy ?? false,
      ownerEnforced: ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership === 'BucketOwnerEnforced',
      policy,
    };
  }

  async findPolicy(name: string): Promise<PolicyDocument | undefined> {
    const found = await this.s3
      .send(`reading the policy of bucket ${name}`, new s3.GetBucketPolicyCommand(this.bucket(name)))
      .catch(undefinedIfNotFound);
    return found?.Policy === undefined ? undefined : (JSON.parse(found.Policy) as PolicyDocument);
  }

  async create({ name, tags, accountRegional }: BucketSpec): Promise<void> {
    const { region } = this.place;
    await this.s3.send(
      `creating bucket ${name}`,
      new s3.CreateBucketCommand({
        Bucket: name,
        ...(accountRegional ? { BucketNamespace: 'account-regional' } : {}),
        CreateBucketConfiguration: {
          // S3 refuses us-east-1 as a location constraint: it is the default.
          ...(region === 'us-east-1' ? {} : { LocationConstraint: region as s3.BucketLocationConstraint }),
          Tags: toTagList(tags),
        },
      }),
      async () => {
        // Another account's bucket refuses the look.
        if (await this.findTags(name)) throw foretold.alreadyExists();
        return undefined;
      },
    );
  }

  async setPublicAccess(name: string, access: PublicAccess): Promise<void> {
    await this.s3.send(
      `setting the public access block of bucket ${name}`,
      new s3.PutPublicAccessBlockCommand({ ...this.bucket(name), PublicAccessBlockConfiguration: blocksOf(access) }),
    );
  }

  async enforceOwner(name: string): Promise<void> {
    await this.s3.send(
      `enforcing the owner of bucket ${name}`,
      new s3.PutBucketOwnershipControlsCommand({
        ...this.bucket(name),
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      }),
    );
  }

  async putTags(name: string, tags: Tags): Promise<void> {
    await this.s3.send(
      `tagging bucket ${name}`,
      new s3.PutBucketTaggingCommand({ ...this.bucket(name), Tagging: { TagSet: toTagList(tags) } }),
    );
  }

  async putPolicy(name: string, policy: PolicyDocument): Promise<void> {
    await this.s3.send(
      `writing the policy of bucket ${name}`,
      new s3.PutBucketPolicyCommand({ ...this.bucket(name), Policy: JSON.stringify(policy) }),
    );
  }

  async findObject(name: string, key: string): Promise<BucketObject | undefined> {
    return this.s3
      .read(
        `reading object ${key} of bucket ${name}`,
        new s3.GetObjectCommand({ ...this.bucket(name), Key: key }),
        async ({ Body, ETag, ContentType, Metadata }) => ({
          body: (await Body?.transformToString()) ?? '',
          etag: ETag ?? '',
          contentType: ContentType,
          metadata: Metadata ?? {},
        }),
      )
      .catch(undefinedIfNotFound);
  }

  async putObject(name: string, key: string, { body, contentType, metadata, etag }: PutObject): Promise<void> {
    await this.s3.send(
      `writing object ${key} of bucket ${name}`,
      new s3.PutObjectCommand({
        ...this.bucket(name),
        Key: key,
        Body: body,
        ContentType: contentType,
        Metadata: metadata,
        // Not the bucket's default: CloudFront and the public cannot read what a key of KMS encrypts.
        ServerSideEncryption: 'AES256',
        ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
      }),
    );
  }

  async deleteObject(name: string, key: string): Promise<void> {
    await this.s3
      .send(
        `deleting object ${key} of bucket ${name}`,
        new s3.DeleteObjectCommand({ ...this.bucket(name), Key: key }),
        async () => {
          if (!(await this.findObject(name, key))) throw foretold.notFound();
          return undefined;
        },
      )
      .catch(undefinedIfNotFound);
  }

  async delete(name: string): Promise<void> {
    await this.s3
      .send(`deleting bucket ${name}`, new s3.DeleteBucketCommand(this.bucket(name)))
      .catch(undefinedIfNotFound);
  }

  /** S3 answers with an error for a bucket without tags, as it does for a bucket that is not there. */
  private async findTags(name: string): Promise<Tags | undefined> {
    try {
      const { TagSet } = await this.s3.send(
        `reading the tags of bucket ${name}`,
        new s3.GetBucketTaggingCommand(this.bucket(name)),
      );
      return fromTagList(TagSet);
    } catch (error) {
      if (isBucketGone(error)) return undefined;
      if (isNotFound(error)) return {};
      throw error;
    }
  }

  private bucket(name: string) {
    return { Bucket: name, ExpectedBucketOwner: this.place.accountID };
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
function blocksOf(access: PublicAccess) {
  const policy = access === 'Private';
  return { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: policy, RestrictPublicBuckets: policy };
}

function accessOf(blocks: s3.PublicAccessBlockConfiguration | undefined): PublicAccess | undefined {
  const isSet = (access: PublicAccess) =>
    Object.entries(blocksOf(access)).every(([block, on]) => (blocks?.[block as keyof typeof blocks] ?? false) === on);
  return (['Private', 'PublicPolicy'] as const).find(isSet);
}
