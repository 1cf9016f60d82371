import { expect, test } from '@jest/globals';
import { Metrics } from '../../../src/observability/metrics.ts';
import { OperatorMetrics } from '../../../src/observability/operator-metrics.ts';

function world() {
  const metrics = new Metrics();
  const calls = metrics.counter({ name: 'calls_total', help: 'Calls.', labels: ['service', 'result'] });
  const height = metrics.gauge({ name: 'height', help: 'How high it is.', labels: ['name'] });
  return { metrics, calls, height };
}

test('a metric without values has its help and type all the same', () => {
  expect(world().metrics.render()).toBe(
    '# HELP calls_total Calls.\n# TYPE calls_total counter\n# HELP height How high it is.\n# TYPE height gauge\n',
  );
});

test('a counter counts each set of labels for itself, in the order of its own labels', () => {
  const { metrics, calls } = world();
  calls.increment({ service: 's3', result: 'success' });
  calls.increment({ result: 'success', service: 's3' });
  calls.increment({ service: 's3', result: 'error' });
  expect(metrics.render().split('\n').slice(2, 4)).toEqual([
    'calls_total{service="s3",result="success"} 2',
    'calls_total{service="s3",result="error"} 1',
  ]);
});

test('a gauge has its last value until it is deleted, and its first one only where there is none', () => {
  const { metrics, height } = world();
  const value = () => metrics.render().split('\n')[4];
  height.initialize({ name: 'a' }, 0);
  expect(value()).toBe('height{name="a"} 0');
  height.set({ name: 'a' }, 1_798_761_600);
  height.initialize({ name: 'a' }, 0);
  expect(value()).toBe('height{name="a"} 1798761600');
  height.delete({ name: 'b' });
  expect(value()).toBe('height{name="a"} 1798761600');
  height.delete({ name: 'a' });
  expect(value()).toBe('');
});

test('what would end a label’s value is escaped', () => {
  const { metrics, height } = world();
  height.set({ name: 'a "b"\\\nc' }, 1.5);
  expect(metrics.render()).toContain(String.raw`height{name="a \"b\"\\\nc"} 1.5` + '\n');
});

test('the operator’s metrics begin with irsa_, and counters end in _total', () => {
  const types = [...new OperatorMetrics().render().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, ...words]) => words);
  expect(types).toEqual([
    ['irsa_reconcile_total', 'counter'],
    ['irsa_aws_calls_total', 'counter'],
    ['irsa_issuer_verified_timestamp_seconds', 'gauge'],
    ['irsa_certificate_not_after_timestamp_seconds', 'gauge'],
    ['irsa_role_sweeps_total', 'counter'],
    ['irsa_iam_quota', 'gauge'],
    ['irsa_iam_used', 'gauge'],
  ]);
});
