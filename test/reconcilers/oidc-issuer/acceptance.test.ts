import { describe, expect, test } from '@jest/globals';
import { finalizer } from '../../../src/api/names.ts';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { newPublicKey, ref, Story } from './story.ts';

function expectRefusal(story: Story, reason: string, field: string): void {
  expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason });
  expect(story.condition('Accepted')?.message).toContain(field);
  expect(story.condition('Ready')).toMatchObject({ status: 'False', reason });
}

describe('sends nothing to AWS, not even a question, for', () => {
  test.each<[string, string, ConstructorParameters<typeof Story>[0]]>([
    ['InvalidSpec', 'spec.hosting.cloudFront', { region: 'cn-north-1' }],
    ['InvalidSpec', 'spec.bucket.name', { clusterName: 'sthree-prod' }],
    ['InvalidSpec', 'spec.bucket.name', { clusterName: 'amzn-s3-demo-x' }],
    ['InvalidSpec', 'spec.bucket.name', { clusterName: 'xn--abc' }],
  ])('%s: %s', async (reason, field, spec) => {
    const story = new Story(spec);
    await story.reconcile();
    expectRefusal(story, reason, field);
    expect(story.aws.calls).toEqual([]);
    expect(story.object?.metadata.finalizers).toBeUndefined();
    story.delete();
    expect(story.object).toBeUndefined();
  });
});

test('takes what asks for no more than the default', async () => {
  const story = new Story({
    keyRetention: '25h',
    additionalAccounts: [],
  });
  await story.untilReady();
});

test('sends nothing to AWS, not even GetCallerIdentity, where no Guardrail allows it', async () => {
  const story = new Story();
  story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail selects namespace default' });
  await story.reconcile();
  expectRefusal(story, 'NotAllowed', 'no Guardrail selects namespace default');
  expect(story.aws.calls).toEqual([]);
});

test('that no Guardrail allows any more stays as it is, and can be deleted', async () => {
  const story = new Story();
  await story.untilReady();
  story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail' });
  story.forget();
  await story.reconcile();
  expectRefusal(story, 'NotAllowed', 'no Guardrail');
  expect(story.aws.calls).toEqual([]);
  story.delete();
  await story.untilGone();
});

test('that no Guardrail ever allowed opens no account when it is deleted, although it has our finalizer', async () => {
  const story = new Story({ account: { roleARN: 'arn:aws:iam::444455556666:role/theirs' } });
  story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail' });
  story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: [finalizer] } });
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.object).toBeUndefined();
  expect(story.aws.calls).toEqual([]);
  expect(story.said).toContainEqual(
    expect.objectContaining({ reason: 'NotLookedFor', message: expect.stringContaining('no Guardrail') }),
  );
});

test('takes another key source, and keeps the keys of the former one', async () => {
  const story = new Story();
  await story.untilReady();
  const pem = newPublicKey();
  story.seedSecret('other', { 'tls.crt': pem });
  story.edit({ signingKeys: { secretRef: { name: 'other', key: 'tls.crt' } } });
  await story.untilReady();
  expect(story.published).toEqual([story.kid, publicKeys(pem).keys[0]?.kid]);
});

test('keeps what stands on AWS where a change is refused and the policy is Retain', async () => {
  const story = new Story({ deletionPolicy: 'Retain' });
  await story.untilReady();
  const before = story.leftovers;
  story.edit({ additionalAccounts: [{ roleARN: 'arn:aws:iam::111122223333:role/own' }] });
  await story.reconcile();
  expectRefusal(story, 'InvalidSpec', 'spec.additionalAccounts');
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
});

test('refuses another account than the one in which the issuer stands', async () => {
  const story = new Story();
  await story.untilReady();
  story.forget();
  story.edit({ account: { roleARN: 'arn:aws:iam::444455556666:role/other' } });
  await story.reconcile();
  expectRefusal(story, 'ImmutableField', 'spec.account');
  expect(story.aws.calls).toEqual([]);
});

test('does nothing while it is suspended', async () => {
  const story = new Story({ suspend: true });
  await story.reconcile();
  expect(story.aws.calls).toEqual([]);
  expect(story.status).toEqual({ observedGeneration: 1 });
});

test('takes another key source and other audiences where the provider could not be made', async () => {
  const story = new Story();
  story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('AccessDenied', 403));
  await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
  story.seedSecret('other', { 'tls.crt': story.pem });
  story.edit({ audiences: ['other'], signingKeys: { secretRef: { name: 'other', key: 'tls.crt' } } });
  await story.untilReady();
  expect([...story.account.providers.values()].map(({ audiences }) => [...audiences])).toEqual([['other']]);
});
