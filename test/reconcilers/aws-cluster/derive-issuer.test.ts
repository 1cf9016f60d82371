import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import { annotations, labels } from '../../../src/api/names.ts';
import { accountOf, derivedIssuer, derivationOf } from '../../../src/controllers/aws-cluster/derive-issuer.ts';

const { optIn, enableAlias, keepDistributionProvider: keep } = annotations;
const domain = 'gauss.eu-central-1.aws.example.com';

interface Case {
  readonly release?: string;
  readonly region?: string;
  readonly on?: Readonly<Record<string, string>>;
}

function cluster({ release, region = 'eu-central-1', on = {} }: Case): AWSCluster {
  return {
    apiVersion: 'infrastructure.giantswarm.io/v1alpha3',
    kind: 'AWSCluster',
    metadata: {
      name: 'abcl0',
      namespace: 'org-acme',
      uid: 'uid',
      resourceVersion: '1',
      annotations: on,
      ...(release !== undefined && { labels: { [labels.release]: release } }),
    },
    spec: { cluster: { dns: { domain } }, provider: { region } },
  };
}

describe('makes an issuer', () => {
  test.each<[string, Case, 'Keep' | 'Remove']>([
    ['18.4 that opted in with the alias', { release: '18.4.0', on: { [optIn]: '', [enableAlias]: '' } }, 'Keep'],
    [
      'a later 18, whatever the annotations say',
      { release: '18.10.1', on: { [optIn]: 'false', [enableAlias]: 'no' } },
      'Keep',
    ],
    [
      '18, which keeps the distribution’s provider',
      { release: '18.4.0', on: { [optIn]: '', [enableAlias]: '', [keep]: 'false' } },
      'Keep',
    ],
    ['19 without any annotation', { release: '19.0.0' }, 'Keep'],
    ['a release candidate of 19', { release: '19.0.0-rc1' }, 'Keep'],
    ['a later one', { release: 'v25.1.0', on: { [optIn]: '' } }, 'Keep'],
    ['19 that lets the distribution’s provider go', { release: '19.0.0', on: { [keep]: 'false' } }, 'Remove'],
    ['19 with another word in that annotation', { release: '19.0.0', on: { [keep]: 'no' } }, 'Keep'],
  ])('for %s', (_, what, distributionProvider) => {
    expect(derivationOf(cluster(what))).toEqual({
      state: 'issuer',
      region: 'eu-central-1',
      domain,
      distributionProvider,
    });
  });
});

describe('wants nothing', () => {
  test.each<[string, Case]>([
    ['17 without the annotation', { release: '17.4.0' }],
    ['18.4 without the annotation', { release: '18.4.0', on: { [enableAlias]: '' } }],
    ['no release at all', {}],
  ])('for %s', (_, what) => {
    expect(derivationOf(cluster(what))).toEqual({ state: 'notOptedIn' });
  });
});

describe('says that it is not supported', () => {
  test.each<[string, Case, string]>([
    ['16, which has no row', { release: '16.0.0', on: { [optIn]: '' } }, '16.0.0'],
    ['17, with its public bucket', { release: '17.4.0', on: { [optIn]: '' } }, '17.4.0'],
    ['18.3, with the distribution’s name', { release: '18.3.9', on: { [optIn]: '', [enableAlias]: '' } }, '18.3.9'],
    ['18.4 without the alias', { release: '18.4.0', on: { [optIn]: '' } }, enableAlias],
    ['18 in China', { release: '18.4.0', region: 'cn-north-1', on: { [optIn]: '', [enableAlias]: '' } }, 'cn-north-1'],
    ['19 in China', { release: '19.0.0', region: 'cn-northwest-1' }, 'cn-northwest-1'],
    ['19 in GovCloud', { release: '19.0.0', region: 'us-gov-west-1' }, 'us-gov-west-1'],
    ['no release', { on: { [optIn]: '' } }, labels.release],
    ['a release that is none', { release: 'latest', on: { [optIn]: '' } }, 'latest'],
  ])('for %s', (_, what, message) => {
    expect(derivationOf(cluster(what))).toEqual({ state: 'notSupported', message: expect.stringContaining(message) });
  });
});

test.each([
  ['spec.provider.region', { cluster: { dns: { domain } } }],
  ['spec.cluster.dns.domain', { provider: { region: 'eu-central-1' } }],
  ['spec.provider.region', {}],
])('says that %s is missing', (field, spec) => {
  expect(derivationOf({ ...cluster({ release: '19.0.0' }), spec })).toEqual({
    state: 'incomplete',
    message: expect.stringContaining(field),
  });
});

test('derives names that a cluster of the older operator has already', () => {
  const made = derivedIssuer(
    cluster({ release: '19.0.0' }),
    { state: 'issuer', region: 'eu-central-1', domain, distributionProvider: 'Keep' },
    { roleARN: 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator', accountID: '111122223333' },
  );
  expect(made.metadata).toEqual({
    namespace: 'org-acme',
    name: 'abcl0',
    labels: { 'irsa.giantswarm.io/aws-cluster': 'abcl0' },
  });
  expect(made.spec).toEqual({
    region: 'eu-central-1',
    account: { roleARN: 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator' },
    hosting: { cloudFront: { alias: `irsa.abcl0.k8s.${domain}`, distributionProvider: 'Keep' } },
    bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity-v2' },
    signingKeys: { generate: { secretName: 'abcl0-service-account-v2' } },
    cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } },
    tags: {
      'giantswarm.io/cluster': 'abcl0',
      'giantswarm.io/installation': 'gauss',
      'giantswarm.io/organization': 'acme',
      'kubernetes.io/cluster/abcl0': 'owned',
    },
  });
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
