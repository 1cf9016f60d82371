import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import type { OIDCIssuer } from '../../../src/api/kinds.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { annotations, awsClusterGroupLabel, awsClusterLabel, finalizer, labels } from '../../../src/api/names.ts';
import {
  awsClusterRoleIdentities,
  awsClusters,
  capiAWSClusters,
  clusters,
  configMaps,
  oidcIssuers,
  secrets,
  type Resource,
} from '../../../src/api/resources.ts';
import { ClusterApiSource } from '../../../src/controllers/aws-cluster/cluster-api.ts';
import type { Source } from '../../../src/controllers/aws-cluster/source.ts';
import { GiantSwarmSource } from '../../../src/controllers/aws-cluster/giant-swarm.ts';
import { AwsClusterReconciler } from '../../../src/controllers/aws-cluster/reconciler.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { KubeEvents } from '../../../src/runtime/events.ts';
import type { DesiredObject } from '../../../src/runtime/kube-client.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import type { FakeKube } from '../../fakes/kube.ts';
import { turn } from '../../fakes/turn.ts';
import { World } from '../world.ts';

const ref = { namespace: 'org-acme', name: 'abcl0' };
const configMapRef = { namespace: 'org-acme', name: 'abcl0-irsa-cloudfront' };
const roleARN = 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator';
const { optIn, enableAlias, paused, deleteForMove } = annotations;

interface SentEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly namespace: string; readonly name: string };
}

interface Changes {
  readonly release?: string;
  readonly on?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

/** A management cluster with one AWSCluster of release 18.4 that opted in, and its credential Secret. */
class Story extends World {
  readonly #reconciler: AwsClusterReconciler;
  /** Takes what the real event recorder sends, which decides what is a repetition. */
  readonly #recorder = Object.assign(Object.create(this.kube) as FakeKube, {
    create: async (_resource: Resource, event: DesiredObject) => {
      const { type, reason, note, regarding } = event as unknown as SentEvent;
      const about = `${regarding.kind}/${regarding.namespace}/${regarding.name}`;
      this.said.push({ type, reason, message: note, about });
    },
  });

  constructor(changes: Changes = {}) {
    super();
    this.seedSecret('credential-acme', { 'aws.awsoperator.arn': `${roleARN}\n` }, 'giantswarm');
    this.seedCluster(changes);
    this.#reconciler = this.reconcilerOf(new GiantSwarmSource(this));
  }

  protected reconcilerOf(source: Source): AwsClusterReconciler {
    return new AwsClusterReconciler(source, {
      kube: this.kube,
      intervals: this.settings.intervals,
      clock: this.clock,
      events: new KubeEvents({ client: this.#recorder, clock: this.clock, logger: this.logger, instance: 'pod-1' }),
    });
  }

  seedCluster({
    release = '18.4.0',
    on = { [optIn]: '', [enableAlias]: '' },
    labels: more = {},
    spec = {},
  }: Changes = {}) {
    this.kube.seed(awsClusters, {
      metadata: { ...ref, annotations: on, labels: { [labels.release]: release, ...more }, finalizers: ['other'] },
      spec: {
        cluster: { dns: { domain: 'gauss.example.com' } },
        provider: { region: 'eu-central-1', credentialSecret: { name: 'credential-acme', namespace: 'giantswarm' } },
        ...spec,
      },
    });
  }

  reconcile() {
    return this.#reconciler.reconcile(ref, turn());
  }

  get cluster() {
    return this.kube.get<AWSCluster>(awsClusters, ref);
  }

  get issuer() {
    return this.kube.get<OIDCIssuer>(oidcIssuers, ref);
  }

  get configMap() {
    return this.kube.get<KubernetesObject & { data: Record<string, string> }>(configMaps, configMapRef);
  }

  /** As the OIDCIssuer's own controller reports. */
  issuerIsReady(): Promise<void> {
    return this.issuerSays({ status: 'True', reason: 'Provisioned', message: '' });
  }

  async issuerSays(ready: { status: string; reason: string; message: string }): Promise<void> {
    const status = {
      issuerURL: 'https://irsa.abcl0.k8s.gauss.example.com',
      sites: [
        {
          url: 'https://irsa.abcl0.k8s.gauss.example.com',
          hosting: 'CloudFront',
          phase: 'Current',
          since: '2030-01-01T00:00:00Z',
          distribution: { id: 'E1', arn: 'arn:E1', domainName: 'd1.cloudfront.net', state: 'Deployed' },
        },
      ],
      conditions: [{ type: 'Ready', ...ready, lastTransitionTime: '2030-01-01T00:00:00Z' }],
    };
    await this.kube.patch(oidcIssuers, ref, { status }, { subresource: 'status' });
  }

  annotate(changes: Readonly<Record<string, string | null>>): void {
    this.kube.edit(awsClusters, ref, { metadata: { annotations: changes } });
  }

  get saidReasons(): string[] {
    return this.said.map(({ reason, about }) => `${reason} on ${about.split('/')[0]}`);
  }
}

test('makes the issuer of an AWSCluster that opts in, labelled and without an owner, after its own finalizer', async () => {
  const story = new Story();
  await story.reconcile();
  expect(story.cluster?.metadata.finalizers).toEqual(['other', finalizer]);
  expect(story.issuer?.metadata.labels).toEqual({
    [awsClusterLabel]: 'abcl0',
    [awsClusterGroupLabel]: 'infrastructure.giantswarm.io',
  });
  expect(story.issuer?.metadata).not.toHaveProperty('ownerReferences');
  expect(story.issuer?.spec).toMatchObject({
    account: { roleARN },
    hosting: { cloudFront: { alias: 'irsa.abcl0.k8s.gauss.example.com' } },
    bucket: { name: '111122223333-g8s-abcl0-oidc-pod-identity-v2' },
  });
  expect(story.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
    'patch awsclusters',
    'apply oidcissuers',
  ]);
});

test('loses no finalizer of the AWSCluster that somebody else set at the same moment', async () => {
  const story = new Story();
  const finalizers = ['other', 'new.example/it'];
  story.kube.afterNextFind(oidcIssuers, () => story.kube.edit(awsClusters, ref, { metadata: { finalizers } }));
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.cluster?.metadata.finalizers).toEqual(finalizers);
});

test('writes nothing in a second pass', async () => {
  const story = new Story();
  await story.reconcile();
  await story.issuerIsReady();
  await story.reconcile();
  story.forget();
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
  expect(story.said).toEqual([]);
});

test('puts back what it derives, and leaves what users added', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.edit(oidcIssuers, ref, {
    spec: { region: 'us-east-1', tags: { team: 'web', 'giantswarm.io/cluster': 'x' }, deletionPolicy: 'Retain' },
  });
  await story.reconcile();
  expect(story.issuer?.spec).toMatchObject({
    region: 'eu-central-1',
    tags: { team: 'web', 'giantswarm.io/cluster': 'abcl0' },
    deletionPolicy: 'Retain',
  });
});

test('replaces a hosting that a user patched, as a whole', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.edit(oidcIssuers, ref, { spec: { hosting: { s3: {} } } });
  await story.reconcile();
  expect(story.issuer?.spec.hosting).toEqual({
    cloudFront: { alias: 'irsa.abcl0.k8s.gauss.example.com', distributionProvider: 'Keep' },
  });
});

describe('makes nothing, and no finalizer', () => {
  test.each<[string, Changes, string[]]>([
    ['without opt-in, silently', { on: {} }, []],
    ['for release 16', { release: '16.0.0', on: { [optIn]: '' } }, ['ReleaseNotSupported on AWSCluster']],
    ['without a region', { spec: { provider: {} } }, ['Incomplete on AWSCluster']],
    ['without a credential Secret', { spec: { provider: { region: 'eu-central-1' } } }, ['Incomplete on AWSCluster']],
    [
      'before its credential Secret is there',
      { spec: { provider: { region: 'eu-central-1', credentialSecret: { name: 'later', namespace: 'giantswarm' } } } },
      ['SecretNotFound on AWSCluster'],
    ],
    ['while it is paused', { on: { [optIn]: '', [enableAlias]: '', [paused]: 'true' } }, []],
    ['while it is being moved', { on: { [optIn]: '', [enableAlias]: '', [deleteForMove]: '' } }, []],
  ])('%s', async (_, changes, said) => {
    const story = new Story(changes);
    await story.reconcile();
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
    expect(story.saidReasons).toEqual(said);
  });

  test('where the credential Secret holds no role', async () => {
    const story = new Story();
    story.seedSecret('credential-acme', { 'aws.awsoperator.arn': 'no digits' }, 'giantswarm');
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
    expect(story.saidReasons).toEqual(['InvalidCredentialSecret on AWSCluster']);
  });

  test.each([
    ['of its own name', {}, 'abcl0'],
    ['of its label', { [labels.clusterName]: 'other' }, 'other'],
  ])('while the Cluster %s is paused', async (_, more, name) => {
    const story = new Story({ labels: more });
    story.kube.seed(clusters, { metadata: { ...ref, name }, spec: { paused: true } });
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
    story.kube.seed(clusters, { metadata: { ...ref, name }, spec: { paused: false } });
    await story.reconcile();
    expect(story.issuer).toBeDefined();
  });
});

test('is held by a paused Cluster also where only the older version of Cluster API is served', async () => {
  const story = new Story();
  story.kube.seed(clusters, { metadata: ref, spec: { paused: true } });
  const find = story.kube.find.bind(story.kube);
  story.kube.find = async (resource, name) => (resource === clusters ? undefined : find(resource, name));
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
});

test('from release 19 needs no annotation', async () => {
  const story = new Story({ release: '19.0.0', on: {} });
  await story.reconcile();
  expect(story.issuer).toBeDefined();
});

test('does not take over an OIDCIssuer of its name that somebody applied', async () => {
  const story = new Story();
  const theirs = { region: 'eu-west-1', hosting: { cloudFront: { alias: 'irsa.example.com' } } };
  story.kube.seed(oidcIssuers, { metadata: ref, spec: theirs });
  await story.reconcile();
  expect(story.issuer?.spec).toMatchObject(theirs);
  expect(story.kube.writes).toEqual([]);
  expect(story.saidReasons).toEqual(['IssuerNotOwned on AWSCluster']);
});

test('when the annotation is taken away, deletes nothing and says so once', async () => {
  const story = new Story();
  await story.reconcile();
  story.forget();
  story.annotate({ [optIn]: null });
  await story.reconcile();
  await story.reconcile();
  expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
  expect(story.kube.writes).toEqual([]);
  expect(story.saidReasons).toEqual(['OptInRemoved on AWSCluster']);
});

test('when the annotation is taken away and the issuer deleted, lets the AWSCluster go, and takes it again with the annotation', async () => {
  const story = new Story();
  await story.reconcile();
  story.annotate({ [optIn]: null });
  await story.reconcile();
  expect(story.cluster?.metadata.finalizers).toEqual(['other', finalizer]);
  story.kube.remove(oidcIssuers, ref);
  await story.reconcile();
  expect(story.cluster?.metadata.finalizers).toEqual(['other']);
  story.forget();
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
  story.annotate({ [optIn]: '' });
  await story.reconcile();
  expect(story.issuer).toBeDefined();
  expect(story.cluster?.metadata.finalizers).toEqual(['other', finalizer]);
});

describe('when the issuer is ready', () => {
  test('names it and its URL, once', async () => {
    const story = new Story();
    await story.reconcile();
    await story.issuerIsReady();
    await story.reconcile();
    await story.reconcile();
    expect(story.said).toEqual([
      {
        type: 'Normal',
        reason: 'IssuerReady',
        message: 'OIDCIssuer abcl0 is ready: https://irsa.abcl0.k8s.gauss.example.com',
        about: 'AWSCluster/org-acme/abcl0',
      },
    ]);
  });

  test('writes the ConfigMap that other tools read, owned by the issuer, and repairs it', async () => {
    const story = new Story();
    await story.reconcile();
    expect(story.configMap).toBeUndefined();
    await story.issuerIsReady();
    await story.reconcile();
    const data = {
      arn: 'arn:E1',
      domain: 'd1.cloudfront.net',
      distributionId: 'E1',
      domainAlias: 'irsa.abcl0.k8s.gauss.example.com',
    };
    expect(story.configMap?.data).toEqual(data);
    expect(story.configMap?.metadata).toMatchObject({
      ownerReferences: [{ kind: 'OIDCIssuer', name: 'abcl0', uid: story.issuer?.metadata.uid }],
    });
    story.kube.edit(configMaps, configMapRef, { data: { domain: 'other', extra: 'kept' } });
    await story.reconcile();
    expect(story.configMap?.data).toEqual({ ...data, extra: 'kept' });
  });
});

test('leaves a ConfigMap of that name alone that says nothing of a distribution', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.seed(configMaps, { metadata: configMapRef, data: { theirs: 'own' } });
  await story.issuerIsReady();
  await story.reconcile();
  expect(story.configMap?.data).toEqual({ theirs: 'own' });
  expect(story.configMap?.metadata).not.toHaveProperty('ownerReferences');
});

test('writes the ConfigMap no second time where somebody else owns it too, and again where we own it no more', async () => {
  const story = new Story();
  await story.reconcile();
  await story.issuerIsReady();
  await story.reconcile();
  const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: 'other' };
  const own = { apiVersion: 'irsa.giantswarm.io/v1alpha1', kind: 'OIDCIssuer', name: 'abcl0' };
  const ours = { ...own, uid: story.issuer?.metadata.uid };
  story.kube.edit(configMaps, configMapRef, { metadata: { ownerReferences: [other, ours] } });
  story.forget();
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
  story.kube.edit(configMaps, configMapRef, { metadata: { ownerReferences: [other] } });
  await story.reconcile();
  expect(story.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['apply configmaps']);
});

test('takes back what the AWSCluster asked for and does not ask for any more', async () => {
  const keep = { 'giantswarm.io/keep-irsa': '' };
  const story = new Story({ labels: keep });
  await story.reconcile();
  story.kube.edit(oidcIssuers, ref, { spec: { tags: { team: 'web' } } });
  expect(story.issuer?.spec.deletionPolicy).toBe('Retain');
  story.kube.edit(awsClusters, ref, { metadata: { labels: { 'giantswarm.io/keep-irsa': null } } });
  await story.reconcile();
  expect(story.issuer?.spec).toMatchObject({ deletionPolicy: 'Delete', tags: { team: 'web' } });
  story.forget();
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
});

describe('a cluster of the older operator', () => {
  const older = 'irsa-operator.finalizers.giantswarm.io/resource';
  const values = { ...ref, name: 'abcl0-cluster-values' };
  const pause = { 'giantswarm.io/pause-irsa-operator': 'true' };
  const adopt = { 'irsa.giantswarm.io/adopt': 'true' };

  function heldByOlder(): Story {
    const story = new Story();
    story.kube.edit(awsClusters, ref, { metadata: { finalizers: ['other', older] } });
    story.kube.seed(configMaps, { metadata: { ...values, finalizers: [older, 'theirs'] }, data: {} });
    return story;
  }

  test('is left to that one until that one is paused and the cluster is to be adopted', async () => {
    const story = heldByOlder();
    await story.reconcile();
    expect(story.saidReasons).toEqual(['OlderOperatorRuns on AWSCluster']);
    expect(story.kube.writes).toEqual([]);
    story.annotate(pause);
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
    story.annotate(adopt);
    await story.reconcile();
    expect(story.issuer).toBeDefined();
  });

  test('passes on what asks to adopt or to plan, and takes it back', async () => {
    const story = heldByOlder();
    const asked = { ...adopt, 'irsa.giantswarm.io/plan': 'true' };
    story.annotate({ ...pause, ...asked });
    await story.reconcile();
    expect(story.issuer?.metadata.annotations).toEqual(asked);
    await story.issuerIsReady();
    await story.reconcile();
    story.annotate({ 'irsa.giantswarm.io/adopt': null, 'irsa.giantswarm.io/plan': null });
    await story.reconcile();
    expect(story.issuer?.metadata.annotations ?? {}).toEqual({});
  });

  test('goes back to that one, as docs/taking-over.md says, and nothing of this one holds it', async () => {
    const story = heldByOlder();
    story.annotate({ ...pause, ...adopt });
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other', older, finalizer]);
    story.annotate({ 'giantswarm.io/pause-irsa-operator': null });
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other', older, finalizer]);
    story.kube.remove(oidcIssuers, ref);
    await story.reconcile();
    expect(story.issuer).toBeUndefined();
    expect(story.cluster?.metadata.finalizers).toEqual(['other', older]);
  });

  test('gets its finalizers taken away once the issuer is ready, and not before', async () => {
    const story = heldByOlder();
    story.annotate({ ...pause, ...adopt });
    await story.reconcile();
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other', older, finalizer]);
    await story.issuerIsReady();
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other', finalizer]);
    expect(story.kube.get<KubernetesObject>(configMaps, values)?.metadata.finalizers).toEqual(['theirs']);
    story.forget();
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
  });

  /** Deleted while its issuer was being adopted, and the issuer is gone by now. */
  async function deletedBeforeReady(on: Readonly<Record<string, string | null>> = {}): Promise<Story> {
    const story = heldByOlder();
    story.kube.edit(awsClusters, ref, { metadata: { finalizers: [older] } });
    story.annotate({ ...pause, ...adopt });
    await story.reconcile();
    story.annotate(on);
    story.kube.remove(awsClusters, ref);
    await story.reconcile();
    expect(story.issuer).toBeUndefined();
    expect(story.cluster?.metadata.finalizers).toEqual([older, finalizer]);
    return story;
  }

  test('is let go with its ConfigMap if it is deleted before the issuer was ready', async () => {
    const story = await deletedBeforeReady();
    await story.reconcile();
    expect(story.cluster).toBeUndefined();
    expect(story.kube.get<KubernetesObject>(configMaps, values)?.metadata.finalizers).toEqual(['theirs']);
  });

  test('is let go also if its ConfigMap went first', async () => {
    const story = await deletedBeforeReady();
    story.kube.edit(configMaps, values, { metadata: { finalizers: null } });
    story.kube.remove(configMaps, values);
    await story.reconcile();
    expect(story.cluster).toBeUndefined();
  });

  test('keeps our finalizer while the one of its ConfigMap cannot be taken away, and is let go in the next pass', async () => {
    const story = await deletedBeforeReady();
    story.kube.failNext('patch', new KubeError('has been modified', 409, 'Conflict'));
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.cluster?.metadata.finalizers).toEqual([older, finalizer]);
    await story.reconcile();
    expect(story.cluster).toBeUndefined();
  });

  test.each([
    ['runs again', { 'giantswarm.io/pause-irsa-operator': null }],
    ['is not to be succeeded any more', { 'irsa.giantswarm.io/adopt': null }],
  ])('keeps the finalizers of the older operator if that one %s', async (_, on) => {
    const story = await deletedBeforeReady(on);
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual([older]);
    expect(story.kube.get<KubernetesObject>(configMaps, values)?.metadata.finalizers).toEqual([older, 'theirs']);
  });
});

describe("Cluster API's AWSCluster", () => {
  /** A management cluster with one that opted in, and its identity. */
  class ClusterApiStory extends Story {
    readonly #own = this.reconcilerOf(new ClusterApiSource(this));

    constructor() {
      super();
      const spec = { roleARN, allowedNamespaces: {} };
      this.kube.seed(awsClusterRoleIdentities, { metadata: { namespace: '', name: 'acme' }, spec });
      const host = 'api.abcl0.gauss.example.com';
      this.kube.seed(clusters, { metadata: ref, spec: { controlPlaneEndpoint: { host } } });
    }

    seedOwn(): void {
      this.kube.seed(capiAWSClusters, {
        metadata: { ...ref, annotations: { [optIn]: '' } },
        spec: { region: 'eu-central-1', identityRef: { kind: 'AWSClusterRoleIdentity', name: 'acme' } },
      });
    }

    reconcileOwn() {
      return this.#own.reconcile(ref, turn());
    }
  }

  async function made(): Promise<ClusterApiStory> {
    const story = new ClusterApiStory();
    story.kube.remove(awsClusters, ref);
    story.kube.edit(awsClusters, ref, { metadata: { finalizers: null } });
    story.seedOwn();
    await story.reconcileOwn();
    return story;
  }

  test('gets an issuer, and nothing is written in a second pass', async () => {
    const story = await made();
    expect(story.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
      'patch awsclusters',
      'apply oidcissuers',
    ]);
    expect(story.issuer?.spec.hosting).toEqual({ cloudFront: { alias: 'irsa.abcl0.gauss.example.com' } });
    await story.issuerIsReady();
    await story.reconcileOwn();
    story.forget();
    await story.reconcileOwn();
    expect(story.kube.writes).toEqual([]);
  });

  test('has the data of the distribution in a Secret, as other tools read them', async () => {
    const story = await made();
    await story.issuerIsReady();
    await story.reconcileOwn();
    const secret = story.kube.get<KubernetesObject & { data: Record<string, string> }>(secrets, configMapRef);
    const decoded = Object.entries(secret?.data ?? {}).map(([key, text]) => [
      key,
      Buffer.from(text, 'base64').toString(),
    ]);
    expect(Object.fromEntries(decoded)).toEqual({
      arn: 'arn:E1',
      domain: 'd1.cloudfront.net',
      distributionId: 'E1',
      domainAlias: 'irsa.abcl0.gauss.example.com',
    });
  });

  test('is deleted once its issuer is gone, and lets the issuer live on when it is moved', async () => {
    const story = await made();
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: [finalizer] } });
    story.kube.remove(capiAWSClusters, ref);
    await story.reconcileOwn();
    expect(story.issuer?.metadata.deletionTimestamp).toBeDefined();
    expect(story.kube.get(capiAWSClusters, ref)).toBeDefined();
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
    await story.reconcileOwn();
    expect(story.kube.get(capiAWSClusters, ref)).toBeUndefined();

    const moved = await made();
    moved.kube.edit(capiAWSClusters, ref, { metadata: { annotations: { [deleteForMove]: '' } } });
    moved.kube.remove(capiAWSClusters, ref);
    await moved.reconcileOwn();
    expect(moved.issuer?.metadata.deletionTimestamp).toBeUndefined();
    expect(moved.kube.get(capiAWSClusters, ref)).toBeUndefined();
  });

  test('waits while its Cluster is paused', async () => {
    const story = new ClusterApiStory();
    story.seedOwn();
    story.kube.edit(clusters, ref, { spec: { paused: true } });
    await story.reconcileOwn();
    expect(story.issuer).toBeUndefined();
  });

  test('does not touch the issuer of Giant Swarm’s AWSCluster of the same name, nor is it touched by that one', async () => {
    const story = new ClusterApiStory();
    await story.reconcile();
    const before = story.issuer;
    story.seedOwn();
    await story.reconcileOwn();
    expect(story.issuer).toEqual(before);
    expect(story.saidReasons).toEqual(['IssuerNotOwned on AWSCluster']);

    const other = await made();
    await other.reconcile();
    expect(other.saidReasons).toEqual([]);
    expect(other.issuer?.spec.hosting).toEqual({ cloudFront: { alias: 'irsa.abcl0.gauss.example.com' } });
  });
});

describe('deletion', () => {
  async function deleted(on: Readonly<Record<string, string | null>> = {}): Promise<Story> {
    const story = new Story();
    await story.reconcile();
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: [finalizer] } });
    story.annotate(on);
    story.forget();
    story.kube.remove(awsClusters, ref);
    return story;
  }

  test('deletes the issuer and holds its finalizer until that is gone', async () => {
    const story = await deleted();
    expect(await story.reconcile()).toEqual({ requeueAfter: story.settings.intervals.dependents });
    await story.reconcile();
    expect(story.issuer?.metadata.deletionTimestamp).toBeDefined();
    expect(story.cluster?.metadata.finalizers).toContain(finalizer);
    expect(story.kube.writes.map(({ verb }) => verb)).toEqual(['patch', 'delete']);
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other']);
  });

  test('lets the AWSCluster go with one patch', async () => {
    const story = await deleted();
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
    story.kube.remove(oidcIssuers, ref);
    story.forget();
    await story.reconcile();
    await story.reconcile();
    expect(story.cluster?.metadata.finalizers).toEqual(['other']);
    expect(story.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['patch awsclusters']);
  });

  test('says what the issuer says that holds it', async () => {
    const story = await deleted();
    await story.reconcile();
    const message = 'ProvidersReady: still trusted by IAMServiceAccount s3-echoer';
    await story.issuerSays({ status: 'False', reason: 'Deleting', message });
    await story.reconcile();
    await story.reconcile();
    expect(story.said).toEqual([
      expect.objectContaining({
        reason: 'DeletionWaits',
        message: `the deletion waits for OIDCIssuer abcl0: ${message}`,
      }),
    ]);
  });

  const allowDeletion = 'irsa.giantswarm.io/allow-deletion';

  test('allows the issuer to go although roles use it, and not before', async () => {
    const story = await deleted();
    expect(story.issuer?.metadata.annotations?.[allowDeletion]).toBeUndefined();
    await story.reconcile();
    expect(story.issuer?.metadata.annotations?.[allowDeletion]).toBe('AWSCluster deleted');
  });

  test('allows it also where somebody deleted the issuer first, whose deletion waits for roles', async () => {
    const story = await deleted();
    story.kube.remove(oidcIssuers, ref);
    await story.reconcile();
    expect(story.issuer?.metadata.annotations?.[allowDeletion]).toBe('AWSCluster deleted');
  });

  test('leaves the word of somebody who refused it', async () => {
    const story = await deleted();
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { [allowDeletion]: 'false' } } });
    await story.reconcile();
    expect(story.issuer?.metadata.annotations?.[allowDeletion]).toBe('false');
  });

  test('deletes nothing where another issuer of that name came since', async () => {
    const story = await deleted();
    story.kube.failNext('patch', new KubeError('has been modified', 409, 'Conflict'));
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('deletes no issuer of that name that was made at the same moment', async () => {
    const story = await deleted();
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { [allowDeletion]: 'true' } } });
    story.kube.afterNextFind(oidcIssuers, () => {
      const { spec, metadata } = story.issuer ?? {};
      story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
      story.kube.remove(oidcIssuers, ref);
      const { labels: its = {}, annotations: on = {} } = metadata ?? {};
      story.kube.seed(oidcIssuers, { metadata: { ...ref, labels: its, annotations: on }, spec: { ...spec } });
    });
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.issuer).toBeDefined();
    expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('brings no finalizer back that somebody else took away at the same moment', async () => {
    const story = await deleted();
    story.kube.edit(oidcIssuers, ref, { metadata: { finalizers: null } });
    story.kube.remove(oidcIssuers, ref);
    const finalizers = story.cluster?.metadata.finalizers?.filter((name) => name !== 'other') ?? [];
    story.kube.afterNextFind(oidcIssuers, () => story.kube.edit(awsClusters, ref, { metadata: { finalizers } }));
    expect(await story.reconcile()).toEqual({ failed: true });
    await story.reconcile();
    expect(story.cluster).toBeUndefined();
  });

  test('is held while the AWSCluster is paused, and says so', async () => {
    const story = await deleted({ [paused]: '' });
    await story.reconcile();
    expect(story.saidReasons).toEqual(['DeletionPaused on AWSCluster']);
    expect(story.kube.writes).toEqual([]);
    expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('for a move leaves the issuer and lets the AWSCluster go', async () => {
    const story = await deleted({ [deleteForMove]: '', [paused]: '' });
    await story.reconcile();
    expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
    expect(story.cluster?.metadata.finalizers).toEqual(['other']);
  });

  test('does not touch an issuer that somebody applied', async () => {
    const story = await deleted();
    story.kube.edit(oidcIssuers, ref, { metadata: { labels: null } });
    await story.reconcile();
    expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
    expect(story.cluster?.metadata.finalizers).toEqual(['other']);
  });

  test('after the opt-in was taken away still takes the issuer along', async () => {
    const story = await deleted({ [optIn]: null });
    await story.reconcile();
    expect(story.issuer?.metadata.deletionTimestamp).toBeDefined();
  });
});

test('an AWSCluster that just vanished deletes nothing: an event on the issuer says so', async () => {
  const story = new Story();
  await story.reconcile();
  story.forget();
  story.kube.edit(awsClusters, ref, { metadata: { finalizers: null } });
  story.kube.remove(awsClusters, ref);
  expect(story.cluster).toBeUndefined();
  await story.reconcile();
  await story.reconcile();
  expect(story.issuer?.metadata.deletionTimestamp).toBeUndefined();
  expect(story.kube.writes).toEqual([]);
  expect(story.saidReasons).toEqual(['AWSClusterVanished on OIDCIssuer']);
});

test('comes back where the AWSCluster changed under it', async () => {
  const story = new Story();
  story.kube.failNext('patch', new KubeError('conflict', 409, 'Conflict'));
  expect(await story.reconcile()).toEqual({ failed: true });
  await story.reconcile();
  expect(story.issuer).toBeDefined();
});

describe('a state in which it waits', () => {
  const foreignIssuer = (story: Story) => {
    story.kube.seed(oidcIssuers, { metadata: ref, spec: { region: 'eu-central-1' } });
  };
  const later = { region: 'eu-central-1', credentialSecret: { name: 'later', namespace: 'giantswarm' } };

  test.each<[string, Changes, (story: Story) => void, string]>([
    ['a release without a row', { release: '16.0.0' }, () => {}, 'ReleaseNotSupported'],
    ['a missing region', { spec: { provider: {} } }, () => {}, 'Incomplete'],
    [
      'a missing Secret',
      { spec: { cluster: { dns: { domain: 'a.example.com' } }, provider: later } },
      () => {},
      'SecretNotFound',
    ],
    ["somebody else's issuer", {}, foreignIssuer, 'IssuerNotOwned'],
    [
      'an issuer that is refused',
      {},
      (story) => {
        story.kube.apply = () => Promise.reject(new KubeError('applying: 422 Invalid', 422, 'Invalid'));
      },
      'IssuerRefused',
    ],
  ])('is looked at again at least at the resync, and said again each hour: %s', async (_, changes, arrange, reason) => {
    const story = new Story(changes);
    const { resync } = story.settings.intervals;
    arrange(story);
    for (const until = story.clock.now().getTime() + hours(3); story.clock.now().getTime() < until;) {
      const { requeueAfter = Infinity } = await story.reconcile();
      expect(requeueAfter).toBeLessThanOrEqual(resync);
      await story.clock.advance(requeueAfter);
    }
    expect(story.saidReasons).toEqual(Array.from({ length: 3 }, () => `${reason} on AWSCluster`));
  });

  test('is looked at soon at first, and then less and less often', async () => {
    const story = new Story({ spec: { cluster: { dns: { domain: 'a.example.com' } }, provider: later } });
    const { missing, resync } = story.settings.intervals;
    expect(await story.reconcile()).toEqual({ requeueAfter: missing });
    await story.clock.advance(3 * missing);
    expect(await story.reconcile()).toEqual({ requeueAfter: 1.5 * missing });
    await story.clock.advance(2 * resync);
    expect(await story.reconcile()).toEqual({ requeueAfter: resync });
  });
});

test('says why the API server refuses the issuer, as where its alias gets too long', async () => {
  const story = new Story();
  story.kube.failNext('apply', new KubeError('spec.hosting.cloudFront.alias: Too long', 422, 'Invalid'));
  await story.reconcile();
  expect(story.said).toEqual([
    expect.objectContaining({ type: 'Warning', reason: 'IssuerRefused', message: expect.stringContaining('Too long') }),
  ]);
});
