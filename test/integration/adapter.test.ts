import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment, inClone } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { established, until } from '../environment/wait.ts';
import {
  awsCluster,
  credential,
  domain,
  enableAlias,
  iamServiceAccount,
  optIn,
  roleARN,
  serviceAccount,
  type ClusterWish,
} from './objects.ts';
import { observeRole } from './observed-role.ts';
import { type Event, operatorRequests, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const accountID = '111122223333';
const otherAccountID = '444455556666';
const thirdAccountID = '555566667777';
const keepProvider = 'alpha.aws.giantswarm.io/irsa-keep-cloudfront-oidc-provider';

let environment: Environment;
let workspace: Workspace;
let account: Clients;
let otherAccount: Clients;
let thirdAccount: Clients;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  const accountIDs = [accountID, otherAccountID, thirdAccountID];
  const accounts = await Promise.all(accountIDs.map((id) => workspace.account(id)));
  [account, otherAccount, thirdAccount] = accounts as [Clients, Clients, Clients];
  await environment.startOperator();
  const cluster = (name: string, wish: ClusterWish) => awsCluster(namespace, name, wish);
  await workspace.apply(
    credential(accountID),
    credential(otherAccountID, 'other'),
    credential(thirdAccountID, 'third'),
    cluster('opted-in', { release: '18.4.0', annotations: { [optIn]: '', [enableAlias]: '' } }),
    cluster('from-19', { release: '19.0.0' }),
    cluster('alias-only', { release: '19.0.0', annotations: { [keepProvider]: 'false' } }),
    cluster('elsewhere', { release: '19.0.0', credential: 'other' }),
    cluster('row-17', { release: '17.4.2', annotations: { [optIn]: '' } }),
    cluster('row-18', { release: '18.0.0', annotations: { [optIn]: '' } }),
  );
});

afterAll(() => environment?.stop());

/** Waits for the issuer of the AWSCluster, and gives its status. */
async function issuerOf(name: string): Promise<OIDCIssuerStatus | undefined> {
  await workspace.event('AWSCluster', name, 'IssuerReady');
  return (await workspace.get<OIDCIssuerStatus>('oidcissuer', name)).status;
}

const roleName = async (name: string) =>
  (await workspace.get<{ roleName: string }>('iamserviceaccount', name)).status?.roleName ?? '';

/** Has the operator look at the AWSCluster, twice: when it begins anew, the first look has ended. */
async function lookedAt(name: string): Promise<void> {
  for (const look of ['first', 'second']) {
    const { next } = await environment.controlPlane.audit();
    await workspace.kubectl(['label', 'awscluster', name, `look=${look}`, '--overwrite']);
    await until(`a look at AWSCluster ${name}`, async () =>
      (await operatorRequests(environment, next)).requests.find(
        ({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'awsclusters' && objectRef.name === name,
      ),
    );
  }
}

describe('an AWSCluster', () => {
  test.each([
    { name: 'opted-in', what: 'of release 18.4 that opts in', providers: 2 },
    { name: 'from-19', what: 'of release 19', providers: 2 },
    { name: 'alias-only', what: 'of release 19 that lets the provider of its distribution go', providers: 1 },
  ])('$what gets an issuer', async ({ name, providers }) => {
    const status = await issuerOf(name);
    expect(status?.issuerURL).toBe(`https://irsa.${name}.k8s.${domain}`);
    expect(currentSiteOf(status)?.bucket?.name).toBe(`${accountID}-g8s-${name}-oidc-pod-identity-v2`);
    expect(status?.providers?.map(({ url }) => url)).toContain(status?.issuerURL);
    expect(status?.providers).toHaveLength(providers);
  });

  test.each([
    {
      release: '17.4.2',
      url: `https://s3.eu-central-1.amazonaws.com/${accountID}-g8s-row-17-oidc-pod-identity`,
      suffix: '',
    },
    { release: '18.0.0', url: expect.stringMatching(/^https:\/\/[a-z0-9]+\.cloudfront\.net$/), suffix: '-v2' },
  ])('of release $release that opts in gets an issuer under another URL', async ({ release, url, suffix }) => {
    const name = `row-${release.slice(0, 2)}`;
    const status = await issuerOf(name);
    expect(status?.issuerURL).toEqual(url);
    expect(currentSiteOf(status)?.bucket?.name).toBe(`${accountID}-g8s-${name}-oidc-pod-identity${suffix}`);
    expect(status?.providers?.map((provider) => provider.url)).toEqual([status?.issuerURL]);
  });

  test.each([
    { release: '18.4.0', region: 'cn-north-1' },
    { release: '19.0.0', region: 'cn-northwest-1' },
  ])('of release $release in China asks for a public bucket', async ({ release, region }) => {
    const name = region;
    await workspace.apply(awsCluster(namespace, name, { release, region, annotations: { [optIn]: '' } }));
    const { spec } = await until(`OIDCIssuer ${name}`, () => workspace.find('oidcissuer', name));
    expect(spec).toMatchObject({ region, hosting: { s3: {} }, bucket: { name: expect.stringMatching(/-v2$/) } });
    // The operator of this test works in another partition.
    expect(
      (await workspace.condition('oidcissuer', name, { type: 'Accepted', reason: 'InvalidSpec' })).message,
    ).toContain('aws-cn');
  });

  test('is told by an event that its issuer is ready, and other tools by a ConfigMap', async () => {
    const status = await issuerOf('opted-in');
    const { note } = await workspace.event('AWSCluster', 'opted-in', 'IssuerReady');
    expect(note).toBe(`OIDCIssuer opted-in is ready: ${status?.issuerURL}`);
    const data = await workspace.kubectl(['get', 'configmap', 'opted-in-irsa-cloudfront', '-o', 'jsonpath={.data}']);
    const distribution = currentSiteOf(status)?.distribution;
    expect(JSON.parse(data)).toEqual({
      arn: distribution?.arn,
      domain: distribution?.domainName,
      distributionId: distribution?.id,
      domainAlias: `irsa.opted-in.k8s.${domain}`,
    });
  });

  test.each([
    { name: 'secretless', credential: 'nowhere', reason: 'SecretNotFound', said: 'Secret org-acme/nowhere' },
    { name: 'misspelt', credential: 'misspelt', reason: 'InvalidCredentialSecret', said: 'aws.awsoperator.arn' },
  ])(
    'without the role of an account gets nothing, and event $reason says why',
    async ({ name, credential, reason, said }) => {
      const stringData = { 'aws.awsoperator.arn': 'arn:aws:iam::1111:role/short' };
      await workspace.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'misspelt' }, stringData });
      await workspace.apply(awsCluster(namespace, name, { release: '19.0.0', credential }));
      expect((await workspace.event('AWSCluster', name, reason)).note).toContain(said);
      await expectNothing(name);
    },
  );

  const opted = { [optIn]: '' };
  test.each<ClusterWish & { name: string; what: string; said: string }>([
    { name: 'row-16', what: '16', release: '16.4.2', annotations: opted, said: 'release 16.4.2 is not supported' },
    { name: 'nameless', what: 'that is none', release: 'next', annotations: opted, said: 'next is not a release' },
  ])('of release $what gets nothing, and an event says why', async ({ name, said, ...wish }) => {
    await workspace.apply(awsCluster(namespace, name, wish));
    const { type, note } = await workspace.event('AWSCluster', name, 'ReleaseNotSupported');
    expect([type, note]).toEqual(['Warning', expect.stringContaining(said)]);
    await expectNothing(name);
  });

  test('of release 18.4 that does not opt in gets nothing', async () => {
    await workspace.apply(awsCluster(namespace, 'quiet', { release: '18.4.0', annotations: { [enableAlias]: '' } }));
    await lookedAt('quiet');
    await expectNothing('quiet');
    expect(await workspace.events('AWSCluster', 'quiet')).toEqual([]);
  });

  async function expectNothing(name: string): Promise<void> {
    expect(await workspace.find('oidcissuer', name)).toBeUndefined();
    expect((await workspace.get('awscluster', name)).metadata.finalizers).toBeUndefined();
  }
});

describe('the issuer of an AWSCluster', () => {
  test('outlives the annotation that asked for it', async () => {
    await issuerOf('opted-in');
    await workspace.kubectl(['annotate', 'awscluster', 'opted-in', `${optIn}-`]);
    const { type, note } = await workspace.event('AWSCluster', 'opted-in', 'OptInRemoved');
    expect([type, note]).toEqual(['Warning', expect.stringContaining('OIDCIssuer opted-in stays')]);
    await expectUntouched('opted-in');
  });

  test('stays when the AWSCluster is moved to another management cluster', async () => {
    await issuerOf('opted-in');
    await workspace.kubectl(['annotate', 'awscluster', 'opted-in', 'clusterctl.cluster.x-k8s.io/delete-for-move=']);
    await workspace.kubectl(['delete', 'awscluster', 'opted-in']);
    await expectUntouched('opted-in');
  });

  test('stays while the AWSCluster is paused, and goes when it is not', async () => {
    await issuerOf('from-19');
    await workspace.kubectl(['annotate', 'awscluster', 'from-19', 'cluster.x-k8s.io/paused=true']);
    await workspace.kubectl(['delete', 'awscluster', 'from-19', '--wait=false']);
    await lookedAt('from-19');
    await expectUntouched('from-19');
    await workspace.kubectl(['annotate', 'awscluster', 'from-19', 'cluster.x-k8s.io/paused-']);
    await workspace.gone('awscluster', 'from-19');
    expect(await workspace.find('oidcissuer', 'from-19')).toBeUndefined();
  });

  test('stays while the Cluster is paused, also when the AWSCluster then vanishes, and says so', async () => {
    await issuerOf('alias-only');
    const cluster = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', metadata: { name: 'alias-only' } };
    await workspace.apply({ ...cluster, spec: { paused: true } });
    await workspace.kubectl(['delete', 'awscluster', 'alias-only', '--wait=false']);
    await lookedAt('alias-only');
    await expectUntouched('alias-only');
    await workspace.patch('awscluster', 'alias-only', { metadata: { finalizers: null } });
    const { type, note } = await workspace.event('OIDCIssuer', 'alias-only', 'AWSClusterVanished');
    expect([type, note]).toEqual(['Warning', expect.stringContaining('nothing is deleted on AWS')]);
    await expectUntouched('alias-only');
  });

  test('goes with the AWSCluster, which waits for it; the emptied bucket keeps its name and its tags', async () => {
    await issuerOf('elsewhere');
    expect(counts(await holdings(otherAccount))).toMatchObject({ bucket: 1, object: 2, distribution: 1, provider: 2 });
    expect(await workspace.find('configmap', 'elsewhere-irsa-cloudfront')).toBeDefined();
    const { timing, distributions } = environment.front.state;
    const { deployMillis } = timing;
    // CloudFront takes its time, and so the issuer is there until this test has looked.
    timing.deployMillis = 3_600_000;
    await workspace.kubectl(['delete', 'awscluster', 'elsewhere', '--wait=false']);
    await until('the deletion of the issuer', async () => {
      const issuer = await workspace.find('oidcissuer', 'elsewhere');
      return issuer?.metadata.deletionTimestamp;
    });
    expect(await workspace.find('awscluster', 'elsewhere')).toBeDefined();
    timing.deployMillis = deployMillis;
    for (const distribution of distributions.values()) distribution.deployedAt = 0;
    await workspace.gone('oidcissuer', 'elsewhere');
    await workspace.gone('awscluster', 'elsewhere');
    await workspace.gone('configmap', 'elsewhere-irsa-cloudfront');
    const tags = expect.objectContaining({
      'irsa.giantswarm.io/installation': 'demo',
      'irsa.giantswarm.io/owner': `OIDCIssuer/${namespace}/elsewhere`,
      'giantswarm.io/cluster': 'elsewhere',
      'kubernetes.io/cluster/elsewhere': 'owned',
    });
    const bucket = `${otherAccountID}-g8s-elsewhere-oidc-pod-identity-v2`;
    expect(await holdings(otherAccount)).toEqual([{ kind: 'bucket', name: bucket, tags }]);
  });

  test('leaves all that it has on AWS if the AWSCluster is labelled keep-irsa', async () => {
    await issuerOf('row-18');
    const its = async () =>
      (await holdings(account)).filter(({ tags }) => tags?.['irsa.giantswarm.io/cluster'] === 'row-18');
    const before = await its();
    await workspace.kubectl(['label', 'awscluster', 'row-18', 'giantswarm.io/keep-irsa=']);
    await until('the issuer to be retained', async () => {
      const { spec } = await workspace.get('oidcissuer', 'row-18');
      return spec?.['deletionPolicy'] === 'Retain' || undefined;
    });
    await workspace.kubectl(['delete', 'awscluster', 'row-18', '--timeout=60s']);
    expect(await workspace.find('oidcissuer', 'row-18')).toBeUndefined();
    expect(await its()).toEqual(before);
    expect(before.map(({ kind }) => kind).toSorted()).toEqual(['bucket', 'distribution', 'provider']);
  });

  test('goes with the AWSCluster also while a role lives, after a warning that names it', async () => {
    const name = 'lived-in';
    await workspace.apply(awsCluster(namespace, name, { release: '19.0.0', credential: 'third' }));
    await issuerOf(name);
    const kubeconfig = await workloadKubeconfig(environment, { namespace, cluster: name });
    await environment.kubectl(['apply', '-f', '-'], kubeconfig);
    await workspace.apply(serviceAccount('reader'), iamServiceAccount('reader', name));
    await workspace.ready('iamserviceaccount/reader');
    const { Arn = '' } = await observeRole(thirdAccount, await roleName('reader'));
    // The first write that takes something away waits until the warning is there.
    const warning = Promise.withResolvers<Event>();
    const then = () =>
      workspace.event('OIDCIssuer', name, 'DependentsLoseAccess').then(warning.resolve, warning.reject);
    environment.front.fail('UpdateAssumeRolePolicy', { kind: 'lost', then });

    await workspace.kubectl(['delete', 'awscluster', name, '--wait=false']);
    const { type, note } = await warning.promise;
    expect([type, note]).toEqual(['Warning', expect.stringContaining('IAMServiceAccount reader')]);
    await workspace.gone('awscluster', name);
    expect(await workspace.find('oidcissuer', name)).toBeUndefined();
    const left = await holdings(thirdAccount);
    expect(counts(left)).toEqual({ bucket: 1, role: 1 });
    const role = await observeRole(thirdAccount, await roleName('reader'));
    expect(role.Arn).toBe(Arn);
    expect(decodeURIComponent(role.AssumeRolePolicyDocument ?? '')).toMatch(/"Effect": ?"Deny"/);
  });

  async function expectUntouched(name: string): Promise<void> {
    const { metadata, status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
    expect(metadata.deletionTimestamp).toBeUndefined();
    const host = `irsa.${name}.k8s.${domain}`;
    const held = (await holdings(account)).map((holding) => `${holding.kind} ${holding.name}`);
    expect(held).toEqual(
      expect.arrayContaining([
        `provider arn:aws:iam::${accountID}:oidc-provider/${host}`,
        `record ${host}. A`,
        `distribution ${currentSiteOf(status)?.distribution?.id}`,
        `object ${accountID}-g8s-${name}-oidc-pod-identity-v2/keys.json`,
      ]),
    );
  }
});

// The last of all: kubectl takes `awscluster` for this kind from then on.
describe('an AWSCluster of Cluster API', () => {
  test('gets an issuer, as soon as its kind is there', async () => {
    await environment.kubectl(['apply', '-f', inClone('test/crds/late/capi.yaml')]);
    await environment.kubectl(['apply', '-k', inClone('config/components/cluster-api')]);
    const crds = ['awsclusters', 'awsclusterroleidentities'].map((kind) => `${kind}.infrastructure.cluster.x-k8s.io`);
    await established((args) => environment.kubectl(args), ...crds);
    const name = 'capi';
    const host = `api.${name}.${domain}`;
    const { publicKeyFile } = environment.controlPlane.defaults;
    const stringData = { 'tls.crt': await readFile(publicKeyFile, 'utf8') };
    const api = 'infrastructure.cluster.x-k8s.io/v1beta2';
    const identity = { roleARN: roleARN(accountID), allowedNamespaces: { list: [namespace] } };
    await environment.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: api, kind: 'AWSClusterRoleIdentity', metadata: { name: 'acme' }, spec: identity }),
    );
    const identityRef = { kind: 'AWSClusterRoleIdentity', name: 'acme' };
    await workspace.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-sa` }, stringData },
      {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { name },
        spec: { controlPlaneEndpoint: { host, port: 443 } },
      },
      {
        apiVersion: api,
        kind: 'AWSCluster',
        metadata: { name, annotations: { [optIn]: '' } },
        spec: { region: 'eu-central-1', identityRef, additionalTags: { team: 'web' } },
      },
    );
    await workspace.ready(`oidcissuer/${name}`).catch(async () => {
      await until(`OIDCIssuer ${name}`, () => workspace.find('oidcissuer', name), 60);
      await workspace.ready(`oidcissuer/${name}`);
    });
    const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
    expect(status?.issuerURL).toBe(`https://irsa.${name}.${domain}`);
    const written = async () =>
      workspace.kubectl(['get', 'secret', `${name}-irsa-cloudfront`, '-o', 'jsonpath={.data.domainAlias}']);
    const encoded = await until('the Secret for other tools', written);
    expect(Buffer.from(encoded, 'base64').toString()).toBe(`irsa.${name}.${domain}`);
  });
});
