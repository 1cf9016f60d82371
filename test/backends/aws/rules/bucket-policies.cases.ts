import { DeletePublicAccessBlockCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import { makeBucket } from './buckets.cases.ts';
import type { Cases, World } from './case.ts';

const Bucket = 'the-bucket';

/** What an issuer's bucket has: one distribution may read, and nobody may do anything without TLS. */
export const issuerPolicy = [
  {
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
    Condition: { StringEquals: { 'AWS:SourceArn': 'arn:aws:cloudfront::123456789012:distribution/E1' } },
  },
  {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  },
];

function putText({ s3 }: Clients, Policy: string) {
  return s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

async function put({ aws }: World, statement: object) {
  await makeBucket(aws, Bucket);
  const Statement = [{ ...issuerPolicy[0], ...statement }];
  return putText(aws, JSON.stringify({ Version: '2012-10-17', Statement }));
}

async function allowed({ aws }: World) {
  await makeBucket(aws, Bucket);
  await putText(aws, JSON.stringify({ Version: '2012-10-17', Statement: issuerPolicy }));
}

export const bucketPolicyCases: Cases = {
  'bucket-policy-grammar': {
    error: 'MalformedPolicy',
    status: 400,
    allowed,
    async refused({ aws }) {
      await makeBucket(aws, Bucket);
      await putText(aws, '{"Version": "2012-10-17", "Statement": [');
    },
  },
  'bucket-policy-principal': {
    error: 'MalformedPolicy',
    status: 400,
    allowed,
    refused: (world) => put(world, { Principal: undefined }),
  },
  'bucket-policy-resource': {
    error: 'MalformedPolicy',
    status: 400,
    allowed,
    refused: (world) => put(world, { Resource: `arn:aws:s3:::${Bucket}-of-another/*` }),
  },
  'bucket-policy-action': {
    error: 'MalformedPolicy',
    status: 400,
    allowed,
    refused: (world) => put(world, { Action: 'sts:AssumeRole' }),
  },
  'bucket-policy-not-public': {
    error: 'AccessDenied',
    status: 403,
    async allowed({ aws }) {
      await makeBucket(aws, Bucket);
      await aws.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
      const Statement = [{ ...issuerPolicy[0], Principal: '*', Condition: undefined }];
      await putText(aws, JSON.stringify({ Version: '2012-10-17', Statement }));
    },
    refused: (world) => put(world, { Principal: '*', Condition: undefined }),
  },
};
