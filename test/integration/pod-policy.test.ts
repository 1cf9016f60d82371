import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { Environment, inClone } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, oidcIssuer, serviceAccount } from './objects.ts';
import { admit, envOf, podOf, tokenVolumeOf } from './pods.ts';
import { operatorRequests, Workspace } from './workspace.ts';

jest.setTimeout(240_000);

const name = 'abcl0';
const group = '/apis/admissionregistration.k8s.io/v1';
const policyPath = `${group}/mutatingadmissionpolicies/irsa-pod-identity`;
const bindingPaths = ['irsa-pod-identity', 'irsa-pod-identity-annotated'].map(
  (binding) => `${group}/mutatingadmissionpolicybindings/${binding}`,
);

let environment: Environment;
let workspace: Workspace;
const policy = async () => {
  const text = await environment.controlPlane.read(policyPath);
  return text === undefined ? undefined : (JSON.parse(text) as { spec: object; metadata: { annotations: object } });
};
const lookAgain = (when: string) =>
  workspace.kubectl(['annotate', 'oidcissuer', name, `irsa.giantswarm.io/reconcile-at=${when}`, '--overwrite']);
const looked = async (when: string) => {
  await lookAgain(when);
  await until('a look', async () => {
    const { status } = await workspace.get<{ lastHandledReconcileAt?: string }>('oidcissuer', name);
    return status?.lastHandledReconcileAt === when ? true : undefined;
  });
};
const asking = (podIdentity: 'Policy' | 'Webhook') => ({ cluster: { inCluster: {}, podIdentity } });

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, 'org-acme');
  await workspace.account('123456789012');
  await environment.startOperator();
  await workspace.apply(
    oidcIssuer(name, asking('Policy')),
    serviceAccount('reader'),
    iamServiceAccount('reader', name),
  );
});
afterAll(() => environment?.stop());

describe('an issuer that says Policy', () => {
  test('names the command while the operator lacks permissions, and roles are made all the same', async () => {
    const { message } = await workspace.condition('oidcissuer', name, {
      type: 'PodIdentityReady',
      reason: 'AccessDenied',
    });
    expect(message).toContain('kubectl apply -k config/components/pod-identity');
    await workspace.ready('iamserviceaccount/reader');
    expect(await policy()).toBeUndefined();
  });

  test('has the policy once that is applied, and a pod of the role its credentials', async () => {
    await environment.kubectl(['apply', '-k', inClone('config/components/pod-identity')]);
    await workspace.ready(`oidcissuer/${name}`);
    const { status } = await workspace.get<{ roleARN: string }>('iamserviceaccount', 'reader');
    const spec = await until('the policy to hold', async () => {
      const admitted = await admit(environment.controlPlane, podOf('default', 'reader'));
      return tokenVolumeOf(admitted.spec) && admitted.spec;
    });
    expect(envOf(spec.containers[0]!)).toMatchObject({ AWS_ROLE_ARN: status?.roleARN, AWS_REGION: 'eu-central-1' });
  });

  test('is looked at again without a write', async () => {
    const { next } = await environment.controlPlane.audit();
    await looked('second');
    const { requests } = await operatorRequests(environment, next);
    const asked = requests.filter(({ requestURI }) => requestURI.includes('mutatingadmissionpolic'));
    expect(asked.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual(
      [policyPath, ...bindingPaths].map((path) => `get ${path}`),
    );
  });

  test('has what somebody changed in the policy as it was', async () => {
    const before = await policy();
    const matchConditions = [{ name: 'never', expression: 'false' }];
    const matchConstraints = {
      excludeResourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    };
    const change = JSON.stringify({ spec: { matchConditions, matchConstraints, failurePolicy: 'Ignore' } });
    await environment.kubectl(['patch', 'mutatingadmissionpolicy', 'irsa-pod-identity', '--type=merge', '-p', change]);
    await looked('third');
    expect((await policy())?.spec).toEqual(before?.spec);
  });

  test('loses the policy when it says Webhook, and an event says what that means', async () => {
    await workspace.patch('oidcissuer', name, { spec: asking('Webhook') });
    const { note } = await workspace.event('OIDCIssuer', name, 'PodIdentityRemoved');
    expect(note).toContain('running pods keep their credentials');
    const left = await Promise.all([policyPath, ...bindingPaths].map((path) => environment.controlPlane.read(path)));
    expect(left).toEqual([undefined, undefined, undefined]);
  });

  test('takes the policy with it when it is deleted', async () => {
    await workspace.patch('oidcissuer', name, { spec: asking('Policy') });
    await until('the policy', policy);
    await workspace.kubectl(['delete', 'iamserviceaccount', 'reader']);
    await workspace.kubectl(['delete', 'oidcissuer', name, '--timeout=60s']);
    expect(await policy()).toBeUndefined();
  });
});

describe('in a cluster of the oldest Kubernetes', () => {
  let oldest: ControlPlane;
  beforeAll(async () => {
    oldest = await ControlPlane.start({ oldest: true });
  });
  afterAll(() => oldest?.stop());

  test('there can be no policy, and the condition says so', async () => {
    const kubeconfig = await oldest.kubectl(['config', 'view', '--raw', '--flatten', '--minify']);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'old-kubeconfig' },
      stringData: { value: kubeconfig },
    };
    const cluster = { kubeconfigSecretRef: { name: 'old-kubeconfig' }, podIdentity: 'Policy' as const };
    await workspace.apply(secret, oidcIssuer('old', { cluster }));
    const { message } = await workspace.condition('oidcissuer', 'old', {
      type: 'PodIdentityReady',
      reason: 'PolicyNotServed',
    });
    expect(message).toMatch(/cluster old serves no MutatingAdmissionPolicy.*1\.36/);
  });
});
