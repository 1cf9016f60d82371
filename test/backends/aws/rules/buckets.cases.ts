import {
  CreateBucketCommand,
  GetBucketTaggingCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketOwnershipControlsCommand,
  PutObjectCommand,
  type BucketLocationConstraint,
} from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import type { Calls, Cases } from './case.ts';

export function makeBucket({ s3 }: Clients, Bucket: string) {
  return s3.send(new CreateBucketCommand({ Bucket }));
}

const named =
  (Bucket: string): Calls =>
  ({ aws }) =>
    makeBucket(aws, Bucket);

const put = { Bucket: 'the-bucket', Key: 'keys.json', Body: '{}' };

export const bucketCases: Cases = {
  'bucket-name': {
    error: 'InvalidBucketName',
    status: 400,
    allowed: ({ aws }) => makeBucket(aws, 'a-b.c0'),
    refused: named('under_score'),
    alsoRefused: {
      'a name of two characters': named('ab'),
      'a name of 64 characters': named('a'.repeat(64)),
      'a name that ends with a dot': named('abc.'),
      'two dots in a row': named('a..b'),
      'an IP address': named('192.168.5.4'),
      // Those that end with .mrap or --x-s3 the SDK itself sends elsewhere.
      ...Object.fromEntries(
        ['xn--abc', 'sthree-abc', 'amzn-s3-demo-abc', 'abc-s3alias', 'abc--ol-s3', 'abc--table-s3'].map((name) => [
          `the reserved name ${name}`,
          named(name),
        ]),
      ),
    },
  },
  'bucket-namespace': {
    error: 'InvalidBucketNamespace',
    status: 400,
    allowed: ({ aws }) =>
      aws.s3.send(
        new CreateBucketCommand({ Bucket: 'abc-123456789012-us-east-1-an', BucketNamespace: 'account-regional' }),
      ),
    refused: ({ aws }) =>
      aws.s3.send(
        new CreateBucketCommand({ Bucket: 'abc-111122223333-us-east-1-an', BucketNamespace: 'account-regional' }),
      ),
    alsoRefused: {
      'a name of the account’s namespace that is not asked for there': named('abc-123456789012-us-east-1-an'),
    },
  },
  'bucket-location': {
    error: 'IllegalLocationConstraintException',
    status: 400,
    allowed: ({ aws }) =>
      aws.at('eu-central-1').s3.send(
        new CreateBucketCommand({
          Bucket: 'the-bucket',
          CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
        }),
      ),
    refused: ({ aws }) =>
      aws.at('eu-central-1').s3.send(
        new CreateBucketCommand({
          Bucket: 'the-bucket',
          CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
        }),
      ),
    alsoRefused: {
      'us-east-1, which is none': {
        error: 'InvalidLocationConstraint',
        refused: ({ aws }) => {
          const LocationConstraint = 'us-east-1' as BucketLocationConstraint;
          const CreateBucketConfiguration = { LocationConstraint };
          return aws.s3.send(new CreateBucketCommand({ Bucket: 'the-bucket', CreateBucketConfiguration }));
        },
      },
    },
  },
  'bucket-of-expected-owner': {
    error: 'AccessDenied',
    status: 403,
    async allowed({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new PutObjectCommand({ ...put, ExpectedBucketOwner: '123456789012' }));
    },
    async refused({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new PutObjectCommand({ ...put, ExpectedBucketOwner: '111122223333' }));
    },
  },
  'bucket-of-own-account': {
    error: 'AccessDenied',
    status: 403,
    async allowed({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new ListObjectsV2Command({ Bucket: 'the-bucket' }));
    },
    async refused({ aws, other }) {
      await makeBucket(await other(), 'the-bucket');
      await aws.s3.send(new ListObjectsV2Command({ Bucket: 'the-bucket' }));
    },
  },
  'bucket-in-its-region': {
    error: 'PermanentRedirect',
    status: 301,
    async allowed({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new HeadBucketCommand({ Bucket: 'the-bucket' }));
    },
    async refused({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.at('eu-central-1').s3.send(new GetBucketTaggingCommand({ Bucket: 'the-bucket' }));
    },
  },
  'bucket-without-acls': {
    error: 'AccessControlListNotSupported',
    status: 400,
    async allowed({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new PutObjectCommand({ ...put, ACL: 'bucket-owner-full-control' }));
      const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
      await aws.s3.send(new PutBucketOwnershipControlsCommand({ Bucket: 'the-bucket', OwnershipControls }));
      await aws.s3.send(new PutObjectCommand({ ...put, ACL: 'public-read' }));
    },
    async refused({ aws }) {
      await makeBucket(aws, 'the-bucket');
      await aws.s3.send(new PutObjectCommand({ ...put, ACL: 'public-read' }));
    },
  },
};
