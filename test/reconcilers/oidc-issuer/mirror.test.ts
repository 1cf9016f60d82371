import { createPublicKey } from 'node:crypto';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { newPublicKey, Story } from './story.ts';

const kubeconfigSecret = 'abcl0-kubeconfig';
const spec = {
  signingKeys: { apiServer: {} },
  cluster: { kubeconfigSecretRef: { name: kubeconfigSecret, key: 'value' } },
};
const other = newPublicKey();
const [otherKey] = publicKeys(other).keys;

let story: Story;
beforeEach(() => {
  story = new Story(spec);
  story.seedSecret(kubeconfigSecret, { value: story.kubeconfig });
  story.workload.keys = { keys: publicKeys(story.pem).keys };
});

describe('the keys of the API server', () => {
  test('are published, and a second pass writes nothing', async () => {
    await story.untilReady();
    expect(story.published).toEqual([story.kid]);
    story.forget();
    await story.reconcile();
    expect([story.aws.writes, story.kube.writes, story.workload.writes]).toEqual([[], [], []]);
  });

  test('are published as one API server after the other shows them', async () => {
    await story.untilReady();
    story.workload.keys = { keys: [otherKey] };
    await story.untilReady();
    expect(story.published).toEqual([story.kid, otherKey?.kid]);
    story.workload.keys = { keys: publicKeys(story.pem).keys };
    await story.untilReady();
    expect(story.status.keys?.map(({ missingSince }) => missingSince === undefined)).toEqual([true, false]);
  });

  test('stay published while the cluster does not answer, which the condition says, at first as a passing failure', async () => {
    await story.untilReady();
    const silent = new KubeError("reading the API server's key set: Unreachable", undefined, undefined);
    const keySet = jest.spyOn(story.workload, 'keySet').mockRejectedValue(silent);
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('Unreachable'),
    });
    await story.clock.advance(minutes(11));
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'Unknown', reason: 'ClusterUnreachable' });
    expect(story.published).toEqual([story.kid]);
    expect(story.account.providers.size).toBe(1);
    keySet.mockRestore();
    await story.untilReady();
  });

  test.each<[string, unknown]>([
    ['no key', { keys: [] }],
    ['no key set', 'text'],
    ['only keys that cannot be published', { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] }],
  ])('stay published where the API server shows %s', async (_, answer) => {
    await story.untilReady();
    story.workload.keys = answer;
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'InvalidKey' });
    expect(story.published).toEqual([story.kid]);
  });

  test('are waited for until there is a kubeconfig', async () => {
    story = new Story({ ...spec, cluster: { kubeconfigSecretRef: { name: 'later', key: 'value' } } });
    story.workload.keys = { keys: [otherKey] };
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
    expect(story.condition('SigningKeysReady')?.message).toContain('Secret later with the kubeconfig');
    story.seedSecret('later', { value: story.kubeconfig });
    await story.untilReady();
    expect(story.published).toEqual([otherKey?.kid]);
  });

  test('are not read with a kubeconfig that is refused', async () => {
    story.seedSecret(kubeconfigSecret, { value: 'with exec' });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'InvalidKubeconfig' });
  });
});

test('a key set in a Secret is published', async () => {
  story = new Story();
  const key = createPublicKey(other).export({ format: 'jwk' });
  story.seedSecret('abcl0-sa', { 'tls.crt': JSON.stringify({ keys: [key] }) });
  await story.untilReady();
  expect(story.published).toEqual([otherKey?.kid]);
});

test('a key set with a private key in a Secret is refused by the field', async () => {
  story = new Story();
  const key = { ...createPublicKey(other).export({ format: 'jwk' }), d: 'c2VjcmV0' };
  story.seedSecret('abcl0-sa', { 'tls.crt': JSON.stringify({ keys: [key] }) });
  await story.reconcile();
  expect(story.condition('SigningKeysReady')).toMatchObject({
    status: 'False',
    reason: 'InvalidKey',
    message: expect.stringContaining('keys[0].d is part of a private key'),
  });
  expect(JSON.stringify([story.object, story.said, story.logger])).not.toContain('c2VjcmV0');
});
