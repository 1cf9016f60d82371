import type { Bucket, Buckets } from '../../../aws/buckets.ts';
import { isMalformedPolicy } from '../../../aws/errors.ts';
import { type PolicyDocument, samePolicy } from '../../../aws/policy-document.ts';
import { TerminalError } from '../../explain.ts';

const readSid = 'IRSAReadThroughDistribution';
const publicSid = 'IRSAReadDocuments';
const tlsSid = 'IRSADenyInsecureTransport';

/** Who may read the bucket. */
export interface Readers {
  readonly partition: string;
  /** They may read everything. */
  readonly distributionARNs: readonly string[];
  /** The keys of the objects that anybody may read. */
  readonly publicKeys: readonly string[];
  /** Whether the origin access identities that may read by now still may. */
  readonly keepsIdentities: boolean;
}

/** Writes only if something differs. */
export async function ensureBucketPolicy(
  buckets: Buckets,
  { name, policy: observed }: Pick<Bucket, 'name' | 'policy'>,
  readers: Readers,
): Promise<void> {
  const policy = bucketPolicy(observed, { bucket: name, ...readers });
  if (samePolicy(observed, policy)) return;
  try {
    await buckets.putPolicy(name, policy);
  } catch (error) {
    const stale = isMalformedPolicy(error) ? statements(policy).find(namesDeletedPrincipal) : undefined;
    if (!stale) throw error;
    const message =
      `bucket ${name}: S3 refuses the whole policy because statement ${sidOf(stale)} of somebody else names a principal ` +
      'that was deleted: remove that statement, or that principal from it';
    throw new TerminalError('ReconciliationFailed', message, { cause: error });
  }
}

/**
 * S3 shows the id of a deleted principal in its place, and takes no policy that names it. Only users (AIDA) and roles (AROA) are
 * both principals and things with such an id.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
function namesDeletedPrincipal(statement: unknown): boolean {
  const { Principal, NotPrincipal } = statement as { Principal?: unknown; NotPrincipal?: unknown };
  return /"(AIDA|AROA)[A-Z0-9]+"/.test(JSON.stringify([Principal, NotPrincipal]));
}

const sidOf = (statement: unknown) => JSON.stringify((statement as { Sid?: unknown }).Sid ?? statement);

/**
 * Readers read only over TLS. If only distributions read, their fixed ARNs keep the policy non-public, so that the public access
 * block can stay on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 * Statements of others that deny stay. Those that allow go, because whoever writes this bucket can issue tokens. Only those stay
 * for a while by which the distribution of an older program reads until it has our origin access control.
 */
export function bucketPolicy(
  observed: PolicyDocument | undefined,
  { bucket, partition, distributionARNs, publicKeys, keepsIdentities }: Readers & { readonly bucket: string },
): PolicyDocument {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const read = [
    ...(distributionARNs.length === 0 ? [] : [readBy(distributionARNs, arn)]),
    ...(publicKeys.length === 0 ? [] : [readByAll(publicKeys, arn)]),
    ...(keepsIdentities ? statements(observed).filter(isOfIdentity) : []),
  ];
  return { Version: '2012-10-17', Statement: [...read, overTls(arn), ...statements(observed).filter(isForeignDeny)] };
}

const readBy = (distributionARNs: readonly string[], bucketARN: string) => ({
  Sid: readSid,
  Effect: 'Allow',
  Principal: { Service: 'cloudfront.amazonaws.com' },
  Action: 's3:GetObject',
  Resource: `${bucketARN}/*`,
  Condition: { StringEquals: { 'AWS:SourceArn': distributionARNs.toSorted() } },
});

const readByAll = (keys: readonly string[], bucketARN: string) => ({
  Sid: publicSid,
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: keys.map((key) => `${bucketARN}/${key}`).toSorted(),
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

/** Whether the distribution of an older program may read the bucket. */
export const letsInIdentities = (policy: PolicyDocument | undefined): boolean => statements(policy).some(isOfIdentity);

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html#private-content-restricting-access-to-s3-oai */
function isOfIdentity(statement: unknown): boolean {
  const { Effect, Principal, Action } = statement as { Effect?: unknown; Principal?: unknown; Action?: unknown };
  const isRead = [Action].flat().every((action) => action === 's3:GetObject');
  return (
    Effect === 'Allow' &&
    isRead &&
    /"(AWS|CanonicalUser)":.*\b(Origin Access Identity E|[0-9a-f]{64,96}")/.test(JSON.stringify(Principal))
  );
}

function isForeignDeny(statement: unknown): boolean {
  if (typeof statement !== 'object' || statement === null) return false;
  const { Sid, Effect } = statement as { Sid?: unknown; Effect?: unknown };
  return Effect === 'Deny' && Sid !== tlsSid;
}
