import { expect, jest, test } from '@jest/globals';
import { finalizer } from '../../../src/api/names.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { FakeS3 } from '../../fakes/aws/s3.ts';
import { accountID, alias, bucketName, issuerURL, owner, Story } from './story.ts';
import { ServiceError } from '../../fakes/aws/service.ts';

test('makes an issuer out of nothing, one of each on AWS, and says in the status where it is', async () => {
  const story = new Story();
  await story.untilReady();
  expect(story.leftovers.map((what) => what.replace(/_[0-9a-f]+/, '_x'))).toEqual([
    `bucket ${bucketName}`,
    `distribution ${story.distribution.id}`,
    `origin access control ${bucketName}`,
    `certificate ${alias}`,
    `provider arn:aws:iam::${accountID}:oidc-provider/${alias}`,
    `record CNAME _x.${alias}`,
    `record A ${alias}`,
    `record AAAA ${alias}`,
  ]);
  expect(story.object?.metadata.finalizers).toEqual([finalizer]);
  expect(story.status).toMatchObject({
    issuerURL,
    jwksURI: `${issuerURL}/keys.json`,
    accountID,
    providers: [{ url: issuerURL, arn: `arn:aws:iam::${accountID}:oidc-provider/${alias}`, accountID, owned: true }],
    sites: [
      {
        url: issuerURL,
        hosting: 'CloudFront',
        phase: 'Current',
        since: '2030-01-01T00:00:00Z',
        bucket: { name: bucketName },
        distribution: { id: story.distribution.id, domainName: story.distribution.domainName, state: 'Deployed' },
        certificate: { state: 'ISSUED', notAfter: expect.stringMatching(/Z$/) },
      },
    ],
    keys: [{ kid: story.kid, algorithm: 'RS256', firstPublished: '2030-01-01T00:00:00Z' }],
  });
});

test('shows a condition for each part that it has, and none for what is not built', async () => {
  const story = new Story();
  await story.untilReady();
  expect(story.status.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'Accepted True',
    'SigningKeysReady True',
    'BucketReady True',
    'CertificateReady True',
    'DistributionReady True',
    'DocumentsPublished True',
    'DNSReady True',
    'ProvidersReady True',
    'Verified True',
    'Ready True',
  ]);
});

test('has its finalizer and the account in the status before the first call that changes AWS', async () => {
  const story = new Story();
  const noted: unknown[] = [];
  const die = () => {
    noted.push([story.object?.metadata.finalizers, story.status.accountID]);
    throw new Error('the operator dies here');
  };
  const createBucket = jest.spyOn(FakeS3.prototype, 'CreateBucket').mockImplementation(die);
  jest.spyOn(story.account.acm, 'RequestCertificate').mockImplementation(die);
  await story.reconcile();
  createBucket.mockRestore();
  expect(story.aws.writes.sort()).toEqual(['CreateBucket', 'RequestCertificate']);
  expect(noted).toEqual([
    [[finalizer], accountID],
    [[finalizer], accountID],
  ]);
});

test('changes nothing on AWS while the account cannot be written into the status', async () => {
  const story = new Story();
  story.kube.failNext('patchStatus', new KubeError('patching OIDCIssuer', 500, 'InternalError'));
  await expect(story.reconcile()).rejects.toThrow('patching');
  expect(story.aws.writes).toEqual([]);
});

test('requests the certificate in the pass that makes the bucket', async () => {
  const story = new Story();
  await story.reconcile();
  expect(story.aws.writes).toEqual(expect.arrayContaining(['CreateBucket', 'RequestCertificate', 'PutObject']));
});

test('puts its tags and the user’s on all that can have tags', async () => {
  const story = new Story({ tags: { team: 'web' } });
  await story.untilReady();
  const tags = { team: 'web', ...owner };
  const [certificate] = story.account.certificates.values();
  const [provider] = story.account.providers.values();
  expect([story.bucket.tags, story.distribution.tags, certificate?.tags, provider?.tags]).toEqual([
    tags,
    tags,
    { ...tags, 'irsa.giantswarm.io/validation-record': expect.stringMatching(`^_[0-9a-f]+[.]${alias}$`) },
    tags,
  ]);
});

test('takes a tag that left the spec off all that can have tags, once, and leaves those of others', async () => {
  const story = new Story({
    tags: { team: 'web', stage: 'test' },
    hosting: { cloudFront: { alias, distributionProvider: 'Keep' } },
  });
  await story.untilReady();
  const { account } = story;
  const tagged = () => [
    story.bucket,
    ...account.certificates.values(),
    story.distribution,
    ...account.providers.values(),
  ];
  for (const each of tagged()) each.tags = { ...each.tags, 'cost-centre': '7' };
  story.edit({ tags: { stage: null } });
  story.forget();
  await story.untilReady();
  expect(tagged()).toHaveLength(5);
  for (const { tags } of tagged()) {
    expect(tags).toMatchObject({ team: 'web', 'cost-centre': '7' });
    expect(tags).not.toHaveProperty('stage');
  }
  expect(story.status.tagKeys).toEqual(['team']);
  story.forget();
  await story.reconcile();
  expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
});

test('remembers a tag that left the spec until it is off all that can have tags', async () => {
  const story = new Story({ tags: { stage: 'test' } });
  await story.untilReady();
  story.edit({ tags: null });
  story.aws.failNext('UntagResource', new ServiceError('AccessDenied', 403));
  await story.reconcile();
  expect(story.status.tagKeys).toEqual(['stage']);
  await story.untilReady();
  expect(story.status.tagKeys).toBeUndefined();
  expect(story.distribution.tags).not.toHaveProperty('stage');
});

test('at rest reads what its budget says, and writes nothing, neither to AWS nor to Kubernetes', async () => {
  const story = new Story({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } });
  await story.untilReady();
  await story.reconcile();
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.kube.writes).toEqual([]);
  expect(story.said).toEqual([]);
  const perZone = story.aws.reads.filter((operation) => operation === 'ListResourceRecordSets');
  const perProvider = story.aws.reads.filter((operation) => operation === 'GetOpenIDConnectProvider');
  expect([perZone.length, perProvider.length]).toEqual([1, 2]);
  expect(story.aws.reads.length - 1 - 2).toBe(11);
});

test('after a restart adds one read of the zones and asks for nothing else', async () => {
  const story = new Story();
  await story.untilReady();
  story.restart();
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('finds its own again when the status is lost, makes nothing twice and changes nothing', async () => {
  const story = new Story();
  await story.untilReady();
  const before = story.leftovers;
  const { status } = story;
  story.loseStatus();
  expect(story.site).toBeUndefined();
  await story.untilReady();
  expect(story.leftovers).toEqual(before);
  expect(story.status).toMatchObject(status);
});

test('finds its own again when it was restored under another UID', async () => {
  const story = new Story();
  await story.untilReady();
  const before = story.leftovers;
  const { uid } = story.object!.metadata;
  story.kube.edit(
    { group: 'irsa.giantswarm.io', version: 'v1alpha1', plural: 'oidcissuers', kind: 'OIDCIssuer' },
    { namespace: 'default', name: 'abcl0' },
    { metadata: { finalizers: null } },
  );
  story.delete();
  story.apply();
  expect(story.object?.metadata.uid).not.toBe(uid);
  await story.untilReady();
  expect(story.leftovers).toEqual(before);
});

test('works in the account of the role that it is given', async () => {
  const roleARN = 'arn:aws:iam::444455556666:role/irsa';
  const story = new Story({ account: { roleARN } });
  story.aws.account('444455556666').addZone('example.com');
  await story.untilReady();
  expect(story.leftovers).toEqual(story.records);
  expect(story.zone.records).toEqual([]);
  expect(story.status).toMatchObject({
    accountID: '444455556666',
    providers: [{ accountID: '444455556666', roleARN }],
  });
});

test('asks Kubernetes on behalf of the pass, whose end ends its calls: to provision, to hold a deletion and to remove', async () => {
  const story = new Story();
  const clients = [jest.spyOn(story.kube, 'during'), jest.spyOn(story.secrets, 'during')];
  const askedFor = () => clients.map(({ mock }) => mock.calls.length > 0);
  await story.untilReady();
  expect(askedFor()).toEqual([true, true]);
  for (const client of clients) client.mockClear();
  story.delete();
  await story.untilGone();
  expect(askedFor()).toEqual([true, true]);
});
