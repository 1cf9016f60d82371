import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { oidcIssuers, secrets } from '../../../src/api/resources.ts';
import { kidOf } from '../../../src/oidc/keys.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { newPublicKey, ref, Story } from './story.ts';

const generated = { signingKeys: { generate: { secretName: 'abcl0-service-account-v2' } } };
const secretRef = { namespace: 'default', name: 'abcl0-service-account-v2' };

function generatedSecret(story: Story) {
  const secret = story.kube.get<KubernetesObject & { data: { key: string; pub: string } }>(secrets, secretRef);
  if (!secret) throw new Error('there is no Secret');
  const decode = (entry: string) => Buffer.from(entry, 'base64').toString();
  return { key: decode(secret.data.key), pub: decode(secret.data.pub), secret };
}

describe('a referenced key', () => {
  test('is published', async () => {
    const story = new Story();
    await story.reconcile();
    expect(story.published).toEqual([story.kid]);
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'True' });
  });

  test('is waited for, while what does not need it goes on', async () => {
    const story = new Story({ signingKeys: { secretRef: { name: 'later', key: 'tls.crt' } } });
    const result = await story.reconcile();
    expect(result).toEqual({ requeueAfter: story.settings.intervals.missing });
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
    expect(story.condition('BucketReady')).toMatchObject({ status: 'True' });
    expect(story.condition('DocumentsPublished')).toMatchObject({ status: 'Unknown', reason: 'DependencyNotReady' });
    story.seedSecret('later', { 'tls.crt': story.pem });
    await story.untilReady();
  });

  test('that does not come is looked for less often, for each look reads all of the issuer on AWS', async () => {
    const story = new Story({ signingKeys: { secretRef: { name: 'later', key: 'tls.crt' } } });
    const { missing, resync } = story.settings.intervals;
    await story.reconcile();
    await story.until(() => story.condition('DNSReady')?.status === 'True');
    await story.clock.advance(missing);
    expect((await story.reconcile()).requeueAfter).toBeLessThan(minutes(4));
    await story.clock.advance(2 * resync);
    expect(await story.reconcile()).toEqual({ requeueAfter: resync });
  });

  test('that is not in its Secret is named', async () => {
    const story = new Story({ signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.pub' } } });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')?.message).toBe(
      'entry tls.pub of Secret default/abcl0-sa does not exist',
    );
  });

  test('is published beside one that cannot be, which the condition names', async () => {
    const story = new Story();
    const { publicKey } = generateKeyPairSync('ed25519');
    const other = newPublicKey();
    const list = [publicKey.export({ type: 'spki', format: 'pem' }).toString(), story.pem, other].join('');
    story.seedSecret('abcl0-sa', { 'tls.crt': list });
    await story.untilReady();
    expect(story.published.toSorted()).toEqual([story.kid, kidOf(createPublicKey(other))].toSorted());
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/not published of entry tls.crt .*: block 1: .*ed25519/),
    });
    story.forget();
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
  });

  test('is refused where the entry holds a private key, and nothing of it is shown', async () => {
    const story = new Story({ signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.key' } } });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    story.seedSecret('abcl0-sa', { 'tls.key': pem });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'InvalidKey' });
    expect(story.condition('SigningKeysReady')?.message).toContain('tls.crt');
    expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
    expect(JSON.stringify([story.object, story.said, story.logger])).not.toContain(pem.split('\n')[1]);
  });

  test('that is replaced is published beside the old one, which tokens still carry', async () => {
    const story = new Story();
    await story.untilReady();
    await story.clock.advance(60_000);
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.untilReady();
    expect(story.published).toHaveLength(2);
    expect(story.published[0]).toBe(story.kid);
    expect(story.status.keys?.[0]).toMatchObject({ kid: story.kid, missingSince: '2030-01-01T00:01:00Z' });
  });
});

describe('a generated key', () => {
  test('is made once, as a pair that kube-apiserver can read, in a Secret that nobody owns', async () => {
    const story = new Story(generated);
    await story.untilReady();
    const { key, pub, secret } = generatedSecret(story);
    expect(kidOf(createPublicKey(createPrivateKey(key)))).toBe(kidOf(createPublicKey(pub)));
    expect(story.published).toEqual([kidOf(createPublicKey(pub))]);
    expect(secret.metadata).not.toHaveProperty('ownerReferences');
    expect(secret.metadata.finalizers).toBeUndefined();
    story.forget();
    await story.reconcile();
    expect(generatedSecret(story).key).toBe(key);
    expect([story.aws.writes, story.kube.writes]).toEqual([[], []]);
  });

  test.each([
    ['', () => undefined],
    [', also where the status is lost', (story: Story) => story.loseStatus()],
    [
      ', also where the object is a new one over the old bucket',
      (story: Story) => {
        story.loseStatus();
        story.kube.edit(oidcIssuers, ref, { metadata: { annotations: null } });
      },
    ],
  ])('whose Secret somebody deleted is never made anew%s', async (_, spoil) => {
    const story = new Story(generated);
    await story.untilReady();
    const before = story.published;
    const { key, pub } = generatedSecret(story);
    story.kube.remove(secrets, secretRef);
    spoil(story);
    await story.reconcile();
    expect(story.kube.get(secrets, secretRef)).toBeUndefined();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'False',
      reason: 'SecretNotFound',
      message: expect.stringContaining('restore'),
    });
    expect(story.published).toEqual(before);
    expect(story.account.providers.size).toBe(1);
    story.seedSecret(secretRef.name, { key, pub });
    await story.untilReady();
    expect(story.published).toEqual(before);
  });

  test('is in a Secret that `clusterctl move` takes along', async () => {
    const story = new Story(generated);
    await story.reconcile();
    expect(generatedSecret(story).secret.metadata.labels).toEqual({ 'clusterctl.cluster.x-k8s.io/move': '' });
  });

  test('is waited for in a Secret that has none, which stays as it is', async () => {
    const story = new Story(generated);
    story.seedSecret(secretRef.name, { key: 'private, never read' });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'False',
      reason: 'SecretNotFound',
      message: 'entry pub of Secret default/abcl0-service-account-v2 does not exist',
    });
    expect(story.kube.writes.filter(({ resource }) => resource === secrets.plural)).toEqual([]);
    story.seedSecret(secretRef.name, { key: 'private, never read', pub: story.pem });
    await story.untilReady();
    expect(story.published).toEqual([story.kid]);
  });

  test('of an earlier operator is taken as it is', async () => {
    const story = new Story(generated);
    story.seedSecret(secretRef.name, { key: 'private, never read', pub: story.pem });
    await story.reconcile();
    expect(story.published).toEqual([story.kid]);
    expect(generatedSecret(story).key).toBe('private, never read');
  });

  test('is read after a creation that took effect and was not answered', async () => {
    const story = new Story(generated);
    story.kube.failNext('create', new KubeError('creating a Secret', undefined, undefined), { tookEffect: true });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'Unknown' });
    const { pub } = generatedSecret(story);
    await story.untilReady();
    expect(story.published).toEqual([kidOf(createPublicKey(pub))]);
  });

  test('of whoever was quicker counts', async () => {
    const story = new Story(generated);
    story.kube.afterNextFind(secrets, () => story.seedSecret(secretRef.name, { key: 'theirs', pub: story.pem }));
    await story.reconcile();
    expect(story.published).toEqual([story.kid]);
    expect(generatedSecret(story).key).toBe('theirs');
  });

  test('says what to apply where the operator may not create Secrets', async () => {
    const story = new Story(generated);
    story.kube.failNext('create', new KubeError('creating Secret', 403, 'Forbidden'));
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'SecretForbidden' });
    expect(story.condition('SigningKeysReady')?.message).toContain('config/components/secrets');
  });

  test('says the command where the operator may not read Secrets', async () => {
    const story = new Story(generated);
    jest.spyOn(story.secrets, 'read').mockResolvedValue({ state: 'forbidden' });
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'False',
      reason: 'SecretForbidden',
      message: expect.stringContaining('kubectl apply --namespace default -k config/components/secrets'),
    });
  });

  test('stays with its Secret when the issuer is deleted', async () => {
    const story = new Story(generated);
    await story.untilReady();
    const { key } = generatedSecret(story);
    story.delete();
    await story.untilGone();
    expect(generatedSecret(story).key).toBe(key);
  });
});
