import { expect, test } from '@jest/globals';
import { AwsError } from '../../src/aws/errors.ts';
import { TerminalError, explain, inAccount } from '../../src/controllers/explain.ts';
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
