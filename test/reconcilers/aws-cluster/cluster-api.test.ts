import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import { annotations, labels } from '../../../src/api/names.ts';
import { awsClusterRoleIdentities, clusters, configMaps, namespaces } from '../../../src/api/resources.ts';
import { ClusterApiSource } from '../../../src/controllers/aws-cluster/cluster-api.ts';
import type { Derivation } from '../../../src/controllers/aws-cluster/source.ts';
import { World } from '../world.ts';

const { optIn } = annotations;
const roleARN = 'arn:aws:iam::111122223333:role/capa';
const identityRef = { kind: 'AWSClusterRoleIdentity', name: 'acme' };

interface Case {
  readonly name?: string;
  readonly spec?: object;
  readonly on?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the AWSClusterRoleIdentity. */
  readonly identity?: object;
  readonly endpoint?: string;
  readonly values?: string;
}

function derive({
  name,
  spec = {},
  on = { [optIn]: '' },
  labels: its = {},
  identity,
  endpoint,
  values,
}: Case): Promise<Derivation> {
  const world = new World();
  const { kube } = world;
  const metadata = { namespace: '', name: 'acme' };
  kube.seed(awsClusterRoleIdentities, { metadata, spec: identity ?? { roleARN, allowedNamespaces: {} } });
  kube.seed(namespaces, { metadata: { namespace: '', name: 'org-acme', labels: { team: 'acme' } } });
  const ref = { namespace: 'org-acme', name: 'abcl0' };
  const host = endpoint ?? 'api.abcl0.gauss.example.com';
  kube.seed(clusters, { metadata: ref, spec: { controlPlaneEndpoint: { host, port: 443 } } });
  if (values !== undefined) {
    kube.seed(configMaps, { metadata: { ...ref, name: 'abcl0-cluster-values' }, data: { values } });
  }
  const cluster: AWSCluster = {
    apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta2',
    kind: 'AWSCluster',
    metadata: {
      ...ref,
      ...(name !== undefined && { name }),
      uid: 'uid',
      resourceVersion: '1',
      annotations: on,
      labels: its,
    },
    spec: { region: 'eu-central-1', identityRef, ...spec },
  };
  return new ClusterApiSource(world).derive(cluster);
}

test('makes an issuer from the cluster, its endpoint, its identity and its keys', async () => {
  expect(await derive({ spec: { additionalTags: { team: 'web' } } })).toEqual({
    state: 'issuer',
    desired: {
      metadata: {
        namespace: 'org-acme',
        name: 'abcl0',
        labels: {
          'irsa.giantswarm.io/aws-cluster': 'abcl0',
          'irsa.giantswarm.io/aws-cluster-group': 'infrastructure.cluster.x-k8s.io',
        },
      },
      spec: {
        region: 'eu-central-1',
        account: { roleARN },
        hosting: { cloudFront: { alias: 'irsa.abcl0.gauss.example.com' } },
        bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity-v3' },
        signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.crt' } },
        cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } },
        tags: { team: 'web' },
      },
    },
  });
});

const aliasOf = (alias: string) => ({ state: 'issuer', desired: { spec: { hosting: { cloudFront: { alias } } } } });

test.each<[string, Case, object]>([
  [
    'the domain of its values rather than of its endpoint',
    { values: 'baseDomain: abcl0.other.example.com\nrest: {}\n' },
    aliasOf('irsa.abcl0.other.example.com'),
  ],
  [
    'Giant Swarm’s tags, above the user’s, if it has a release of theirs',
    {
      labels: { [labels.release]: '29.0.0' },
      on: {},
      spec: { additionalTags: { 'giantswarm.io/cluster': 'x', a: 'b' } },
    },
    {
      desired: {
        spec: {
          tags: {
            a: 'b',
            'giantswarm.io/cluster': 'abcl0',
            'giantswarm.io/installation': 'gauss',
            'giantswarm.io/organization': 'acme',
            'kubernetes.io/cluster/abcl0': 'owned',
          },
        },
      },
    },
  ],
  [
    'a public bucket in China, without a domain',
    { spec: { region: 'cn-north-1' }, endpoint: '' },
    { desired: { spec: { hosting: { s3: {} }, bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity-v3' } } } },
  ],
])('takes %s', async (_, what, derivation) => {
  expect(await derive(what)).toMatchObject(derivation);
});

test('is called by its cluster where Cluster API gave it a name of its own', async () => {
  expect(await derive({ name: 'abcl0-x7k2p', labels: { [labels.clusterName]: 'abcl0' } })).toMatchObject({
    desired: {
      metadata: { name: 'abcl0-x7k2p' },
      spec: {
        clusterName: 'abcl0',
        hosting: { cloudFront: { alias: 'irsa.abcl0.gauss.example.com' } },
        bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity-v3' },
        signingKeys: { secretRef: { name: 'abcl0-sa' } },
        cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig' } },
      },
    },
  });
});

test('wants nothing for a cluster that does not opt in', async () => {
  expect(await derive({ on: {} })).toEqual({ state: 'notOptedIn' });
});

describe('says what is wrong', () => {
  test.each<[string, Case, string, string]>([
    ['no region', { spec: { region: undefined } }, 'Incomplete', 'spec.region'],
    ['no identity', { spec: { identityRef: undefined } }, 'Incomplete', 'spec.identityRef'],
    [
      'static keys',
      { spec: { identityRef: { kind: 'AWSClusterStaticIdentity', name: 'acme' } } },
      'IdentityNotSupported',
      'AWSClusterStaticIdentity',
    ],
    [
      "the controller's identity",
      { spec: { identityRef: { kind: 'AWSClusterControllerIdentity', name: 'default' } } },
      'IdentityNotSupported',
      'AWSClusterControllerIdentity',
    ],
    [
      'an identity that does not exist',
      { spec: { identityRef: { ...identityRef, name: 'later' } } },
      'IdentityNotFound',
      'AWSClusterRoleIdentity later',
    ],
    ['an identity without a role', { identity: { allowedNamespaces: {} } }, 'InvalidIdentity', 'spec.roleARN'],
    ['no domain anywhere', { endpoint: 'x.elb.amazonaws.com' }, 'Incomplete', 'abcl0-cluster-values'],
    ['values without a domain', { values: 'other: 1' }, 'Incomplete', 'baseDomain'],
    ['values that are no YAML', { values: '{' }, 'Incomplete', 'baseDomain'],
  ])('for %s', async (_, what, reason, message) => {
    expect(await derive(what)).toMatchObject({
      state: 'waiting',
      event: { type: 'Warning', reason, message: expect.stringContaining(message) },
    });
  });
});

describe('an identity admits the namespace org-acme', () => {
  test.each<[string, object | undefined, boolean]>([
    ['by no word about namespaces', undefined, false],
    ['by an empty word', {}, true],
    ['by an empty selector alone', { selector: {} }, true],
    ['by an empty list', { list: [] }, false],
    ['by a list with it', { list: ['other', 'org-acme'], selector: {} }, true],
    ['by a list without it', { list: ['other'], selector: {} }, false],
    ['by a label that it has', { selector: { matchLabels: { team: 'acme' } } }, true],
    ['by a label that it lacks', { selector: { matchLabels: { team: 'other' } } }, false],
    [
      'by a list without it and a label that it has',
      { list: ['other'], selector: { matchLabels: { team: 'acme' } } },
      true,
    ],
  ])('%s', async (_, allowedNamespaces, isAdmitted) => {
    const derivation = await derive({ identity: { roleARN, ...(allowedNamespaces && { allowedNamespaces }) } });
    if (isAdmitted) expect(derivation.state).toBe('issuer');
    else expect(derivation).toMatchObject({ state: 'waiting', event: { reason: 'IdentityNotAllowed' } });
  });
});
