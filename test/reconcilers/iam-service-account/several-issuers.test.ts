import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import type { TrustPolicy } from '../../../src/oidc/trust-policy.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { issuer, registered, roleARN, roleName, Story } from './story.ts';

const urlOf = (name: string) => `https://irsa.${name}.example.com`;
const reader = { namespace: 'default', name: 's3-reader' };
const held = { finalizers: ['irsa.giantswarm.io/finalizer'] };
const refsTo = (...names: string[]) => names.map((name) => ({ namespace: '', name }));

/** A role for the clusters abcl0 and west, each with its own issuer and its own service account. */
class TwoClusters extends Story {
  readonly west = new FakeKube(this.clock);

  constructor({ spec = {}, west = {} }: { spec?: object; west?: Parameters<typeof issuer>[1] } = {}) {
    super({ issuerRefs: refsTo('abcl0', 'west'), ...spec });
    this.workloads.set('west', this.west);
    this.seedSecret('west-kubeconfig', { value: 'west' });
    this.west.seed(serviceAccounts, { metadata: reader });
    this.seedWest(west);
  }

  seedWest(changes: Parameters<typeof issuer>[1] = {}): void {
    const cluster = { kubeconfigSecretRef: { name: 'west-kubeconfig', key: 'value' } };
    const spec = { cluster, ...changes.spec };
    this.kube.seed(oidcIssuers, issuer('west', { ...changes, metadata: { ...held, ...changes.metadata }, spec }));
  }

  /** The URLs of the issuers that the trust policy names. */
  get urls(): string[] {
    const { Statement } = JSON.parse(this.role.trustPolicy) as TrustPolicy;
    const providers = Statement.map(({ Principal }) => (Principal as { Federated?: string }).Federated ?? '');
    return providers.map((arn) => arn.replace(/^.*oidc-provider\//, 'https://'));
  }

  annotationIn(cluster: FakeKube): string | undefined {
    const found = cluster.get<KubernetesObject>(serviceAccounts, reader);
    return found?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
  }

  get annotated(): (string | undefined)[] {
    return [this.annotationIn(this.workload), this.annotationIn(this.west)];
  }
}

describe('a role for two clusters', () => {
  test('trusts both issuers, each in a statement, and annotates in both clusters', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('abcl0'), urlOf('west')]);
    expect(story.annotated).toEqual([roleARN, roleARN]);
    expect(story.status.serviceAccounts).toEqual([
      { issuerNamespace: 'default', cluster: 'abcl0', ...reader, state: 'Annotated', podsToRestart: 0 },
      { issuerNamespace: 'default', cluster: 'west', ...reader, state: 'Annotated', podsToRestart: 0 },
    ]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    story.forget();
    await story.reconcile();
    expect([...story.aws.writes, ...story.kube.writes, ...story.west.writes]).toEqual([]);
  });

  test('has each issuer once, also where it is named with its namespace and without', async () => {
    const story = new TwoClusters({
      spec: { issuerRefs: [...refsTo('abcl0'), { namespace: 'default', name: 'abcl0' }] },
    });
    await story.reconcile();
    // The API server takes no two entries with the same keys.
    expect(story.status.serviceAccounts).toHaveLength(1);
    expect(story.urls).toEqual([urlOf('abcl0')]);
  });

  test('trusts the one that is ready at once, says which is not, and the other once it is', async () => {
    const story = new TwoClusters({ west: { status: {} } });
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('abcl0')]);
    expect(story.annotated).toEqual([roleARN, undefined]);
    expect(story.condition('IssuersReady')).toMatchObject({
      status: 'False',
      reason: 'IssuerNotReady',
      message: expect.stringMatching(/^OIDCIssuer west has no IAM OIDC provider/),
    });
    expect(story.condition('TrustReady')).toMatchObject({ status: 'True' });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True' });
    expect(story.condition('Ready')).toMatchObject({ status: 'False' });
    story.seedWest();
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('abcl0'), urlOf('west')]);
    expect(story.annotated).toEqual([roleARN, roleARN]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('loses nothing while one of them cannot be seen', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'west' }, { metadata: { finalizers: null } });
    story.kube.remove(oidcIssuers, { namespace: 'default', name: 'west' });
    const before = story.role.trustPolicy;
    story.forget();
    await story.reconcile();
    expect(story.role.trustPolicy).toBe(before);
    expect(story.annotated).toEqual([roleARN, roleARN]);
    expect(story.aws.writes).toEqual([]);
    expect(story.condition('IssuersReady')).toMatchObject({ reason: 'IssuerNotFound' });
  });

  test('adds a subject where the issuer is known, and keeps the statement of the other to the letter', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    const [, before] = (JSON.parse(story.role.trustPolicy) as TrustPolicy).Statement;
    story.seedWest({ status: {} });
    story.edit({ subjects: [reader, { namespace: 'default', name: 'writer' }] });
    await story.reconcile();
    const [abcl0, west] = (JSON.parse(story.role.trustPolicy) as TrustPolicy).Statement;
    expect(JSON.stringify(abcl0)).toContain('default:writer');
    expect(west).toEqual(before);
  });

  test('drops an issuer that is no longer named, and its annotations, once those that are named are ready', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    story.edit({ issuerRefs: refsTo('abcl0') });
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('abcl0')]);
    expect(story.annotated).toEqual([roleARN, undefined]);
    expect(story.status.serviceAccounts).toHaveLength(1);
  });

  test('drops only the one that leaves for good', async () => {
    const story = new TwoClusters();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    await story.reconcile();
    story.deleteIssuerForGood();
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('west')]);
    expect(story.status.issuers?.map(({ url }) => url)).toEqual([urlOf('west')]);
    expect(story.holdsIssuer).toBe(false);
  });

  test('annotates in the one cluster while the other does not answer', async () => {
    const story = new TwoClusters();
    story.workload.failNext('find', new KubeError('no answer', undefined, undefined));
    await story.reconcile();
    expect(story.annotated).toEqual([undefined, roleARN]);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'Unknown', reason: 'ClusterUnreachable' });
    await story.reconcile();
    expect(story.annotated).toEqual([roleARN, roleARN]);
  });

  test('takes its annotations away in both when it is deleted', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotated).toEqual([undefined, undefined]);
    expect(story.iam.roles.size).toBe(0);
  });

  test('is found again in both after its status was lost', async () => {
    const story = new TwoClusters();
    await story.reconcile();
    story.loseStatus();
    story.forget();
    await story.reconcile();
    expect(story.status.issuers?.map(({ url }) => url)).toEqual([urlOf('abcl0'), urlOf('west')]);
    expect(story.status.serviceAccounts).toHaveLength(2);
    expect(story.urls).toEqual([urlOf('abcl0'), urlOf('west')]);
  });
});

describe('the account of a role', () => {
  const other = '222233334444';
  const roleInOther = `arn:aws:iam::${other}:role/irsa`;

  /** West is registered in another account too. */
  const inBoth = () => {
    const status = registered('irsa.west.example.com');
    const [provider] = status.providers ?? [];
    const arn = `arn:aws:iam::${other}:oidc-provider/irsa.west.example.com`;
    return { ...status, providers: [provider!, { ...provider!, arn, accountID: other, roleARN: roleInOther }] };
  };

  test('is that which the object names, with the provider there', async () => {
    const story = new TwoClusters({
      spec: { issuerRefs: refsTo('west'), account: { roleARN: roleInOther } },
      west: { status: inBoth() },
    });
    await story.reconcile();
    expect(story.iam.roles.size).toBe(0);
    const role = story.aws.account(other).iam.roles.get(roleName);
    expect(role?.trustPolicy).toContain(`arn:aws:iam::${other}:oidc-provider/irsa.west.example.com`);
    expect(story.status).toMatchObject({
      accountID: other,
      accountRoleARN: roleInOther,
      accountNamespace: 'default',
      roleARN: expect.stringContaining(other),
      issuers: [{ providerARN: expect.stringContaining(other) }],
    });
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    story.delete();
    await story.reconcile();
    expect(story.aws.account(other).iam.roles.size).toBe(0);
  });

  test('has no role while the issuer is not registered there, which the condition says with the remedy', async () => {
    const story = new TwoClusters({ spec: { issuerRefs: refsTo('west'), account: { roleARN: roleInOther } } });
    await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False', reason: 'IssuerNotRegistered' });
    expect(story.aws.writes).toEqual([]);
    story.seedWest({ status: inBoth() });
    await story.reconcile();
    expect(story.aws.account(other).iam.roles.size).toBe(1);
  });

  test('is the first issuer’s: the second counts by its provider there', async () => {
    const status = registered('irsa.west.example.com');
    const elsewhere = {
      ...status,
      accountID: other,
      providers: status.providers!.map((each) => ({ ...each, accountID: other })),
    };
    const story = new TwoClusters({ west: { status: elsewhere } });
    await story.reconcile();
    expect(story.urls).toEqual([urlOf('abcl0')]);
    expect(story.condition('IssuersReady')).toMatchObject({
      reason: 'IssuerNotRegistered',
      message: expect.stringMatching(/OIDCIssuer west .*111122223333.*spec\.additionalAccounts/),
    });
  });
});

describe('a subject with a wildcard', () => {
  const wild = { subjects: [{ namespace: 'team-*', name: 'reader' }] };

  test('stands under StringLike, with the audience still under StringEquals', async () => {
    const story = new Story(wild);
    await story.reconcile();
    const [statement] = (JSON.parse(story.role.trustPolicy) as TrustPolicy).Statement;
    expect(statement?.['Condition']).toEqual({
      StringEquals: { 'irsa.abcl0.example.com:aud': ['sts.amazonaws.com'] },
      StringLike: { 'irsa.abcl0.example.com:sub': ['system:serviceaccount:team-*:reader'] },
    });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('team-*/reader'),
    });
    expect(story.workload.reads).toEqual([]);
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test('leaves StringEquals again when it goes', async () => {
    const story = new Story(wild);
    await story.reconcile();
    story.edit({ subjects: [reader] });
    await story.reconcile();
    expect(story.trusted).toEqual(['system:serviceaccount:default:s3-reader']);
    expect(story.role.trustPolicy).not.toContain('StringLike');
  });
});
