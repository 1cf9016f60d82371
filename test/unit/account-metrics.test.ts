import { expect, test } from '@jest/globals';
import { accountMetrics } from '../../src/controllers/pass-metrics.ts';
import { OperatorMetrics } from '../../src/observability/operator-metrics.ts';

test('what IAM tells of an account is measured, and what it does not tell is absent', () => {
  const metrics = new OperatorMetrics();
  accountMetrics(metrics).summarized?.('111122223333', {
    quotas: { trustPolicySize: 2048, inlinePolicySize: undefined, attachedPoliciesPerRole: undefined, roles: 1000 },
    used: { roles: 7, providers: undefined },
  });

  const values = metrics.render().match(/^irsa_iam_.*$/gm);
  expect(values).toEqual([
    'irsa_iam_quota{account="111122223333",quota="trustPolicySize"} 2048',
    'irsa_iam_quota{account="111122223333",quota="roles"} 1000',
    'irsa_iam_used{account="111122223333",quota="roles"} 7',
  ]);
});

test('sweeps of an account are counted by how they end', () => {
  const metrics = new OperatorMetrics();
  const { swept } = accountMetrics(metrics);
  swept?.('111122223333', 'success');
  swept?.('111122223333', 'success');
  swept?.('111122223333', 'accessDenied');

  expect(metrics.render().match(/^irsa_role_sweeps_total{.*$/gm)).toEqual([
    'irsa_role_sweeps_total{account="111122223333",result="success"} 2',
    'irsa_role_sweeps_total{account="111122223333",result="accessDenied"} 1',
  ]);
});
