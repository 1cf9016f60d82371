import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { isLeavingForGood } from '../../../src/controllers/issuer-contract.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, globalBucket, issuerURL, newPublicKey, ref, Story } from './story.ts';

const everything = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } };

async function readyStory(spec = {}): Promise<Story> {
  const story = new Story(spec);
  await story.untilReady();
  story.forget();
  return story;
}

test('takes everything away, providers first and the bucket last', async () => {
  const story = await readyStory(everything);
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
  const order = story.aws.writes.filter((operation, index, all) => all.indexOf(operation) === index);
  expect(order).toEqual([
    'DeleteOpenIDConnectProvider',
    'ChangeResourceRecordSets',
    'UpdateDistribution',
    'DeleteDistribution',
    'DeleteFunction',
    'DeleteOriginAccessControl',
    'DeleteCertificate',
    'DeleteObject',
    'DeleteBucket',
  ]);
});

test('never waits inside a pass, and says in each what it waits for', async () => {
  const story = await readyStory();
  story.delete();
  await story.reconcile();
  expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSChangePending' });
  expect(story.account.distributions.size).toBe(1);
  story.aws.sync();
  await story.reconcile();
  expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'DistributionDisabling' });
  expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'Deleting' });
  expect(story.account.certificates.size).toBe(1);
  story.aws.deploy();
  await story.reconcile();
  expect(story.object).toBeUndefined();
});

test('waits for a certificate that ACM still counts as in use', async () => {
  const story = await readyStory();
  story.aws.failNext('DeleteCertificate', new ServiceError('ResourceInUseException', 400));
  story.delete();
  await story.until(() => story.condition('CertificateReady')?.reason === 'InUse');
  expect(story.account.buckets.size).toBe(1);
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

describe('the validation record', () => {
  test('stays where another certificate of the domain renews by it', async () => {
    const story = await readyStory();
    const [certificate] = story.account.certificates.values();
    const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/theirs';
    if (certificate) story.account.certificates.set(arn, { ...certificate, arn, tags: {} });
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([`certificate ${alias}`, expect.stringMatching(/^record CNAME _/)]);
    expect(story.saidReasons).toContain('LeftAlone');
  });

  test.each([
    ['one of its names', { domain: 'example.com', alternativeNames: [alias] }],
    ['its wildcard', { domain: `*.${alias}` }],
  ])('stays where another certificate has the domain as %s', async (_, names) => {
    const story = await readyStory();
    const [certificate] = story.account.certificates.values();
    const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/theirs';
    if (certificate) story.account.certificates.set(arn, { ...certificate, ...names, arn, tags: {} });
    story.delete();
    await story.untilGone();
    expect(story.zone.records).toEqual([expect.objectContaining({ type: 'CNAME' })]);
    expect(story.saidReasons).toContain('LeftAlone');
  });

  test.each([
    ['stays', 'eu-central-1'],
    ['goes', 'eu-west-1'],
  ])('of an issuer in eu-central-1 %s where %s has another certificate of the domain', async (verdict, region) => {
    const story = await readyStory();
    const [certificate] = story.account.certificates.values();
    const arn = `arn:aws:acm:${region}:111122223333:certificate/theirs`;
    if (certificate) story.account.certificates.set(arn, { ...certificate, arn, tags: {} });
    story.delete();
    await story.untilGone();
    expect(story.zone.records).toHaveLength(verdict === 'stays' ? 1 : 0);
    expect(story.saidReasons.includes('LeftAlone')).toBe(verdict === 'stays');
    expect([...story.account.certificates.keys()]).toEqual([arn]);
  });

  test('stays where it was there before the issuer', async () => {
    const before = await readyStory();
    const record = before.zone.records.filter(({ type }) => type === 'CNAME');
    const story = new Story();
    story.zone.records.push(...record);
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.zone.records).toEqual(record);
    expect(story.said).toContainEqual(
      expect.objectContaining({
        reason: 'LeftAlone',
        message: expect.stringContaining('was made or changed by somebody else'),
      }),
    );
  });

  test('goes also after the status was lost', async () => {
    const story = await readyStory();
    story.loseStatus();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

describe('a bucket with a global name', () => {
  test('is emptied and kept with its tags, and lets no distribution in', async () => {
    const story = await readyStory({ bucket: { name: globalBucket } });
    const { tags } = story.bucket;
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([`bucket ${globalBucket}`]);
    expect(story.bucket).toMatchObject({ tags, objects: new Map() });
    expect(story.bucket.policy).not.toContain('Allow');
    expect(story.saidReasons).toContain('BucketKept');
  });

  test('is deleted where the user wants that', async () => {
    const story = await readyStory({ bucket: { name: globalBucket, globalName: 'Delete' } });
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

test('keeps a bucket in which somebody else put something, and says so', async () => {
  const story = await readyStory();
  story.bucket.objects.set('logs', {
    body: 'theirs',
    etag: 'x',
    contentType: undefined,
    metadata: {},
    encryption: 'AES256',
  });
  story.delete();
  await story.untilGone();
  expect([...story.bucket.objects.keys()]).toEqual(['logs']);
  expect(story.saidReasons).toContain('BucketKept');
});

test('leaves all where the policy is Retain', async () => {
  const story = await readyStory({ deletionPolicy: 'Retain' });
  const before = story.leftovers;
  const { body } = story.bucket.objects.get('keys.json') ?? {};
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual(before);
  // The note for a later issuer of the same name.
  expect(story.aws.writes).toEqual(['PutObject']);
  expect(story.bucket.objects.get('keys.json')).toMatchObject({ body, contentType: 'application/json' });
});

describe('IAMServiceAccounts that still trust the issuer', () => {
  const dependent = (spec: object, metadata: object = {}) => ({
    metadata: { namespace: 'default', name: 's3-reader', finalizers: ['irsa.giantswarm.io/finalizer'], ...metadata },
    spec: { issuerRefs: [{ name: 'abcl0' }], subjects: [{ namespace: 'a', name: 'b' }], ...spec },
    status: { issuers: [{ url: issuerURL, providerARN: 'arn' }] },
  });

  const allow = (story: Story, value = '') =>
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/allow-deletion': value } } });

  test.each([undefined, 'false'])('and refer to it hold it, by name, and lose nothing (allowed: %s)', async (value) => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, dependent({}));
    if (value !== undefined) allow(story, value);
    story.delete();
    expect(await story.reconcile()).toEqual({ requeueAfter: story.settings.intervals.dependents });
    story.restart();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'DependentsRemaining',
      message: expect.stringMatching(/^IAMServiceAccount s3-reader still .*allow-deletion.*deletionPolicy: Retain/),
    });
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'True' });
    expect(story.saidReasons).toContain('DeletionWaits');
    expect(story.aws.writes).toEqual([]);
    const account = { namespace: 'default', name: 's3-reader' };
    story.kube.remove(iamServiceAccounts, account);
    story.kube.edit(iamServiceAccounts, account, { metadata: { finalizers: null } });
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('hold it without a harm: a new key is published meanwhile, and what AWS lost is repaired', async () => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, dependent({}));
    story.delete();
    await story.reconcile();
    story.account.providers.clear();
    story.seedSecret('abcl0-sa', { 'tls.crt': story.pem + newPublicKey() });
    await story.until(() => story.published.length === 2);
    await story.until(() => story.account.providers.size === 1);
    expect(story.condition('Ready')).toMatchObject({ reason: 'DependentsRemaining' });
  });

  test('are named in a warning before their trust goes, where the deletion is allowed', async () => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, dependent({}));
    allow(story);
    story.delete();
    await story.reconcile();
    expect(story.said).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'DependentsLoseAccess',
        message: expect.stringContaining('s3-reader'),
      }),
    );
    expect(isLeavingForGood(story.object)).toBe(true);
    expect(story.aws.writes).toEqual([]);
  });

  test('hold nothing when they come after the removal began', async () => {
    const story = await readyStory();
    story.delete();
    await story.reconcile();
    story.kube.seed(iamServiceAccounts, { ...dependent({}), status: { issuers: [] } });
    await story.untilGone();
  });

  test('do not hold an issuer that leaves everything on AWS', async () => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, dependent({}));
    story.delete();
    await story.reconcile();
    story.edit({ deletionPolicy: 'Retain' });
    story.forget();
    await story.reconcile();
    expect(story.object).toBeUndefined();
    expect(story.aws.writes).toEqual(['PutObject']);
  });

  test('hold it, by name, until they have dropped their statement', async () => {
    const story = await readyStory();
    allow(story);
    story.kube.seed(iamServiceAccounts, dependent({ suspend: true }));
    story.delete();
    expect(await story.reconcile()).toEqual({ requeueAfter: seconds(10) });
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'DependentsRemaining' });
    expect(story.condition('Ready')?.message).toContain('s3-reader');
    expect(story.aws.writes).toEqual([]);
    story.kube.seed(iamServiceAccounts, { ...dependent({}), status: { issuers: [] } });
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('hold it also where its status is lost, by the URL that the spec gives', async () => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, dependent({ suspend: true }));
    allow(story);
    story.loseStatus();
    story.delete();
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'DependentsRemaining' });
    expect(story.aws.writes).toEqual([]);
  });

  const stranger = (status: object) => ({
    ...dependent({ issuerRefs: [{ namespace: 'default', name: 'abcl0' }] }, { namespace: 'elsewhere' }),
    status,
  });

  test.each([
    ['was refused from the first pass on', { issuers: [] }],
    ['has no status yet', {}],
  ])('of a namespace that was never let in hold nothing, also one that %s', async (_, status) => {
    const story = await readyStory();
    story.kube.seed(iamServiceAccounts, stranger(status));
    story.delete();
    await story.untilGone();
    expect(story.saidReasons).not.toContain('DeletionWaits');
  });

  test('of a namespace that was let in hold it as those of its own do', async () => {
    const story = await readyStory({ allowedNamespaces: { from: 'All' } });
    story.kube.seed(iamServiceAccounts, stranger({ issuers: [{ url: issuerURL, providerARN: 'arn' }] }));
    story.delete();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({
      reason: 'DependentsRemaining',
      message: expect.stringContaining('elsewhere/s3-reader'),
    });
    expect(story.aws.writes).toEqual([]);
  });

  test('of a namespace that is let in, and forgot whether they trust it, hold it until they know', async () => {
    const story = await readyStory({ allowedNamespaces: { from: 'All' } });
    allow(story);
    story.kube.seed(iamServiceAccounts, stranger({}));
    story.delete();
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'DependentsRemaining' });
    story.kube.seed(iamServiceAccounts, stranger({ issuers: [] }));
    await story.untilGone();
  });

  test('of another issuer or namespace hold nothing', async () => {
    const story = await readyStory();
    const other = { issuers: [{ url: 'https://irsa.other.example.com', providerARN: 'arn' }] };
    story.kube.seed(iamServiceAccounts, { ...dependent({ issuerRefs: [{ name: 'other' }] }), status: other });
    story.kube.seed(iamServiceAccounts, { ...dependent({}, { namespace: 'elsewhere' }), status: other });
    story.delete();
    await story.untilGone();
  });
});

test('finds everything again when the status is lost', async () => {
  const story = await readyStory(everything);
  story.loseStatus();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('is happy where everything is gone already', async () => {
  const story = await readyStory(everything);
  await story.clock.advance(minutes(1));
  const { providers, distributions, originAccessControls, certificates } = story.account;
  for (const objects of [providers, distributions, originAccessControls, certificates]) objects.clear();
  story.aws.buckets.clear();
  story.zone.records = [];
  story.delete();
  await story.untilGone();
  expect(story.aws.writes).toEqual([]);
});

test('says what holds it where the operator’s credentials got into another account', async () => {
  const story = await readyStory();
  await story.kube.patch(
    { group: 'irsa.giantswarm.io', version: 'v1alpha1', plural: 'oidcissuers', kind: 'OIDCIssuer' },
    { namespace: 'default', name: 'abcl0' },
    { status: { accountID: '999999999999' } },
    { subresource: 'status' },
  );
  story.delete();
  await story.reconcile();
  expect(story.condition('Ready')?.message).toContain('999999999999');
  expect(story.aws.writes).toEqual([]);
});

describe('an account that does not let the operator in', () => {
  const roleARN = 'arn:aws:iam::444455556666:role/tpyo';
  const inAccount = { account: { roleARN } };
  const shut = (story: Story) => story.aws.pinned.set(roleARN, 'nobody');

  /** Only the account is shut to it: the finalizer is there, and the status that would tell more was never written, or was lost. */
  async function withFinalizerAlone(): Promise<Story> {
    const story = new Story(inAccount);
    story.kube.failNext('patchStatus', new KubeError('the operator dies here', undefined, undefined));
    await story.reconcile().catch(() => undefined);
    expect(story.object?.metadata.finalizers).toHaveLength(1);
    expect(story.status.accountID).toBeUndefined();
    story.restart();
    return story;
  }

  test('from the beginning holds nothing, for nothing was made: the typo is said, and no finalizer is added', async () => {
    const story = new Story(inAccount);
    shut(story);
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.condition('Accepted')).toMatchObject({
      status: 'Unknown',
      reason: 'AccessDenied',
      message: expect.stringContaining(`the operator needs sts:AssumeRole: assuming role ${roleARN}`),
    });
    expect(story.status.accountID).toBeUndefined();
    story.delete();
    expect(story.object).toBeUndefined();
  });

  test('holds nothing where the operator died before it noted the account, and an event says what was not looked for', async () => {
    const story = await withFinalizerAlone();
    shut(story);
    story.delete();
    await story.reconcile();
    expect(story.object).toBeUndefined();
    expect(story.said).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'NotLookedFor',
        message: expect.stringMatching(new RegExp(`bucket.* of ${alias} was looked for.*assuming role ${roleARN}`)),
      }),
    );
  });

  test.each([
    ['throttled', new ServiceError('Throttling', 400)],
    ['not answered', new ServiceError('ServiceUnavailable', 503)],
    ['refused by something before AWS', new ServiceError('Unknown', 403)],
  ])('may be a passing failure: an AssumeRole that is %s is tried again', async (_, error) => {
    const story = await withFinalizerAlone();
    story.delete();
    story.aws.failNext('AssumeRole', error);
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.object).toBeDefined();
    expect(story.saidReasons).not.toContain('NotLookedFor');
    await story.untilGone();
  });

  test('holds nothing where its role is in another partition', async () => {
    const story = await withFinalizerAlone();
    story.edit({ account: { roleARN: 'arn:aws-cn:iam::444455556666:role/x' } });
    story.delete();
    await story.reconcile();
    expect(story.object).toBeUndefined();
    expect(story.saidReasons).toContain('NotLookedFor');
  });

  async function made(): Promise<Story> {
    const story = new Story(inAccount);
    story.aws.account('444455556666').addZone('example.com');
    await story.untilReady();
    story.restart();
    shut(story);
    return story;
  }

  test('lets it go where its status was lost, and says that nobody looked what is left', async () => {
    const story = await made();
    story.loseStatus();
    story.delete();
    await story.reconcile();
    expect(story.object).toBeUndefined();
    const message = expect.stringMatching(new RegExp(`bucket.* of ${alias} was looked for.*assuming role ${roleARN}`));
    expect(story.said).toContainEqual(expect.objectContaining({ reason: 'NotLookedFor', message }));
  });

  test('holds what was made there, as its status records, and says how to end it', async () => {
    const story = await made();
    story.delete();
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.condition('Ready')).toMatchObject({
      reason: 'Deleting',
      message: expect.stringMatching(/AccessDenied.*deletionPolicy: Retain/),
    });
    story.edit({ deletionPolicy: 'Retain' });
    await story.reconcile();
    expect(story.object).toBeUndefined();
  });
});
