import { AwsError } from './errors.ts';
import { mayCall, type PolicyDocument } from './evaluator.ts';
import type { Denied } from './front.ts';
import type { AwsRequest } from './request.ts';
import type { FrontState } from './state.ts';
import { Accounts } from './sts-accounts.ts';
import type { Session, WebIdentitySts } from './sts.ts';
import { partitionOf } from './partition.ts';

/** The permission that each object call needs, and whether it is one on the object or on its bucket. */
const actions: Readonly<Record<string, readonly [action: string, on: 'object' | 'bucket']>> = {
  PutObject: ['s3:PutObject', 'object'],
  GetObject: ['s3:GetObject', 'object'],
  HeadObject: ['s3:GetObject', 'object'],
  DeleteObject: ['s3:DeleteObject', 'object'],
  ListObjects: ['s3:ListBucket', 'bucket'],
  ListObjectsV2: ['s3:ListBucket', 'bucket'],
  HeadBucket: ['s3:ListBucket', 'bucket'],
};

/**
 * Judges the calls that are made with credentials of a web identity, by the policies which their role has at that
 * moment and by the bucket's; moto would let them all through. Other credentials are the tests' own and the operator's.
 */
export class Authorizer {
  readonly #accounts: Accounts;

  constructor(
    private readonly state: FrontState,
    private readonly sts: WebIdentitySts,
  ) {
    this.#accounts = new Accounts(state);
  }

  async judge(request: AwsRequest): Promise<Denied | undefined> {
    const { accessKeyID, kind } = request.credential;
    if (!accessKeyID.startsWith('ASIA') || kind === 'role') return undefined;
    const session = this.#session(request);
    const role = await this.#accounts.findRole(session.role.arn);
    const { service, operation } = request;
    const [action, on] = (service === 's3' && actions[operation]) || [];
    const denied = {
      message: `${session.role.arn} is not authorized to perform ${action ?? `${service}:${operation}`}`,
    };
    // Sessions end with their role; and pods of the tests have no business but with objects.
    if (role?.id !== session.role.id || action === undefined) return denied;
    const bucket = this.state.buckets.get(request.labels['bucket'] ?? '');
    if (!bucket) return undefined; // S3 says itself that there is none.
    const prefix = request.query.get('prefix');
    const verdict = await mayCall({
      principal: role.arn,
      action,
      resource: {
        arn: `arn:${partitionOf(bucket.region)}:s3:::${bucket.name}${on === 'object' ? `/${request.labels['key']}` : ''}`,
        accountID: bucket.accountID,
      },
      context: {
        'aws:PrincipalArn': role.arn,
        'aws:PrincipalAccount': role.accountID,
        // The front is reached over plain HTTP where S3 is reached over TLS.
        'aws:SecureTransport': 'true',
        ...(on === 'bucket' && prefix !== null && { 's3:prefix': prefix }),
      },
      ...(await this.#accounts.permissions(role)),
      resourcePolicy: bucket.policy === undefined ? undefined : (JSON.parse(bucket.policy) as PolicyDocument),
    });
    return verdict === 'Allowed' ? undefined : denied;
  }

  /** The session that a call is made in; throws where its credentials are no good. */
  #session({ credential, headers, service }: AwsRequest): Session {
    const session = this.sts.sessions.get(credential.accessKeyID);
    const unknown = service === 's3' ? 'InvalidAccessKeyId' : 'InvalidClientTokenId';
    if (!session || credential.kind !== 'web-identity') throw new AwsError(unknown, 403, 'unknown access key');
    if (headers['x-amz-security-token'] !== session.sessionToken) throw new AwsError('InvalidToken', 400, 'bad token');
    if (session.expiresAt.getTime() <= Date.now()) throw new AwsError('ExpiredToken', 400, 'The token has expired.');
    return session;
  }
}
