import { describe, expect, test } from '@jest/globals';
import { oidcIssuers, secrets } from '../../../src/api/resources.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { renamed } from './migrating.ts';
import { Rotating, secretRef } from './rotating.ts';
import { alias, globalBucket, newPublicKey, ref, Story } from './story.ts';

type Spec = ConstructorParameters<typeof Story>[0];

/** What is left of an issuer depends on how it was deleted. */
const deletions: readonly [how: string, spec: NonNullable<Spec>][] = [
  ['with a bucket that is kept', { bucket: { name: globalBucket } }],
  ['with all', {}],
  ['with Retain', { deletionPolicy: 'Retain' }],
];

const kidOf = (pem: string) => publicKeys(pem).keys[0]!.kid;

/** An issuer that published two keys, of which the first has left its source, and that was deleted. */
async function deleted(spec: Spec): Promise<{ readonly story: Story; readonly pem: string }> {
  const story = new Story(spec);
  await story.untilReady();
  const pem = newPublicKey();
  story.seedSecret('abcl0-sa', { 'tls.crt': pem });
  await story.untilReady();
  expect(story.published).toEqual([story.kid, kidOf(pem)]);
  story.forget();
  story.delete();
  await story.untilGone();
  story.restart();
  return { story, pem };
}

describe.each(deletions)('an issuer of another cluster under the name of one that was deleted %s', (_, spec) => {
  test('publishes its own keys and none of its predecessor', async () => {
    const { story } = await deleted(spec);
    const pem = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': pem });
    story.apply(spec);
    await story.untilReady();
    expect(story.published).toEqual([kidOf(pem)]);
    expect(story.status.keys).toEqual([expect.objectContaining({ kid: kidOf(pem) })]);
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    // From now on its keys rotate as those of any other.
    const next = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': next });
    await story.untilReady();
    expect(story.published).toEqual([kidOf(pem), kidOf(next)]);
  });

  test('does not take the key that was generated for its predecessor, and makes its own once the Secret is gone', async () => {
    const story = await Rotating.ready(spec);
    const predecessors = story.signsWith;
    story.delete();
    await story.untilGone();
    story.restart();
    const generate = { secretName: secretRef.name };
    story.apply({ ...spec, signingKeys: { generate } });
    await story.reconcile();
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'False',
      reason: 'NotOwned',
      message: expect.stringMatching(/delete the Secret if .* another .*irsa.giantswarm.io\/generated-for-uid/),
    });
    story.kube.remove(secrets, secretRef);
    await story.untilReady();
    expect(story.published).toEqual([story.signsWith]);
    expect(story.published).not.toContain(predecessors);
  });

  test('takes that key where somebody says that the cluster signs with it', async () => {
    const story = await Rotating.ready(spec);
    const before = story.signsWith;
    story.delete();
    await story.untilGone();
    story.restart();
    story.apply({ ...spec, signingKeys: { generate: { secretName: secretRef.name } } });
    await story.reconcile();
    const annotations = { 'irsa.giantswarm.io/generated-for-uid': null };
    story.kube.edit(secrets, secretRef, { metadata: { annotations } });
    await story.untilReady();
    expect(story.published).toEqual([before]);
    expect(story.signsWith).toBe(before);
  });
});

describe('what an issuer left that was deleted with Retain', () => {
  const retain = { deletionPolicy: 'Retain' } as const;

  test('stays as it is, also for an issuer that does not know its keys yet', async () => {
    const { story, pem } = await deleted(retain);
    story.kube.remove(secrets, { namespace: 'default', name: 'abcl0-sa' });
    story.apply(retain);
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ reason: 'SecretNotFound' });
    expect(story.published).toEqual([story.kid, kidOf(pem)]);
    const own = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': own });
    await story.untilReady();
    expect(story.published).toEqual([kidOf(own)]);
  });

  test('stays until all of the source is understood', async () => {
    const { story, pem } = await deleted(retain);
    const own = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': `${own}-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n` });
    story.apply(retain);
    await story.untilReady();
    expect(story.published).toEqual([story.kid, kidOf(pem), kidOf(own)]);
  });

  test('serves the same cluster as before: a key that it retains stays until its time is over', async () => {
    const { story, pem } = await deleted(retain);
    story.apply(retain);
    await story.untilReady();
    expect(story.published).toEqual([story.kid, kidOf(pem)]);
    await story.clock.advance(hours(26));
    await story.untilReady();
    expect(story.published).toEqual([kidOf(pem)]);
  });

  test('gives none of its keys to a later issuer with another alias', async () => {
    const { story } = await deleted(retain);
    const own = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': own });
    story.apply({ ...retain, hosting: { cloudFront: { alias: renamed } } });
    await story.untilReady();
    expect((story.status.sites ?? []).map(({ url }) => url)).toEqual([`https://${renamed}`, `https://${alias}`]);
    for (const key of ['keys.json', `${renamed}/keys.json`]) {
      expect(JSON.parse(story.bucket.objects.get(key)?.body ?? '')).toMatchObject({ keys: [{ kid: kidOf(own) }] });
    }
  });

  test('is marked again if the operator ends before it lets the object go', async () => {
    const story = new Story(retain);
    await story.untilReady();
    story.delete();
    story.kube.failNext('patch', new Error('the operator dies here'));
    await story.reconcile().catch(() => undefined);
    expect(story.object).toBeDefined();
    story.restart();
    await story.untilGone();
    expect(story.aws.writes.filter((operation) => operation === 'PutObject')).toHaveLength(3);
  });

  test('holds no deletion if it cannot be marked, and a warning says so', async () => {
    const story = new Story(retain);
    await story.untilReady();
    story.delete();
    story.aws.failNext('PutObject', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.object).toBeUndefined();
    expect(story.said).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'RetainedUnmarked',
        message: expect.stringMatching(/keys\.json of bucket .*AccessDenied/),
      }),
    );
  });

  test.each([
    ['another cluster’s', { 'irsa.giantswarm.io/home': 'elsewhere' }],
    ['somebody else’s', { 'irsa.giantswarm.io/installation': 'other' }],
  ])('is not marked while it is %s', async (_, tags) => {
    const story = new Story(retain);
    await story.untilReady();
    Object.assign(story.bucket, { tags: { ...story.bucket.tags, ...tags } });
    story.forget();
    story.delete();
    await story.untilGone();
    expect(story.aws.writes).toEqual([]);
  });
});

test('an issuer that is restored from a backup goes on with its generated key', async () => {
  const story = await Rotating.ready();
  const before = story.published;
  story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
  story.delete();
  story.restart();
  story.forget();
  story.apply({ signingKeys: { generate: { secretName: secretRef.name } } });
  await story.untilReady();
  expect(story.published).toEqual(before);
  expect(story.aws.writes).toEqual([]);
});
