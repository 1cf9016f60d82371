import { describe, expect, test } from '@jest/globals';
import { finalizer } from '../../../src/api/names.ts';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, globalBucket, ref, Story } from './story.ts';

const cloudFront = { alias };

function expectRefusal(story: Story, reason: string, field: string): void {
  expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason });
  expect(story.condition('Accepted')?.message).toContain(field);
  expect(story.condition('Ready')).toMatchObject({ status: 'False', reason });
}

describe('sends nothing to AWS, not even a question, for', () => {
  test.each([
    ['NotImplemented', 'spec.hosting.s3', { hosting: { s3: {} } }],
    ['NotImplemented', 'spec.hosting.external', { hosting: { external: { issuerURL: 'https://oidc.example.com' } } }],
    ['NotImplemented', 'spec.hosting.cloudFront', { hosting: { cloudFront: {} } }],
    [
      'NotImplemented',
      'spec.hosting.cloudFront.issuer',
      { hosting: { cloudFront: { alias, issuer: 'Distribution' as const } } },
    ],
    ['NotImplemented', 'spec.signingKeys.apiServer', { signingKeys: { apiServer: {} } }],
    ['NotImplemented', 'rotateEvery', { signingKeys: { generate: { secretName: 'x', rotateEvery: '720h' } } }],
    [
      'NotImplemented',
      'spec.additionalAccounts',
      { additionalAccounts: [{ roleARN: 'arn:aws:iam::444455556666:role/x' }] },
    ],
    ['NotImplemented', 'spec.keyRetention', { keyRetention: '49h' }],
    ['NotImplemented', 'spec.region', { region: 'cn-north-1' }],
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
    hosting: { cloudFront: { ...cloudFront, issuer: 'Alias' } },
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

describe('refuses, when the issuer is registered, and sends nothing more, a change of', () => {
  test.each([
    ['spec.hosting.cloudFront.alias', { hosting: { cloudFront: { alias: 'irsa.other.example.com' } } }],
    ['spec.hosting.s3', { hosting: { cloudFront: null, s3: {} } }],
    ['spec.bucket.name', { bucket: { name: globalBucket } }],
    ['spec.signingKeys', { signingKeys: { secretRef: { name: 'other', key: 'tls.crt' } } }],
    ['spec.signingKeys', { signingKeys: { secretRef: null, generate: { secretName: 'abcl0-sa' } } }],
    ['spec.audiences', { audiences: ['sts.amazonaws.com', 'other'] }],
  ])('%s', async (field, change) => {
    const story = new Story();
    await story.untilReady();
    const before = story.leftovers;
    story.restart();
    story.forget();
    story.edit(change);
    await story.reconcile();
    await story.reconcile();
    expectRefusal(story, 'NotImplemented', field);
    expect(story.aws.calls).toEqual([]);
    expect(story.leftovers).toEqual(before);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

test('refuses another alias or bucket also before that, once something stands under the old one', async () => {
  for (const [field, change] of [
    ['spec.hosting.cloudFront.alias', { hosting: { cloudFront: { alias: 'irsa.other.example.com' } } }],
    ['spec.bucket.name', { bucket: { name: globalBucket } }],
  ] as const) {
    const story = new Story();
    await story.reconcile();
    expect(story.status.providers).toBeUndefined();
    story.edit(change);
    await story.reconcile();
    expectRefusal(story, 'NotImplemented', field);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  }
});

test('takes other audiences and another key source while there is no provider', async () => {
  const story = new Story();
  await story.reconcile();
  story.seedSecret('other', { 'tls.crt': story.pem });
  story.edit({ audiences: ['other'], signingKeys: { secretRef: { name: 'other', key: 'tls.crt' } } });
  await story.untilReady();
  expect([...story.account.providers.values()].map(({ audiences }) => [...audiences])).toEqual([['other']]);
});

test('is well again when the change is taken back', async () => {
  const story = new Story();
  await story.untilReady();
  story.edit({ audiences: ['other'] });
  await story.reconcile();
  story.edit({ audiences: ['sts.amazonaws.com'] });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('keeps what stands on AWS where a change is refused and the policy is Retain', async () => {
  const story = new Story({ deletionPolicy: 'Retain' });
  await story.untilReady();
  const before = story.leftovers;
  story.edit({ bucket: { name: globalBucket } });
  await story.reconcile();
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

test('what it was registered with is written down once', async () => {
  const story = new Story();
  await story.untilReady();
  await story.reconcile();
  const patches = story.kube.writes.filter(({ verb, resource }) => verb === 'patch' && resource === oidcIssuers.plural);
  expect(patches).toHaveLength(2); // finalizer, annotation
  expect(JSON.parse(story.object?.metadata.annotations?.['irsa.giantswarm.io/settled'] ?? '')).toMatchObject({
    'spec.hosting.cloudFront.alias': alias,
    'spec.audiences': 'sts.amazonaws.com',
  });
  story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/settled': 'not JSON' } } });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test.each([
  ['spec.audiences', { audiences: ['other'] }],
  ['spec.signingKeys', { signingKeys: { secretRef: { name: 'other', key: 'tls.crt' } } }],
])(
  'refuses a change of %s also where a replace of the object took the annotation away with it',
  async (field, change) => {
    const story = new Story();
    await story.untilReady();
    story.restart();
    story.forget();
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: null }, spec: change });
    await story.reconcile();
    expectRefusal(story, 'NotImplemented', field);
    expect(story.aws.calls).toEqual([]);
  },
);

test('refuses a change also where the status is lost, by one look at the provider', async () => {
  const story = new Story();
  await story.untilReady();
  story.loseStatus();
  story.edit({ audiences: ['other'] });
  story.forget();
  await story.reconcile();
  expectRefusal(story, 'NotImplemented', 'spec.audiences');
  expect(story.aws.calls.map(({ operation }) => operation)).toEqual(['GetOpenIDConnectProvider']);
});

test('writes the annotation again that somebody took away', async () => {
  const story = new Story();
  await story.untilReady();
  const before = story.object?.metadata.annotations;
  story.kube.edit(oidcIssuers, ref, { metadata: { annotations: null } });
  await story.reconcile();
  expect(story.object?.metadata.annotations).toEqual(before);
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

test('a forged annotation does not tell which providers of strangers the account has', async () => {
  const conditions = [];
  for (const hosts of [['stranger.example.com'], []]) {
    const story = new Story();
    for (const host of hosts) {
      const arn = `arn:aws:iam::111122223333:oidc-provider/${host}`;
      story.account.providers.set(arn, { arn, url: host, audiences: new Set(), createdAt: new Date(0), tags: {} });
    }
    const settled = { 'metadata.name': 'default/abcl0', 'spec.hosting.cloudFront.alias': 'stranger.example.com' };
    const annotations = { 'irsa.giantswarm.io/settled': JSON.stringify(settled) };
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations } });
    await story.reconcile();
    conditions.push(story.condition('Accepted'));
  }
  expect(conditions[0]).toEqual(conditions[1]);
});
