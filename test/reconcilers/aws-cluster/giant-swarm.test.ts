import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import { annotations, labels } from '../../../src/api/names.ts';
import { GiantSwarmSource } from '../../../src/controllers/aws-cluster/giant-swarm.ts';
import { accountOf, type Derivation } from '../../../src/controllers/aws-cluster/source.ts';
import { World } from '../world.ts';

const { optIn, enableAlias, keepDistributionProvider: keep } = annotations;
const domain = 'gauss.eu-central-1.aws.example.com';
const roleARN = 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator';
const alias = `irsa.abcl0.k8s.${domain}`;
const bucket = '111122223333-g8s-abcl0-oidc-pod-identity';

interface Case {
  readonly name?: string;
  readonly release?: string;
  readonly region?: string;
  readonly on?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

function cluster({ name = 'abcl0', release, region = 'eu-central-1', on = {}, labels: more, spec }: Case): AWSCluster {
  return {
    apiVersion: 'infrastructure.giantswarm.io/v1alpha3',
    kind: 'AWSCluster',
    metadata: {
      name,
      namespace: 'org-acme',
      uid: 'uid',
      resourceVersion: '1',
      annotations: on,
      labels: { ...(release !== undefined && { [labels.release]: release }), ...more },
    },
    spec: spec ?? {
      cluster: { dns: { domain } },
      provider: { region, credentialSecret: { name: 'credential', namespace: 'giantswarm' } },
    },
  };
}

function derive(what: Case): Promise<Derivation> {
  const world = new World();
  world.seedSecret('credential', { 'aws.awsoperator.arn': `${roleARN}\n` }, 'giantswarm');
  return new GiantSwarmSource(world).derive(cluster(what));
}

const withAlias = (distributionProvider: 'Keep' | 'Remove') => ({ cloudFront: { alias, distributionProvider } });

describe('makes an issuer', () => {
  test.each<[string, Case, object, string]>([
    ['17, in a public bucket', { release: '17.4.2', on: { [optIn]: '' } }, { s3: {} }, bucket],
    ['17 in China', { release: '17.0.0', region: 'cn-north-1', on: { [optIn]: '' } }, { s3: {} }, bucket],
    [
      '18, under the name of its distribution',
      { release: '18.0.0', on: { [optIn]: '' } },
      { cloudFront: {} },
      `${bucket}-v2`,
    ],
    [
      '18.3, which has no alias yet',
      { release: '18.3.9', on: { [optIn]: '', [enableAlias]: '' } },
      { cloudFront: {} },
      `${bucket}-v2`,
    ],
    ['18.4 without the alias', { release: '18.4.0', on: { [optIn]: '' } }, { cloudFront: {} }, `${bucket}-v2`],
    [
      '18.4 that opted in with the alias',
      { release: '18.4.0', on: { [optIn]: '', [enableAlias]: '' } },
      withAlias('Keep'),
      `${bucket}-v2`,
    ],
    [
      'a later 18, whatever the annotations say',
      { release: '18.10.1', on: { [optIn]: 'false', [enableAlias]: 'no' } },
      withAlias('Keep'),
      `${bucket}-v2`,
    ],
    [
      '18, which keeps the distribution’s provider',
      { release: '18.4.0', on: { [optIn]: '', [enableAlias]: '', [keep]: 'false' } },
      withAlias('Keep'),
      `${bucket}-v2`,
    ],
    [
      '18 in China',
      { release: '18.4.0', region: 'cn-north-1', on: { [optIn]: '', [enableAlias]: '' } },
      { s3: {} },
      `${bucket}-v2`,
    ],
    ['19 without any annotation', { release: '19.0.0' }, withAlias('Keep'), `${bucket}-v2`],
    ['a release candidate of 19', { release: '19.0.0-rc1' }, withAlias('Keep'), `${bucket}-v2`],
    ['a later one', { release: 'v25.1.0', on: { [optIn]: '' } }, withAlias('Keep'), `${bucket}-v2`],
    [
      '19 that lets the distribution’s provider go',
      { release: '19.0.0', on: { [keep]: 'false' } },
      withAlias('Remove'),
      `${bucket}-v2`,
    ],
    [
      '19 with another word in that annotation',
      { release: '19.0.0', on: { [keep]: 'no' } },
      withAlias('Keep'),
      `${bucket}-v2`,
    ],
    ['19 in China', { release: '19.0.0', region: 'cn-northwest-1' }, { s3: {} }, `${bucket}-v2`],
    ['19 in GovCloud', { release: '19.0.0', region: 'us-gov-west-1' }, { s3: {} }, `${bucket}-v2`],
  ])('for %s', async (_, what, hosting, name) => {
    expect(await derive(what)).toMatchObject({ state: 'issuer', desired: { spec: { hosting, bucket: { name } } } });
  });
});

describe('wants nothing', () => {
  test.each<[string, Case]>([
    ['17 without the annotation', { release: '17.4.0' }],
    ['18.4 without the annotation', { release: '18.4.0', on: { [enableAlias]: '' } }],
    ['no release at all', {}],
  ])('for %s', async (_, what) => {
    expect(await derive(what)).toEqual({ state: 'notOptedIn' });
  });
});

describe('says what is wrong', () => {
  const spec = (provider: object) => ({ cluster: { dns: { domain } }, provider });
  test.each<[string, Case, string, string]>([
    ['16, which has no row', { release: '16.0.0', on: { [optIn]: '' } }, 'ReleaseNotSupported', '16.0.0'],
    ['no release', { on: { [optIn]: '' } }, 'ReleaseNotSupported', labels.release],
    ['a release that is none', { release: 'latest', on: { [optIn]: '' } }, 'ReleaseNotSupported', 'latest'],
    ['no region', { release: '19.0.0', spec: spec({}) }, 'Incomplete', 'spec.provider.region'],
    [
      'no domain',
      { release: '19.0.0', spec: { provider: { region: 'eu-central-1' } } },
      'Incomplete',
      'spec.cluster.dns.domain',
    ],
    [
      'no credential Secret',
      { release: '19.0.0', spec: spec({ region: 'eu-central-1' }) },
      'Incomplete',
      'spec.provider.credentialSecret',
    ],
    [
      'a credential Secret that is not there',
      {
        release: '19.0.0',
        spec: spec({ region: 'eu-central-1', credentialSecret: { name: 'later', namespace: 'giantswarm' } }),
      },
      'SecretNotFound',
      'giantswarm/later',
    ],
    [
      'a bucket name that S3 does not take',
      { name: 'a'.repeat(27), release: '19.0.0' },
      'NameTooLong',
      '63 characters',
    ],
  ])('for %s', async (_, what, reason, message) => {
    expect(await derive(what)).toMatchObject({
      state: 'waiting',
      event: { type: 'Warning', reason, message: expect.stringContaining(message) },
    });
  });
});

test('derives names that a cluster of the older operator has already', async () => {
  expect(await derive({ release: '19.0.0' })).toEqual({
    state: 'issuer',
    desired: {
      metadata: {
        namespace: 'org-acme',
        name: 'abcl0',
        labels: {
          'irsa.giantswarm.io/aws-cluster': 'abcl0',
          'irsa.giantswarm.io/aws-cluster-group': 'infrastructure.giantswarm.io',
        },
      },
      spec: {
        region: 'eu-central-1',
        account: { roleARN },
        hosting: withAlias('Keep'),
        bucket: { name: `${bucket}-v2` },
        signingKeys: { generate: { secretName: 'abcl0-service-account-v2' } },
        cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } },
        tags: {
          'giantswarm.io/cluster': 'abcl0',
          'giantswarm.io/installation': 'gauss',
          'giantswarm.io/organization': 'acme',
          'kubernetes.io/cluster/abcl0': 'owned',
        },
      },
    },
  });
});

test('passes on how pods get their credentials', async () => {
  const on = { 'irsa.giantswarm.io/pod-identity': 'Policy' };
  const cluster = { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' }, podIdentity: 'Policy' };
  expect(await derive({ release: '19.0.0', on })).toMatchObject({ desired: { spec: { cluster } } });
});

test('derives the names also of a cluster whose name is in its domain and its alias', async () => {
  const spec = {
    cluster: { dns: { domain: 'irsa.example.com' } },
    provider: { region: 'eu-central-1', credentialSecret: { name: 'credential', namespace: 'giantswarm' } },
  };
  expect(await derive({ name: 'irsa', release: '19.0.0', spec })).toMatchObject({
    desired: {
      spec: {
        hosting: { cloudFront: { alias: 'irsa.irsa.k8s.irsa.example.com' } },
        tags: { 'giantswarm.io/cluster': 'irsa', 'giantswarm.io/installation': 'irsa' },
      },
    },
  });
});

test('keeps everything on AWS for a cluster with the label for that', async () => {
  const kept = await derive({ release: '19.0.0', labels: { 'giantswarm.io/keep-irsa': '' } });
  expect(kept).toMatchObject({ desired: { spec: { deletionPolicy: 'Retain' } } });
});

test.each([
  ['arn:aws:iam::111122223333:role/GiantSwarmAWSOperator', '111122223333'],
  ['arn:aws-cn:iam::111122223333:role/path/x', '111122223333'],
  ['arn:aws:iam::account:role/x', undefined],
  ['arn:aws:iam::111122223333:user/x', undefined],
  ['', undefined],
])('reads the account of %s', (arn, accountID) => {
  expect(accountOf(arn)).toBe(accountID);
});
