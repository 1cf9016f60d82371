import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  oidcIssuers,
} from '../../../src/api/resources.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import type { FakeKube, Seed } from '../../fakes/kube.ts';
import { podIdentityWebhook } from '../world.ts';
import { issuerURL, ref, Story } from './story.ts';

const policies = mutatingAdmissionPolicies.v1;
const bindings = mutatingAdmissionPolicyBindings.v1;
const policyRef = { namespace: '', name: 'irsa-pod-identity' };
const bindingNames = ['irsa-pod-identity', 'irsa-pod-identity-annotated'];
const kubeconfigSecretRef = { name: 'abcl0-kubeconfig', key: 'value' };
const asking = (podIdentity?: 'Policy' | 'Webhook' | 'None') => ({
  cluster: { kubeconfigSecretRef, ...(podIdentity && { podIdentity }) },
});
const inCluster = { cluster: { inCluster: {}, podIdentity: 'Policy' as const } };
const forbidden = () => new KubeError('reading MutatingAdmissionPolicy: Forbidden', 403, 'Forbidden');
const silent = () => new KubeError('reading MutatingAdmissionPolicy: Unreachable', undefined, undefined);

interface Policy extends KubernetesObject {
  readonly spec: {
    readonly variables: readonly { readonly name: string; readonly expression: string }[];
    readonly matchConditions: readonly unknown[];
  };
}

let story: Story;
beforeEach(() => {
  story = new Story(asking('Policy'));
  story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
});

const policy = (cluster: FakeKube = story.workload) => cluster.get<Policy>(policies, policyRef);
const regionOf = (found: Policy | undefined) => found?.spec.variables.find(({ name }) => name === 'region')?.expression;
const usersOf = (found: Policy | undefined) => found?.metadata.annotations?.['irsa.giantswarm.io/pod-identity-for'];
const standing = (cluster: FakeKube = story.workload) =>
  [...cluster.all(policies), ...cluster.all(bindings)].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const all = [
  'MutatingAdmissionPolicy irsa-pod-identity',
  ...bindingNames.map((name) => `MutatingAdmissionPolicyBinding ${name}`),
];
const condition = () => story.condition('PodIdentityReady');
const takeWebhook = () => story.workload.remove(mutatingWebhookConfigurations, podIdentityWebhook.metadata);
const said = (reason: string) => story.said.filter((each) => each.reason === reason).map(({ message }) => message);
/** A policy that somebody else put there. */
const foreign = (change: object = {}): Seed => ({ metadata: { ...policyRef, ...change }, spec: { variables: [] } });

describe('an issuer that says Policy', () => {
  test('has the policy and its bindings in the cluster, with its region', async () => {
    await story.untilReady();
    expect(standing()).toEqual(all);
    expect(regionOf(policy())).toBe("'eu-central-1'");
    expect(usersOf(policy())).toBe('default/abcl0');
    expect(condition()).toMatchObject({ status: 'True', message: '' });
    expect(story.status.podIdentity).toBe('Policy');
  });

  test('records that before the first write to the cluster', async () => {
    story.workload.failNext('apply', silent());
    await story.reconcile();
    expect([story.status.podIdentity, standing()]).toEqual(['Policy', []]);
  });

  test('looks three times in a second pass, and writes nothing', async () => {
    await story.untilReady();
    story.forget();
    await story.reconcile();
    expect([story.workload.writes, story.kube.writes]).toEqual([[], []]);
    expect(story.workload.reads.map(({ resource }) => resource)).toEqual([
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
      'mutatingadmissionpolicybindings',
    ]);
  });

  test.each<[string, object]>([
    ['the region', { variables: [{ name: 'region', expression: "'us-east-1'" }] }],
    ['a condition that somebody added', { matchConditions: [{ name: 'never', expression: 'false' }] }],
    ['a field that somebody added', { matchConstraints: { excludeResourceRules: [{ resources: ['pods'] }] } }],
  ])('repairs %s', async (_, spec) => {
    await story.untilReady();
    const before = policy();
    story.workload.edit(policies, policyRef, { spec });
    await story.reconcile();
    expect(policy()?.spec).toEqual(before?.spec);
  });

  test('repairs a binding, and makes one anew', async () => {
    await story.untilReady();
    const before = story.workload.all(bindings).map((each) => ({ ...each, metadata: each.metadata.name }));
    const [first = '', second = ''] = bindingNames;
    story.workload.edit(bindings, { namespace: '', name: first }, { spec: { policyName: 'other' } });
    story.workload.remove(bindings, { namespace: '', name: second });
    await story.reconcile();
    expect(story.workload.all(bindings).map((each) => ({ ...each, metadata: each.metadata.name }))).toEqual(before);
  });

  test('leaves labels and annotations of others alone', async () => {
    await story.untilReady();
    story.workload.edit(policies, policyRef, { metadata: { labels: { team: 'a' } } });
    story.forget();
    await story.reconcile();
    expect(story.workload.writes).toEqual([]);
    expect(policy()?.metadata.labels).toMatchObject({ team: 'a' });
  });

  test('takes v1beta1 where v1 is not served, and says what else it needs', async () => {
    story.workload.unserved = ['v1 mutatingadmissionpolicies', 'v1 mutatingadmissionpolicybindings'];
    await story.untilReady();
    expect(policy()?.apiVersion).toBe('admissionregistration.k8s.io/v1beta1');
    expect(condition()?.message).toContain('--feature-gates=MutatingAdmissionPolicy=true');
  });

  test('waits where neither is served, says which versions do, and stops neither roles nor providers', async () => {
    story.workload.unserved = ['v1 mutatingadmissionpolicies', 'v1beta1 mutatingadmissionpolicies'];
    await story.until(() => story.condition('ProvidersReady')?.status === 'True');
    expect(condition()).toMatchObject({
      status: 'False',
      reason: 'PolicyNotServed',
      message: expect.stringContaining('Kubernetes 1.36'),
    });
    expect(story.workload.writes).toEqual([]);
    story.workload.unserved = [];
    await story.untilReady();
  });

  test.each([403, 422])('says the command where the cluster refuses with %i', async (status) => {
    story.workload.failNext('apply', new KubeError('applying: Failed', status, undefined));
    await story.until(() => story.condition('ProvidersReady')?.status === 'True' || condition() !== undefined);
    expect(condition()).toMatchObject({
      status: 'False',
      reason: 'AccessDenied',
      message: expect.stringMatching(/kubectl apply -k config\/components\/pod-identity in cluster abcl0/),
    });
    await story.untilReady();
  });

  test('waits for the Secret with the kubeconfig', async () => {
    story.edit({ cluster: { kubeconfigSecretRef: { name: 'later', key: 'value' } } });
    await story.reconcile();
    expect(condition()).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
    expect(story.condition('BucketReady')).toMatchObject({ status: 'True' });
    story.seedSecret('later', { value: story.kubeconfig });
    await story.untilReady();
  });

  test('keeps its word for ten minutes while the cluster does not answer, and the providers stay', async () => {
    await story.untilReady();
    story.workload.failNext('find', silent());
    await story.reconcile();
    expect(condition()).toMatchObject({ status: 'True', message: expect.stringContaining('Unreachable') });
    await story.clock.advance(minutes(11));
    story.workload.failNext('find', silent());
    await story.reconcile();
    expect(condition()).toMatchObject({ status: 'Unknown', reason: 'ClusterUnreachable' });
    expect(story.account.providers.size).toBe(1);
  });

  test('survives nonsense in place of a policy', async () => {
    story.workload.seed(policies, { metadata: { ...policyRef, annotations: 'none' as never }, spec: 7 });
    await story.reconcile();
    expect(condition()).toMatchObject({ status: 'False' });
    expect(story.condition('BucketReady')).toMatchObject({ status: 'True' });
    expect(story.workload.writes).toEqual([]);
  });

  test('comes back once after a kill behind each write', async () => {
    for (let killed = 0; killed < 3; killed++) {
      const again = new Story(asking('Policy'));
      again.seedSecret('abcl0-kubeconfig', { value: again.kubeconfig });
      let writes = 0;
      again.workload.gate = (_, act) => {
        const done = act();
        if (writes++ === killed) throw silent();
        return done;
      };
      await again.untilReady();
      again.workload.gate = (_, act) => act();
      again.loseStatus();
      again.restart();
      await again.untilReady();
      expect(standing(again.workload)).toEqual(all);
    }
  });

  test('says in a plan what it would write, and writes nothing', async () => {
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': 'true' } } });
    await story.reconcile();
    expect(story.status.plan).toContain('applying MutatingAdmissionPolicy irsa-pod-identity of cluster abcl0');
    expect(story.workload.writes).toEqual([]);
  });

  test("may be in the operator's own cluster, and the command is for that one", async () => {
    story = new Story(inCluster);
    story.kube.failNext('apply', forbidden());
    await story.reconcile();
    expect(condition()?.message).toMatch(/kubectl apply -k config\/components\/pod-identity$/);
    await story.untilReady();
    expect(standing(story.kube)).toEqual(all);
    expect(story.workload.writes).toEqual([]);
  });
});

describe('a policy that is somebody else’s', () => {
  const owner = {
    'irsa.giantswarm.io/installation': 'test',
    'irsa.giantswarm.io/owner': 'irsa-pod-identity',
    'irsa.giantswarm.io/home': 'home-of-test',
  };

  test.each<[string, object, string]>([
    ['applied by hand', {}, 'NotOwned'],
    ['of another installation', { annotations: { ...owner, 'irsa.giantswarm.io/installation': 'other' } }, 'NotOwned'],
    ['of another home', { annotations: { ...owner, 'irsa.giantswarm.io/home': 'x' } }, 'OwnedByAnotherCluster'],
  ])('%s is left alone, also when the issuer goes', async (_, metadata, reason) => {
    story.workload.seed(policies, foreign(metadata));
    await story.until(() => story.condition('ProvidersReady')?.status === 'True');
    expect(condition()).toMatchObject({ status: 'False', reason });
    story.delete();
    await story.untilGone();
    expect(story.workload.writes).toEqual([]);
    expect(standing()).toEqual(all.slice(0, 1));
  });

  test('is taken where both sides ask for that', async () => {
    const annotations = { 'irsa.giantswarm.io/adopt': 'irsa-pod-identity' };
    story.workload.seed(policies, foreign({ annotations }));
    story.adoptMe();
    await story.untilReady();
    expect(regionOf(policy())).toBe("'eu-central-1'");
  });

  test('is taken from a home that is taken over', async () => {
    story.workload.seed(policies, foreign({ annotations: { ...owner, 'irsa.giantswarm.io/home': 'x' } }));
    story.settings.takeOver = ['x'];
    await story.untilReady();
    expect(policy()?.metadata.annotations).toMatchObject(owner);
  });

  test('may hold only a binding', async () => {
    story.workload.seed(bindings, {
      metadata: { namespace: '', name: 'irsa-pod-identity' },
      spec: { policyName: 'x' },
    });
    await story.until(() => story.condition('ProvidersReady')?.status === 'True');
    expect(condition()).toMatchObject({ reason: 'NotOwned', message: expect.stringContaining('PolicyBinding') });
  });
});

describe('a policy that is wanted no more', () => {
  test.each<[string, () => void]>([
    ['because the issuer is deleted', () => story.delete()],
    ['because the issuer says Webhook', () => story.edit(asking('Webhook'))],
    ['because the issuer says None', () => story.edit({ cluster: { podIdentity: 'None' } })],
  ])('is removed %s, and an event says that running pods lose nothing', async (_, act) => {
    await story.untilReady();
    act();
    await story.until(() => standing().length === 0);
    expect(said('PodIdentityRemoved')).toEqual([expect.stringContaining('running pods keep their credentials')]);
    await story.reconcile();
    expect(story.status.podIdentity).toBeUndefined();
    expect(said('PodIdentityRemoved')).toHaveLength(1);
  });

  test('stays while the webhook that the issuer names is not there', async () => {
    await story.untilReady();
    takeWebhook();
    story.edit({ cluster: { podIdentity: 'Webhook' } });
    await story.untilReady();
    expect(standing()).toEqual(all);
    expect(condition()?.message).toContain('it stays');
    story.workload.seed(mutatingWebhookConfigurations, podIdentityWebhook);
    await story.reconcile();
    expect(standing()).toEqual([]);
  });

  test('takes the condition with it where the issuer says None', async () => {
    await story.untilReady();
    story.edit({ cluster: { podIdentity: 'None' } });
    await story.untilReady();
    expect(condition()).toBeUndefined();
    story.forget();
    await story.reconcile();
    expect([story.workload.reads, story.workload.writes]).toEqual([[], []]);
  });

  test('is left with an event where the way to the cluster is gone', async () => {
    await story.untilReady();
    story.edit({ cluster: null });
    await story.reconcile();
    expect(said('PodIdentityLeft')).toEqual([expect.stringContaining('spec.cluster')]);
    expect([story.status.podIdentity, standing()]).toEqual([undefined, all]);
  });

  test.each([
    ['does not answer', silent],
    ['refuses us', forbidden],
    ['calls everything a conflict', () => new KubeError('409', 409, 'Conflict')],
  ])(
    'holds the deletion for ten minutes where the cluster %s, and then an event says what is left',
    async (_, failure) => {
      await story.untilReady();
      story.workload.find = () => Promise.reject(failure());
      story.delete();
      await story.reconcile();
      expect(story.condition('Ready')?.message).toContain('PodIdentityReady: the cluster');
      expect(story.account.providers.size).toBe(1);
      await story.clock.advance(minutes(11));
      await story.untilGone();
      expect(said('PodIdentityLeft')).toHaveLength(1);
      expect(story.leftovers).toEqual([]);
    },
  );

  test('is gone already', async () => {
    await story.untilReady();
    for (const name of bindingNames) story.workload.remove(bindings, { namespace: '', name });
    story.workload.remove(policies, policyRef);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('goes in the end wherever the removal was cut off', async () => {
    for (let cut = 0; cut < 3; cut++) {
      const again = new Story(asking('Policy'));
      again.seedSecret('abcl0-kubeconfig', { value: again.kubeconfig });
      await again.untilReady();
      let writes = 0;
      again.workload.gate = (_, act) => {
        const done = act();
        if (writes++ === cut) throw silent();
        return done;
      };
      again.delete();
      await again.untilGone();
      expect([standing(again.workload), again.leftovers]).toEqual([[], []]);
    }
  });
});

describe('another issuer that wants the policy in the same cluster', () => {
  const other = (change: object = {}) => ({
    metadata: { namespace: 'default', name: 'other' },
    spec: {
      region: 'us-east-1',
      hosting: { s3: {} },
      cluster: { kubeconfigSecretRef, podIdentity: 'Policy', ...change },
    },
  });
  const joins = (users: string) =>
    story.workload.edit(policies, policyRef, {
      metadata: { annotations: { 'irsa.giantswarm.io/pod-identity-for': users } },
    });

  test('keeps it when the first goes', async () => {
    await story.untilReady();
    story.kube.seed(oidcIssuers, other());
    joins('default/abcl0,default/other');
    story.delete();
    await story.untilGone();
    expect(standing()).toEqual(all);
    expect(usersOf(policy())).toBe('default/other');
    expect(said('PodIdentityKept')).toHaveLength(1);
  });

  test.each<[string, object | undefined]>([
    ['does not exist any more', undefined],
    ['says Webhook by now', { podIdentity: 'Webhook' }],
  ])('does not keep it if it %s', async (_, change) => {
    await story.untilReady();
    if (change) story.kube.seed(oidcIssuers, other(change));
    joins('default/other,default/abcl0');
    story.delete();
    await story.untilGone();
    expect(standing()).toEqual([]);
  });

  test('is believed if it is of a namespace that is none of our business', async () => {
    await story.untilReady();
    joins('default/abcl0,elsewhere/other');
    story.forget();
    story.delete();
    await story.untilGone();
    expect(usersOf(policy())).toBe('elsewhere/other');
    expect(story.kube.reads.some(({ ref: { namespace } }) => namespace === 'elsewhere')).toBe(false);
  });

  test('decides about the region if it came first, and the condition says so', async () => {
    story.kube.seed(oidcIssuers, other());
    await story.untilReady();
    joins('default/other');
    story.workload.edit(policies, policyRef, {
      spec: {
        variables: policy()!.spec.variables.map((each) =>
          each.name === 'region' ? { ...each, expression: "'us-east-1'" } : each,
        ),
      },
    });
    await story.reconcile();
    expect([usersOf(policy()), regionOf(policy())]).toEqual(['default/other,default/abcl0', "'us-east-1'"]);
    expect(condition()).toMatchObject({ status: 'True', message: expect.stringContaining('us-east-1') });
    story.forget();
    await story.reconcile();
    expect(story.workload.writes).toEqual([]);
  });

  test('that asks in the moment of the removal is not overlooked', async () => {
    await story.untilReady();
    story.workload.afterNextFind(policies, () => joins('default/abcl0,elsewhere/other'));
    story.delete();
    await story.untilGone();
    expect(usersOf(policy())).toBe('elsewhere/other');
  });
});

describe('an issuer that says Webhook, or nothing', () => {
  beforeEach(() => story.apply(asking()));

  test('is ready after one look if the webhook is there', async () => {
    await story.untilReady();
    expect(condition()).toMatchObject({ status: 'True', message: '' });
    story.forget();
    await story.reconcile();
    expect([story.workload.reads.length, story.workload.writes]).toEqual([1, []]);
  });

  test.each<[string, object]>([
    ['configuration', { metadata: { namespace: '', name: 'amazon-eks-pod-identity-webhook' } }],
    [
      'service',
      {
        webhooks: [
          { ...podIdentityWebhook.webhooks[0], name: 'x', clientConfig: { service: { name: 'pod-identity-webhook' } } },
        ],
      },
    ],
    [
      'webhook, in older manifests',
      { webhooks: [{ ...podIdentityWebhook.webhooks[0], name: 'iam-for-pods.amazonaws.com' }] },
    ],
  ])('finds a webhook by the name of its %s', async (_, change) => {
    takeWebhook();
    story.workload.seed(mutatingWebhookConfigurations, {
      ...podIdentityWebhook,
      metadata: { namespace: '', name: 'other' },
      ...change,
    });
    await story.untilReady();
    expect(condition()).toMatchObject({ status: 'True' });
  });

  test.each<[string, object]>([
    [
      'of another name',
      { metadata: { namespace: '', name: 'other' }, webhooks: [{ ...podIdentityWebhook.webhooks[0], name: 'x' }] },
    ],
    ['for other objects', { webhooks: [{ name: 'x', rules: [{ operations: ['CREATE'], resources: ['secrets'] }] }] }],
    ['for changes alone', { webhooks: [{ name: 'x', rules: [{ operations: ['UPDATE'], resources: ['pods'] }] }] }],
    ['that is nonsense', { webhooks: { rules: 7 } }],
  ])('takes no webhook %s for it, and says what to do', async (_, change) => {
    takeWebhook();
    story.workload.issuerURL = issuerURL;
    story.workload.seed(mutatingWebhookConfigurations, { ...podIdentityWebhook, ...change });
    await story.until(() => story.condition('ProvidersReady')?.status === 'True');
    expect(condition()).toMatchObject({
      status: 'False',
      reason: 'NoPodIdentity',
      message: expect.stringContaining('spec.cluster.podIdentity: Policy'),
    });
    await story.clock.advance(minutes(11));
    await story.reconcile();
    expect(story.condition('Stalled')).toMatchObject({ reason: 'NoPodIdentity' });
  });

  test.each([undefined, 'https://kubernetes.default.svc'])(
    'is ready without a webhook while the tokens carry %s, and says what will be needed',
    async (carried) => {
      takeWebhook();
      story.workload.issuerURL = carried;
      await story.untilReady();
      expect(condition()?.message).toMatch(/spec\.cluster\.podIdentity: Policy.*do not carry this issuer yet/);
      story.workload.issuerURL = issuerURL;
      await story.reconcile();
      expect(condition()).toMatchObject({ status: 'False', reason: 'NoPodIdentity' });
    },
  );

  test('is content with a policy that somebody applied', async () => {
    takeWebhook();
    story.workload.seed(policies, foreign());
    await story.untilReady();
    expect(story.workload.writes).toEqual([]);
  });

  test.each([
    ['may not look', forbidden, 'config/components/pod-identity'],
    ['gets no answer', silent, 'cannot be asked now'],
  ])('is ready where the operator %s, and says that it did not look', async (_, failure, message) => {
    story.workload.find = () => Promise.reject(failure());
    await story.untilReady();
    expect(condition()).toMatchObject({ status: 'True', message: expect.stringContaining(message) });
  });

  test('removes no policy that it did not make', async () => {
    story.workload.seed(policies, foreign());
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.workload.writes).toEqual([]);
  });
});

test.each<[string, object]>([
  ['without spec.cluster', {}],
  ['that says None', asking('None')],
])('an issuer %s has no such condition, and the cluster is not asked', async (_, spec) => {
  story = new Story(spec);
  story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
  await story.untilReady();
  expect(condition()).toBeUndefined();
  expect([...story.workload.reads, ...story.workload.writes]).toEqual([]);
});
