import { describe, expect, test } from '@jest/globals';
import * as acm from '@aws-sdk/client-acm';
import * as iam from '@aws-sdk/client-iam';
import * as errors from '../../src/aws/errors.ts';
import { ServiceError } from '../fakes/aws/index.ts';

const predicates = {
  isNotFound: errors.isNotFound,
  isBucketGone: errors.isBucketGone,
  isAlreadyExists: errors.isAlreadyExists,
  isBucketNameTaken: errors.isBucketNameTaken,
  isAccessDenied: errors.isAccessDenied,
  isUnauthenticated: errors.isUnauthenticated,
  isThrottled: errors.isThrottled,
  isPreconditionFailed: errors.isPreconditionFailed,
  isInUse: errors.isInUse,
  isAliasTaken: errors.isAliasTaken,
  isUnreachable: errors.isUnreachable,
  isBucketNotEmpty: errors.isBucketNotEmpty,
  isDeleteConflict: errors.isDeleteConflict,
  isLimitExceeded: errors.isLimitExceeded,
  isConcurrentModification: errors.isConcurrentModification,
  isInvalid: errors.isInvalid,
  isUnavailable: errors.isUnavailable,
};

/** Each error as the SDK throws it, and every predicate that it answers to. */
const table: [error: Error, ...(keyof typeof predicates)[]][] = [
  [new ServiceError('NoSuchEntityException', 404), 'isNotFound'],
  [new ServiceError('NoSuchBucket', 404), 'isNotFound', 'isBucketGone'],
  [new ServiceError('NoSuchBucketPolicy', 404), 'isNotFound'],
  [new ServiceError('NoSuchTagSet', 404), 'isNotFound'],
  [new ServiceError('NoSuchDistribution', 404), 'isNotFound'],
  [new ServiceError('NotFound', 404), 'isNotFound'],
  [new acm.ResourceNotFoundException({ message: 'x', $metadata: { httpStatusCode: 400 } }), 'isNotFound'],
  [new iam.EntityAlreadyExistsException({ message: 'x', $metadata: { httpStatusCode: 409 } }), 'isAlreadyExists'],
  [new ServiceError('DistributionAlreadyExists', 409), 'isAlreadyExists'],
  [new ServiceError('OriginAccessControlAlreadyExists', 409), 'isAlreadyExists'],
  [new ServiceError('BucketAlreadyOwnedByYou', 409), 'isAlreadyExists'],
  [new ServiceError('BucketAlreadyExists', 409), 'isBucketNameTaken'],
  [new ServiceError('AccessDenied', 403), 'isAccessDenied'],
  [new ServiceError('AccessDeniedException', 400), 'isAccessDenied'],
  [new ServiceError('Unknown', 403), 'isAccessDenied'],
  [new ServiceError('ExpiredTokenException', 403), 'isUnauthenticated'],
  [new ServiceError('InvalidClientTokenId', 403), 'isUnauthenticated'],
  [new ServiceError('Throttling', 400), 'isThrottled'],
  [new ServiceError('ThrottlingException', 400), 'isThrottled'],
  [new ServiceError('PriorRequestNotComplete', 400), 'isThrottled'],
  [new ServiceError('Unknown', 429), 'isThrottled'],
  [new ServiceError('SlowDown', 503), 'isThrottled', 'isUnavailable'],
  [new ServiceError('PreconditionFailed', 412), 'isPreconditionFailed'],
  [new ServiceError('ConditionalRequestConflict', 409), 'isPreconditionFailed'],
  [new ServiceError('ResourceInUseException', 400), 'isInUse'],
  [new ServiceError('OriginAccessControlInUse', 409), 'isInUse'],
  [new ServiceError('DistributionNotDisabled', 409), 'isInUse'],
  [new ServiceError('CNAMEAlreadyExists', 409), 'isAliasTaken'],
  [new ServiceError('OpenIdIdpCommunicationErrorException', 400), 'isUnreachable'],
  [new ServiceError('BucketNotEmpty', 409), 'isBucketNotEmpty'],
  [new ServiceError('DeleteConflictException', 409), 'isDeleteConflict'],
  [new ServiceError('LimitExceededException', 409), 'isLimitExceeded'],
  [new ServiceError('TooManyDistributions', 400), 'isLimitExceeded'],
  [new ServiceError('ConcurrentModificationException', 409), 'isConcurrentModification'],
  [new ServiceError('OperationAborted', 409), 'isConcurrentModification'],
  [new ServiceError('MalformedPolicyDocumentException', 400), 'isInvalid'],
  [new ServiceError('ValidationError', 400), 'isInvalid'],
  [new ServiceError('InvalidInputException', 400), 'isInvalid'],
  [new ServiceError('ServiceFailureException', 500), 'isUnavailable'],
  // What the SDK makes of a gateway's HTML page: only the status tells.
  [Object.assign(new Error('XML parse error'), { $metadata: { httpStatusCode: 503 } }), 'isUnavailable'],
  [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'isUnavailable'],
  [Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), 'isUnavailable'],
  [new DOMException('The operation was aborted due to timeout', 'TimeoutError'), 'isUnavailable'],
  [new Error('NoSuchBucket AccessDenied Throttling')],
];

describe('classification', () => {
  test.each(table.map(([error, ...expected]) => ({ error, label: `${error.name} ${statusOf(error)}`, expected })))(
    '$label answers to $expected and to nothing else',
    ({ error, expected }) => {
      const wrapped = new Error('outer', { cause: new errors.AwsError('doing x', 'iam:CreateRole', error) });
      for (const candidate of [error, wrapped]) {
        const answers = Object.entries(predicates).filter(([, predicate]) => predicate(candidate));
        expect(answers.map(([name]) => name)).toEqual(expected);
      }
    },
  );

  test('has a row for every predicate', () => {
    expect(new Set(table.flatMap(([, ...expected]) => expected))).toEqual(new Set(Object.keys(predicates)));
  });

  test.each([undefined, null, 'NoSuchBucket', { name: 'NoSuchBucket' }])('knows nothing of %p', (thrown) => {
    expect(Object.values(predicates).some((predicate) => predicate(thrown))).toBe(false);
  });

  test('ends on a circle of causes', () => {
    const error = new Error('a');
    error.cause = error;
    expect(errors.isNotFound(error)).toBe(false);
  });

  test('lets nothing but absence pass as undefined', () => {
    expect(errors.undefinedIfNotFound(new ServiceError('NoSuchKey', 404))).toBeUndefined();
    expect(() => errors.undefinedIfNotFound(new ServiceError('AccessDenied', 403))).toThrow('AccessDenied');
  });
});

describe('describe', () => {
  test.each([
    ['AccessDenied', 403, 'accessDenied'],
    ['ExpiredToken', 403, 'unauthenticated'],
    ['Throttling', 400, 'throttled'],
    ['SlowDown', 503, 'throttled'],
    ['LimitExceededException', 409, 'limitExceeded'],
    ['InvalidInputException', 400, 'invalid'],
    ['ConcurrentModificationException', 409, 'conflict'],
    ['PreconditionFailed', 412, 'conflict'],
    ['ServiceUnavailable', 503, 'unavailable'],
    ['InvalidViewerCertificate', 400, 'other'],
  ])('says of %s (%i) that it is %s', (code, status, kind) => {
    const error = new errors.AwsError('creating role x', 'iam:CreateRole', new ServiceError(code, status, 'why'));

    expect(error.message).toBe(`creating role x: ${code}: why`);
    expect(errors.describe(new Error('outer', { cause: error }))).toEqual({ code, action: 'iam:CreateRole', kind });
  });

  test.each([
    ['iam:CreateRole', 'other'],
    ['iam:UpdateAssumeRolePolicy', 'other'],
    ['iam:PutRolePolicy', 'invalid'],
  ])('says of a policy document that %s finds malformed whether it is the user who can mend it', (action, kind) => {
    const malformed = new ServiceError('MalformedPolicyDocumentException', 400, 'Invalid principal in policy');
    expect(errors.describe(new errors.AwsError('doing x', action, malformed))).toMatchObject({ kind });
  });

  test('has nothing to say where no call was made', () => {
    expect(errors.describe(new Error('a bug'))).toBeUndefined();
  });
});

function statusOf(error: Error): string {
  return '$metadata' in error ? String((error.$metadata as { httpStatusCode?: number }).httpStatusCode) : '';
}

test.each<[string, Error, boolean]>([
  ['a timeout of the SDK', Object.assign(new Error('x'), { name: 'TimeoutError', $metadata: { attempts: 3 } }), true],
  ['a connect that took too long', Object.assign(new Error('x'), { code: 'ETIMEDOUT' }), true],
  [
    'a reset, which the SDK calls a timeout',
    Object.assign(new Error('x'), { name: 'TimeoutError', code: 'ECONNRESET' }),
    false,
  ],
  ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), false],
  ['an answer that the service is not available', new ServiceError('ServiceUnavailable', 503), false],
])('of %s says whether the other side is silent', (_, cause, silent) => {
  expect(errors.isSilence(new errors.AwsError('looking', 'iam:GetRole', cause))).toBe(silent);
});
