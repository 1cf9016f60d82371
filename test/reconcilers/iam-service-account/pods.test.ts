import { expect, test } from '@jest/globals';
import { pods } from '../../../src/api/resources.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { Story } from './story.ts';

interface PodChanges {
  readonly audience?: string;
  readonly serviceAccountName?: string;
  readonly phase?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A pod that runs in the workload cluster, by default without any token. */
function seedPod(
  story: Story,
  name: string,
  { audience, serviceAccountName = 's3-reader', phase = 'Running', labels = {} }: PodChanges = {},
): void {
  const sources = [{ serviceAccountToken: { audience, path: 'token' } }];
  const volumes = [
    { name: 'kube-api-access' },
    ...(audience === undefined ? [] : [{ name: 'x', projected: { sources } }]),
  ];
  const metadata = { namespace: 'default', name, labels };
  story.workload.seed(pods, { metadata, spec: { serviceAccountName, volumes }, status: { phase } });
}

const lists = (story: Story) => story.workload.reads.filter(({ verb }) => verb === 'list').length;

test('pods that started before the annotation are counted in the condition and named in an event', async () => {
  const story = new Story();
  for (const name of ['web-1', 'web-2']) seedPod(story, name);
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ state: 'Annotated', podsToRestart: 2 }]);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({
    status: 'True',
    message: 'pods run without credentials of the role and need a restart: 2 of default/s3-reader',
  });
  expect(story.said).toContainEqual(
    expect.objectContaining({
      type: 'Warning',
      reason: 'PodsNeedRestart',
      message: expect.stringMatching(/default\/s3-reader in cluster abcl0 .*: web-1, web-2$/),
    }),
  );
});

test('the count goes with the pods, and then nobody looks any more', async () => {
  const story = new Story();
  seedPod(story, 'web-1');
  await story.reconcile();
  story.workload.remove(pods, { namespace: 'default', name: 'web-1' });
  seedPod(story, 'web-2', { audience: 'sts.amazonaws.com' });
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ podsToRestart: 0 }]);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True', message: '' });
  story.forget();
  await story.reconcile();
  expect(lists(story)).toBe(0);
});

test('pods are counted again after each annotation', async () => {
  const story = new Story();
  await story.reconcile();
  story.takeAnnotations();
  seedPod(story, 'web-1');
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ podsToRestart: 1 }]);
});

test.each<[string, PodChanges]>([
  ['of another service account', { serviceAccountName: 'other' }],
  ['that has ended', { phase: 'Succeeded' }],
  ['that failed', { phase: 'Failed' }],
  ['that wants no credentials', { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } }],
  ['that has a token for STS', { audience: 'sts.amazonaws.com' }],
])('a pod %s is not counted', async (_, changes) => {
  const story = new Story();
  seedPod(story, 'web-1', changes);
  await story.reconcile();
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ podsToRestart: 0 }]);
});

test('a pod with a token for somebody else than STS is counted', async () => {
  const story = new Story();
  seedPod(story, 'web-1', { audience: 'vault' });
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ podsToRestart: 1 }]);
});

test('of many pods only five are named', async () => {
  const story = new Story();
  for (let index = 0; index < 7; index++) seedPod(story, `web-${index}`);
  await story.reconcile();
  const message = expect.stringMatching(/web-4 and 2 more$/);
  expect(story.said).toContainEqual(expect.objectContaining({ reason: 'PodsNeedRestart', message }));
});

test('who may not list pods is ready all the same, claims no number, and does not ask again at rest', async () => {
  const story = new Story();
  story.workload.failNext('list', new KubeError('pods is forbidden', 403, 'Forbidden'));
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  expect(story.status.serviceAccounts?.[0]).not.toHaveProperty('podsToRestart');
  story.forget();
  await story.reconcile();
  expect(lists(story)).toBe(0);
});

test('pods that could not be counted after the annotation are counted in the next pass', async () => {
  const story = new Story();
  seedPod(story, 'web-1');
  story.workload.failNext('list', new KubeError('etcd is slow', 500, 'InternalError'));
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'Unknown' });
  await story.reconcile();
  expect(story.status.serviceAccounts).toMatchObject([{ podsToRestart: 1 }]);
});
