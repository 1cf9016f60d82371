import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import { PlanStory, provider } from './planning.ts';
import { alias, bucketName, issuerURL, newPublicKey, ref, someoneElse } from './story.ts';

const making = [
  `creating bucket ${bucketName}`,
  `writing object keys.json of bucket ${bucketName}`,
  `writing object .well-known/openid-configuration of bucket ${bucketName}`,
  `requesting a certificate for ${alias}`,
];

describe('a plan of an issuer', () => {
  test('that is new lists what is made first, and what comes afterwards', async () => {
    const story = new PlanStory();
    expect(await story.plan()).toEqual([
      ...making,
      'afterwards, when that is done: CertificateReady, DistributionReady, DNSReady, ProvidersReady, Verified',
    ]);
  });

  test('that is new and in a public bucket cannot tell yet whether the documents are served', async () => {
    const story = new PlanStory({ hosting: { s3: {} } });
    expect((await story.plan()).slice(-2)).toEqual([
      expect.stringMatching(/^writing object .*openid-configuration/),
      'afterwards, when that is done: ProvidersReady, Verified',
    ]);
  });

  test('whose documents are not served, although all is as it should be, says so', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.documents.fetch = async () => {
      throw new Error('the distribution answers 403');
    };
    expect(await story.plan()).toEqual([expect.stringMatching(/^Verified: the distribution answers 403/)]);
  });

  test('that asks for another alias lists the new site, and leaves the former one alone', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.annotate('true');
    story.edit({ hosting: { cloudFront: { alias: 'irsa.renamed.example.com' } } });
    expect(await story.plan()).toEqual([
      `writing object irsa.renamed.example.com/keys.json of bucket ${bucketName}`,
      `writing object irsa.renamed.example.com/.well-known/openid-configuration of bucket ${bucketName}`,
      'requesting a certificate for irsa.renamed.example.com',
      'afterwards, when that is done: CertificateReady, DistributionReady, DNSReady, ProvidersReady, Verified',
    ]);
  });

  test('that is new and lacks a hosted zone says so', async () => {
    const story = new PlanStory({ hosting: { cloudFront: { alias: 'irsa.nobodys.test' } } });
    expect(await story.plan()).toContain(
      'CertificateReady: no public hosted zone of account 111122223333 holds irsa.nobodys.test',
    );
  });

  test('that is new and generates its keys makes no Secret and tells no key', async () => {
    const story = new PlanStory({ signingKeys: { generate: { secretName: 'generated' } } });
    expect((await story.plan())[0]).toBe('creating Secret default/generated');
  });

  test('that is refused says why, and nothing else', async () => {
    const story = new PlanStory();
    story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail allows it' });
    expect(await story.plan()).toEqual(['Accepted: no Guardrail allows it']);
  });

  test('that is at rest says that nothing would change', async () => {
    const story = new PlanStory();
    await story.untilReady();
    expect(await story.plan()).toEqual(['nothing would change']);
  });

  test('that lost its status finds what is there again, and makes nothing a second time', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.loseStatus();
    expect(await story.plan()).toEqual(['nothing would change']);
  });

  test('whose things drifted lists the repairs', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.account.providers.get(provider)!.audiences.clear();
    story.bucket.objects.delete('.well-known/openid-configuration');
    story.bucket.tags['irsa.giantswarm.io/cluster'] = 'spoilt';
    expect(await story.plan()).toEqual([
      `tagging bucket ${bucketName}`,
      `writing object .well-known/openid-configuration of bucket ${bucketName}`,
      `adding audience sts.amazonaws.com to OIDC provider ${provider}`,
      'afterwards, when that is done: Verified',
    ]);
  });

  test('whose distribution drifted cannot tell what follows the update', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.distribution.config.Enabled = false;
    expect(await story.plan()).toEqual([
      `updating distribution ${story.distribution.id}`,
      'afterwards, when that is done: DistributionReady, DNSReady, ProvidersReady',
    ]);
  });

  test('whose bucket another account has claims no change to it', async () => {
    const story = new PlanStory({ bucket: { name: 'taken' } });
    story.aws.buckets.set('taken', {
      name: 'taken',
      owner: '444455556666',
      region: 'eu-central-1',
      accountRegional: false,
      tags: {},
      policy: undefined,
      publicAccessBlock: undefined,
      ownership: undefined,
      encryption: 'AES256',
      objects: new Map(),
    });
    const plan = await story.plan();
    expect(plan.filter((line) => line.includes('bucket taken'))).toEqual([
      expect.stringMatching(/^BucketReady: .*may belong to another account/),
    ]);
  });

  test('whose provider is a stranger says that it is not ours', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.account.providers.get(provider)!.tags = { ...someoneElse };
    expect(await story.plan()).toEqual([expect.stringMatching(/^ProvidersReady: .*does not carry|belongs to/)]);
  });

  test('of an edit lists what the edit changes', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.annotate('true');
    story.edit({ audiences: ['sts.amazonaws.com', 'vault'] });
    expect(await story.plan()).toEqual([`adding audience vault to OIDC provider ${provider}`]);
  });

  test('that is suspended is made all the same', async () => {
    const story = new PlanStory({ suspend: true });
    expect((await story.plan())[0]).toBe(making[0]);
    story.annotate(null);
    story.forget();
    await story.reconcile();
    expect(story.status.plan).toBeUndefined();
    expect(story.aws.writes).toEqual([]);
  });

  test('goes with its annotation, and what it said is done', async () => {
    const story = new PlanStory();
    await story.plan();
    story.annotate('false');
    await story.untilReady();
    expect(story.status.plan).toBeUndefined();
    expect(story.status.issuerURL).toBe(issuerURL);
  });

  test('that could not look says so, and is tried again', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.annotate('true');
    story.aws.failNext('GetBucketTagging');
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.status.plan?.[0]).toMatch(/^BucketReady: .*ServiceFailureException/);
    expect(story.condition('BucketReady')).toMatchObject({ status: 'True', message: '' });
  });

  test('is made anew for a new value of the annotation reconcile-at', async () => {
    const story = new PlanStory();
    await story.plan();
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    const asked = { metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': 'now' } } };
    story.kube.edit(oidcIssuers, ref, asked);
    await story.clock.advance(seconds(1));
    await story.comeBack();
    expect(story.status.lastHandledReconcileAt).toBe('now');
    expect(story.status.plan?.[0]).toBe(making[0]);
  });
});

describe('a plan of a deletion', () => {
  test('lists what goes and removes nothing, and says what holds the deletion', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.delete();
    expect(await story.plan()).toEqual([
      `deleting OIDC provider ${provider}`,
      `changing records in zone example.com. (delete A ${alias}, delete AAAA ${alias})`,
      expect.stringMatching(/^afterwards, when that is done: DNSReady, DistributionReady, .*, letting the object go$/),
    ]);
    expect(story.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'DeletionPlanned',
      message: expect.stringContaining('irsa.giantswarm.io/plan holds the deletion'),
    });
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'True' });

    story.annotate(null);
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('that has begun goes on later as one that has begun', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.delete();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ reason: 'Deleting' });
    expect(await story.plan()).not.toContain(`deleting OIDC provider ${provider}`);
    expect(story.condition('Ready')).toMatchObject({ reason: 'Deleting', message: expect.stringContaining('/plan') });
  });

  test('that waits for a role says so', async () => {
    const story = new PlanStory();
    await story.untilReady();
    story.kube.seed(iamServiceAccounts, {
      metadata: { namespace: 'default', name: 'reader' },
      spec: { issuerRefs: [{ namespace: '', name: ref.name }], subjects: [], policies: {} },
    });
    story.delete();
    expect(await story.plan()).toEqual([expect.stringMatching(/^the deletion waits: IAMServiceAccount reader still/)]);
  });

  test('with Retain says that all stays', async () => {
    const story = new PlanStory({ deletionPolicy: 'Retain' });
    await story.untilReady();
    story.delete();
    expect(await story.plan()).toEqual([
      `writing object keys.json of bucket ${bucketName}`,
      'leaving on AWS all that was made for this object',
      'letting the object go',
    ]);
    expect(story.aws.writes).toEqual([]);
  });
});
