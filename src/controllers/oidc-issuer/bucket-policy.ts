import type { PolicyDocument } from '../../aws/roles.ts';

const readSid = 'IRSAReadThroughDistribution';
const tlsSid = 'IRSADenyInsecureTransport';

/**
 * One distribution may read, and only over TLS. A fixed source ARN keeps the policy non-public, so that the public access block
 * can stay on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 * Statements of others that deny stay. Those that allow go, because whoever writes this bucket can issue tokens.
 */
export function bucketPolicy(
  observed: PolicyDocument | undefined,
  { bucket, partition, distributionARN }: { bucket: string; partition: string; distributionARN: string | undefined },
): PolicyDocument {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const read = distributionARN === undefined ? [] : [readBy(distributionARN, arn)];
  return { Version: '2012-10-17', Statement: [...read, overTls(arn), ...statements(observed).filter(isForeignDeny)] };
}

const readBy = (distributionARN: string, bucketARN: string) => ({
  Sid: readSid,
  Effect: 'Allow',
  Principal: { Service: 'cloudfront.amazonaws.com' },
  Action: 's3:GetObject',
  Resource: `${bucketARN}/*`,
  Condition: { StringEquals: { 'AWS:SourceArn': distributionARN } },
});

const overTls = (bucketARN: string) => ({
  Sid: tlsSid,
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [bucketARN, `${bucketARN}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

function statements(policy: PolicyDocument | undefined): readonly unknown[] {
  const statement = policy?.['Statement'] ?? [];
  return Array.isArray(statement) ? statement : [statement];
}

function isForeignDeny(statement: unknown): boolean {
  if (typeof statement !== 'object' || statement === null) return false;
  const { Sid, Effect } = statement as { Sid?: unknown; Effect?: unknown };
  return Effect === 'Deny' && Sid !== tlsSid;
}
