/** The only file that knows AWS's error names. They are compared by name, HTTP status and system code, never by message. */

/** One failed AWS call: what was being done, with which IAM action, and AWS's answer as `cause`. */
export class AwsError extends Error {
  override readonly name = 'AwsError';

  constructor(
    /** Gerund first: `creating role x`. */
    doing: string,
    /** The IAM action that the call needs, `iam:CreateRole`. */
    readonly action: string,
    cause: unknown,
  ) {
    super(`${doing}: ${codeOf(cause)}: ${isError(cause) ? cause.message : String(cause)}`, { cause });
  }

  /** AWS's name of the error, as the SDK reports it. */
  get code(): string {
    return codeOf(this.cause);
  }
}

/** What the object names leads to no account. */
export class InvalidRoleARN extends Error {
  override readonly name = 'InvalidRoleARN';
}

/** What a failure means for whoever has to deal with it. `other`: retry, and show it as it is. */
export type FailureKind =
  'accessDenied' | 'unauthenticated' | 'throttled' | 'limitExceeded' | 'invalid' | 'conflict' | 'unavailable' | 'other';

export interface Failure {
  readonly code: string;
  readonly action: string;
  readonly kind: FailureKind;
}

/**
 * The policy document of these actions is ours and never the user's. IAM calls it malformed while not all of IAM knows the
 * principals in it, so a retry helps. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
 */
const trustActions = new Set(['iam:CreateRole', 'iam:UpdateAssumeRolePolicy']);
const isMalformed = named('MalformedPolicyDocument');

/** What AWS would answer to a write that a plan does not send. */
class Foretold extends Error {
  constructor(override readonly name: string) {
    super('as a look shows');
  }
}
export const foretold = {
  notFound: () => new Foretold('ResourceNotFoundException'),
  alreadyExists: () => new Foretold('EntityAlreadyExistsException'),
  aliasTaken: () => new Foretold('CNAMEAlreadyExists'),
  inUse: () => new Foretold('ResourceInUseException'),
  deleteConflict: () => new Foretold('DeleteConflictException'),
} as const;

/** The AWS call behind an error. Undefined if there was none. */
export function describe(error: unknown): Failure | undefined {
  const failed = chain(error).find((link) => link instanceof AwsError);
  if (!failed) return undefined;
  const { code, action } = failed;
  return { code, action, kind: isMalformed(failed) && trustActions.has(action) ? 'other' : kindOf(failed) };
}

export const isNotFound = named(
  'NoSuchEntity',
  'NoSuchBucket',
  'NoSuchKey',
  'NoSuchTagSet',
  'NoSuchBucketPolicy',
  'NoSuchPublicAccessBlockConfiguration',
  'OwnershipControlsNotFoundError',
  'NoSuchDistribution',
  'NoSuchOriginAccessControl',
  'NoSuchFunctionExists',
  'NoSuchResource',
  'NoSuchHostedZone',
  'NoSuchChange',
  'ResourceNotFound',
  'NotFound',
);

/** The bucket itself, not a part of its configuration. */
export const isBucketGone = named('NoSuchBucket');

/** For `.catch`, if it is no failure that something is not there. */
export function undefinedIfNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** The thing to create is there already. Only its tags tell whether an earlier attempt or somebody else made it. */
export const isAlreadyExists = named(
  'EntityAlreadyExists',
  'DistributionAlreadyExists',
  'OriginAccessControlAlreadyExists',
  'FunctionAlreadyExists',
  'BucketAlreadyOwnedByYou',
);

/** Route 53 changes nothing: a record to create is there, or stands beside one that bears no other, or one to delete is not as it was read. */
export const isChangeRefused = named('InvalidChangeBatch');

/** Another account has the bucket name, and nobody can tell for how long. */
export const isBucketNameTaken = named('BucketAlreadyExists');

/**
 * A bucket of this name is in another region. S3 says so to anybody, before it says whose bucket it is.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function isElsewhere(error: unknown): boolean {
  return elsewhere(error) || hasStatus(error, (status) => status === 301 || status === 307);
}
const elsewhere = named(
  'PermanentRedirect',
  'TemporaryRedirect',
  'IllegalLocationConstraint',
  'AuthorizationHeaderMalformed',
);

/** A bare 403 counts too, because a HEAD and some proxies answer without an error name. */
export function isAccessDenied(error: unknown): boolean {
  return accessDenied(error) || (hasStatus(error, (status) => status === 403) && !isUnauthenticated(error));
}
const accessDenied = named('AccessDenied', 'NotAuthorized', 'UnauthorizedOperation', 'AllAccessDisabled');

/**
 * The account is shut: the role that leads there is no role, or AWS says by name that we may not assume it. Until a person
 * changes something, no retry helps. A bare 403 may come from a proxy, and proves nothing.
 */
export function isShutOut(error: unknown): boolean {
  if (chain(error).some((link) => link instanceof InvalidRoleARN)) return true;
  return describe(error)?.action === 'sts:AssumeRole' && (accessDenied(error) || isInvalid(error));
}

/** AWS refuses the credentials themselves, or there are none. */
export const isUnauthenticated = named(
  'ExpiredToken',
  'RequestExpired',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'UnrecognizedClient',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'RequestTimeTooSkewed',
  'CredentialsProviderError',
);

export function isThrottled(error: unknown): boolean {
  return throttled(error) || hasStatus(error, (status) => status === 429);
}
const throttled = named(
  'Throttling',
  'Throttled',
  'RequestThrottled',
  'RequestLimitExceeded',
  'TooManyRequests',
  'SlowDown',
  'PriorRequestNotComplete',
);

/** The thing changed since we read it (If-Match), or exists although it must not (If-None-Match). Read it again. */
export const isPreconditionFailed = named('PreconditionFailed', 'ConditionalRequestConflict', 'InvalidIfMatchVersion');

/** Something else uses the thing to delete. AWS may say so for minutes after that other thing is deleted. */
export const isInUse = named('ResourceInUse', 'OriginAccessControlInUse', 'FunctionInUse', 'DistributionNotDisabled');

/** Some distribution, of any account, has the alias. */
export const isAliasTaken = named('CNAMEAlreadyExists');

/** IAM cannot fetch the issuer's documents. */
export const isUnreachable = named('OpenIdIdpCommunicationError');

/** S3 refuses the text of a bucket policy. */
export const isMalformedPolicy = named('MalformedPolicy');

export const isBucketNotEmpty = named('BucketNotEmpty');

/** A role that still has policies or is in an instance profile. */
export const isDeleteConflict = named('DeleteConflict');

/** A quota: only a person can help. */
export const isLimitExceeded = named(
  'LimitExceeded',
  'ServiceQuotaExceeded',
  'TooManyTags',
  'TooManyBuckets',
  'TooManyCertificates',
  'TooManyDistributions',
  'TooManyDistributionCNAMEs',
  'TooManyDistributionsAssociatedToOriginAccessControl',
  'TooManyOriginAccessControls',
  'TooManyFunctions',
  'TooManyDistributionsWithFunctionAssociations',
);

/** Somebody else is changing the same thing at this moment. */
export const isConcurrentModification = named(
  'ConcurrentModification',
  'EntityTemporarilyUnmodifiable',
  'OperationAborted',
  'Conflict',
  'RequestInProgress',
);

/** AWS will never accept this value: a retry cannot help. */
export const isInvalid = named(
  'MalformedPolicyDocument',
  'MalformedPolicy',
  'ValidationError',
  'Validation',
  'InvalidInput',
  'InvalidArgument',
  'InvalidArgs',
  'InvalidArn',
  'InvalidParameter',
  'InvalidParameterValue',
  'InvalidTag',
  'InvalidBucketName',
  'InvalidDomainValidationOptions',
  'InvalidTagging',
  'IllegalLocationConstraint',
  'PolicyNotAttachable',
  'UnmodifiableEntity',
);

/** AWS or the way to it is not working: 5xx, resets, timeouts. */
export function isUnavailable(error: unknown): boolean {
  return timedOut(error) || hasStatus(error, (status) => status >= 500) || failedToConnect(error);
}
/** No answer came, and it took its time to be sure of that. A refused or reset connection, which the SDK calls a timeout too, holds up nobody. */
export function isSilence(error: unknown): boolean {
  const isQuick =
    hasStatus(error, () => true) || hasCode(error, (code) => code !== 'ETIMEDOUT' && networkCodes.has(code));
  return !isQuick && (timedOut(error) || hasCode(error, (code) => code === 'ETIMEDOUT'));
}
const failedToConnect = (error: unknown) => hasCode(error, (code) => networkCodes.has(code));
const timedOut = named('TimeoutError', 'RequestTimeout', 'ServiceUnavailable', 'InternalFailure', 'InternalError');
const networkCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

function kindOf(error: unknown): FailureKind {
  if (isThrottled(error)) return 'throttled';
  if (isAccessDenied(error)) return 'accessDenied';
  if (isUnauthenticated(error)) return 'unauthenticated';
  if (isLimitExceeded(error)) return 'limitExceeded';
  if (isInvalid(error)) return 'invalid';
  if (isConcurrentModification(error) || isPreconditionFailed(error)) return 'conflict';
  if (isUnavailable(error)) return 'unavailable';
  return 'other';
}

/** The names stand here without `Exception`, because the SDK adds that to most codes but not to all. */
function named(...names: string[]): (error: unknown) => boolean {
  const known = new Set(names);
  return (error) => chain(error).some((link) => known.has(link.name.replace(/Exception$/, '')));
}

/** The system's codes: https://nodejs.org/api/errors.html#common-system-errors */
function hasCode(error: unknown, test: (code: string) => boolean): boolean {
  return chain(error).some((link) => 'code' in link && typeof link.code === 'string' && test(link.code));
}

function hasStatus(error: unknown, test: (status: number) => boolean): boolean {
  return chain(error).some((link) => {
    if (!('$metadata' in link) || typeof link.$metadata !== 'object' || link.$metadata === null) return false;
    const { httpStatusCode } = link.$metadata as { httpStatusCode?: unknown };
    return typeof httpStatusCode === 'number' && test(httpStatusCode);
  });
}

/** The error and its causes, outermost first. */
export function chain(error: unknown): Error[] {
  const links: Error[] = [];
  for (let link = error; isError(link) && !links.includes(link); link = link.cause) links.push(link);
  return links;
}

function codeOf(cause: unknown): string {
  return isError(cause) ? cause.name : 'UnknownError';
}

/** Tells an error by its shape: a signal aborts with a DOMException, which need not be an Error of this realm. */
function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('message' in value)) return false;
  return typeof value.name === 'string' && typeof value.message === 'string';
}
