import { describe, expect, test } from '@jest/globals';
import { AwsError } from '../../src/aws/errors.ts';
import { Failures, TerminalError, explain, inAccount } from '../../src/controllers/explain.ts';
import { KubeError } from '../../src/runtime/kube-error.ts';
import { InvalidKubeconfigError } from '../../src/runtime/workload-clusters.ts';

function awsError(name: string): AwsError {
  const cause = new Error('what AWS said');
  cause.name = name;
  return new AwsError('creating role reader', 'iam:CreateRole', cause);
}

test.each([
  ['AccessDenied', 'AccessDenied', false],
  ['ExpiredTokenException', 'AccessDenied', false],
  ['ThrottlingException', 'Throttled', false],
  ['LimitExceededException', 'LimitExceeded', true],
  ['InvalidInputException', 'InvalidSpec', true],
  ['ConcurrentModificationException', 'AwaitingReconciliation', false],
  ['ServiceUnavailable', 'ReconciliationFailed', false],
  ['SomethingNew', 'ReconciliationFailed', false],
])('calls %s of AWS %s', (name, reason, terminal) => {
  expect(explain(awsError(name))).toMatchObject({ reason, terminal });
});

test.each([
  ['iam:GetRole', 'ServiceUnavailable', true],
  ['iam:GetRole', 'ThrottlingException', true],
  ['iam:GetRole', 'AccessDenied', undefined],
  ['sts:AssumeRole', 'TimeoutError', true],
  ['iam:UpdateRole', 'ServiceUnavailable', false],
  ['iam:UpdateRole', 'ConcurrentModificationException', false],
])('of %s that fails with %s, says whether it tells nothing about what it is about', (action, name, passing) => {
  const cause = Object.assign(new Error('what AWS said'), { name });
  expect(explain(new AwsError('looking', action, cause)).passing).toBe(passing);
});

describe('of what failed in several places', () => {
  const throttled = new AwsError('looking', 'iam:GetRole', Object.assign(new Error('slow'), { name: 'Throttling' }));
  const denied = awsError('AccessDenied');
  const full = awsError('LimitExceededException');

  test.each([
    [[denied, full], 'AccessDenied', false, false],
    [[throttled, full], 'LimitExceeded', false, false],
    [[full, full], 'LimitExceeded', true, false],
    [[throttled, throttled], 'Throttled', false, true],
  ])(
    '%#: tells the first that will not be over by itself, and retries if that helps one',
    (failures, reason, terminal, passing) => {
      expect(explain(new Failures(failures))).toMatchObject({ reason, terminal, passing });
    },
  );

  test('says what to do about each', () => {
    expect(explain(new Failures([denied, throttled])).message).toBe(
      `${explain(denied).message}; ${explain(throttled).message}`,
    );
  });
});

test('names the missing action, the account and what was being done', async () => {
  const denied = await inAccount('111122223333', () => Promise.reject(awsError('AccessDenied'))).catch(explain);
  expect(denied).toEqual({
    reason: 'AccessDenied',
    message:
      'the operator needs iam:CreateRole: in account 111122223333: creating role reader: AccessDenied: what AWS said',
    terminal: false,
  });
});

test.each([
  ['addresses of a service', 'connect ECONNREFUSED 192.0.2.1:443', 'connect ECONNREFUSED [2001:db8::2]:443'],
  [
    'times',
    'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)',
    'Signature expired: 20260101T000007Z is now earlier than 20260101T001007Z (20260101T001507Z - 5 min.)',
  ],
  [
    'sessions',
    'User: arn:aws:sts::111122223333:assumed-role/operator/aws-sdk-js-session-1 is not authorized',
    'User: arn:aws:sts::111122223333:assumed-role/operator/aws-sdk-js-session-2 is not authorized',
  ],
  ['requests', 'it failed (Request ID: 0aeb-1; Proxy: null)', 'it failed (Request ID: 77c1-2; Proxy: null)'],
])('has the same words for each try, whatever the %s', (_, ...words) => {
  const [first, second] = words.map((text) =>
    explain(new AwsError('creating role reader', 'iam:CreateRole', new Error(text))),
  );
  expect(first!.message).toMatch(/^creating role reader: Error: \w+/);
  expect(second).toEqual(first);
});

describe('a refusal is explained by AWS’s own words', () => {
  const refusal = (words: string, action = 'iam:CreateRole') => {
    const cause = Object.assign(new Error(words), { name: 'AccessDenied' });
    return explain(new AwsError('creating role reader', action, cause)).message;
  };
  const user = 'User: arn:aws:sts::111122223333:assumed-role/operator/x is not authorized to perform:';

  test.each([
    [
      'the action that tags, and not that of the call',
      `${user} iam:TagRole on resource: r because no identity-based policy allows the iam:TagRole action`,
      /^the operator needs iam:TagRole: /,
    ],
    ['the action of the call where no words name another', 'Access Denied', /^the operator needs iam:CreateRole: /],
    [
      'an explicit deny of a service control policy',
      `${user} iam:CreateRole on resource: r with an explicit deny in a service control policy`,
      /^a service control policy denies iam:CreateRole, and no permission of the operator changes that/,
    ],
    [
      'an explicit deny of which AWS does not say where it is',
      `${user} iam:CreateRole on resource: r with an explicit deny`,
      /^a policy denies iam:CreateRole/,
    ],
    [
      'an explicit deny in the operator’s own policy',
      `${user} iam:CreateRole on resource: r with an explicit deny in an identity-based policy`,
      /^an identity-based policy denies iam:CreateRole/,
    ],
    [
      'a boundary that leaves the action out',
      `${user} iam:CreateRole on resource: r because no permissions boundary allows the iam:CreateRole action`,
      /^the operator needs iam:CreateRole, and a permissions boundary leaves it out/,
    ],
    [
      'the operator’s own web identity',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      /^AWS does not let the operator itself in: the trust policy of the operator's own role/,
    ],
    [
      'an account that AWS has not verified',
      'Your account must be verified before you can add new CloudFront resources. To verify your account, please contact AWS Support',
      /^AWS has not verified this account for CloudFront/,
    ],
  ])('%s', (_, words, message) => expect(refusal(words)).toMatch(message));
});

test.each([
  ['no answer', new KubeError('patching x', undefined, undefined), 'ClusterUnreachable', false],
  ['a refusal', new KubeError('patching x', 403, 'Forbidden'), 'AccessDenied', false],
  ['a conflict', new KubeError('patching x', 409, 'Conflict'), 'AwaitingReconciliation', false],
  ['a kubeconfig that would run a program', new InvalidKubeconfigError('it has exec'), 'InvalidKubeconfig', true],
  ['a refusal of our own', new TerminalError('NotOwned', 'role x is not ours'), 'NotOwned', true],
  ['a bug', new TypeError('x is not a function'), 'ReconciliationFailed', false],
  ['something that is no error', 'oh', 'ReconciliationFailed', false],
])('explains %s', (_, error, reason, terminal) => expect(explain(error)).toMatchObject({ reason, terminal }));

test('lets the reason of a terminal error count, whatever caused it', () => {
  const error = new TerminalError('InvalidSpec', 'a policy does not exist', {
    cause: awsError('NoSuchEntityException'),
  });
  expect(explain(error)).toEqual({
    reason: 'InvalidSpec',
    message: 'a policy does not exist: creating role reader: NoSuchEntityException: what AWS said',
    terminal: true,
  });
});
