import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { inClone } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { admit, container, envOf, type PodManifest, podOf, serviceAccountOf, tokenVolumeOf } from './pods.ts';

const namespace = 'team-a';
/** Has the label for service accounts that somebody only annotated. */
const annotatedOnly = 'team-b';
const roleARN = 'arn:aws:iam::111122223333:role/reader';
const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const region = 'eu-central-1';
const regionVariables = { AWS_DEFAULT_REGION: region, AWS_REGION: region };
const roleVariables = { AWS_ROLE_ARN: roleARN, AWS_WEB_IDENTITY_TOKEN_FILE: `${mountPath}/token` };
const allVariables = { ...regionVariables, ...roleVariables };
const mount = { name: 'aws-iam-token', mountPath, readOnly: true };
const label = 'irsa.giantswarm.io/pod-identity';

/** Annotations of service accounts beside their role, without the prefix. */
const accounts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'role-empty': { 'role-arn': '' },
  chinese: { audience: 'sts.amazonaws.com.cn' },
  hour: { 'token-expiration': '3600' },
  week: { 'token-expiration': '604800' },
  minute: { 'token-expiration': '60' },
  signed: { 'token-expiration': '+7200' },
  unclear: { 'token-expiration': '1h', 'sts-regional-endpoints': 'yes' },
  'not-regional': { 'sts-regional-endpoints': 'false' },
  ...Object.fromEntries(
    ['1', 't', 'T', 'true', 'TRUE', 'True'].map((value, index) => [
      `regional-${index}`,
      { 'sts-regional-endpoints': value },
    ]),
  ),
};

let controlPlane: ControlPlane;
const apply = (...items: readonly object[]) =>
  controlPlane.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
const admitted = async (...pod: Parameters<typeof podOf>) => (await admit(controlPlane, podOf(...pod))).spec;
const environment = async (...pod: Parameters<typeof podOf>) => envOf((await admitted(...pod)).containers[0]!);
const admits = (pod: PodManifest) =>
  admit(controlPlane, pod).then(
    () => 'admitted',
    (error: Error) => error.message,
  );
const guarded = (serviceAccount: string) => podOf(namespace, serviceAccount, { labels: { [label]: 'required' } });

beforeAll(async () => {
  controlPlane = await ControlPlane.start();
  for (const folder of ['v1', 'guard'])
    await controlPlane.kubectl(['apply', '-k', inClone(`config/pod-identity/${folder}`)]);
  const change = [{ op: 'replace', path: '/spec/variables/0/expression', value: `'${region}'` }];
  const policy = ['mutatingadmissionpolicy', 'irsa-pod-identity'];
  await controlPlane.kubectl(['patch', ...policy, '--type=json', '--patch', JSON.stringify(change)]);
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: annotatedOnly, labels: { [label]: 'true' } } },
  );
  await apply(
    serviceAccountOf(namespace, 'plain', {}),
    serviceAccountOf(namespace, 'reader', { 'role-arn': roleARN }),
    serviceAccountOf(namespace, 'not-labelled', { 'role-arn': roleARN }, {}),
    serviceAccountOf(annotatedOnly, 'reader', { 'role-arn': roleARN }, {}),
    ...Object.entries(accounts).map(([name, own]) =>
      serviceAccountOf(namespace, name, { 'role-arn': roleARN, ...own }),
    ),
    ...addsSidecars,
  );
  await until('all policies', async () => {
    const { AWS_REGION } = await environment(namespace, 'reader');
    const { containers } = await admitted(namespace, 'plain', { labels: { sidecars: 'true' } });
    const isGuarded = (await admits(guarded('plain'))) !== 'admitted';
    return AWS_REGION === region && containers.length === 3 && isGuarded ? true : undefined;
  });
});
afterAll(() => controlPlane?.stop());

/** Policies of somebody else's that come before ours and after it, whatever the order is. */
const addsSidecars = ['a-sidecar', 'z-sidecar'].flatMap((name) => [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      reinvocationPolicy: 'Never',
      matchConstraints: {
        objectSelector: { matchLabels: { sidecars: 'true' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: `[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: '${name}', image: 'sidecar'}}]`,
          },
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name },
  },
]);

describe('a pod of a service account with a role', () => {
  test('gets the token as the first of its volumes, a mount, and the variables', async () => {
    const { containers, ...spec } = await admitted(namespace, 'reader', { volumes: [{ name: 'data', emptyDir: {} }] });
    expect(spec.volumes?.map(({ name }) => name)).toEqual(['aws-iam-token', 'data']);
    expect(tokenVolumeOf({ containers, ...spec })).toEqual({
      audience: 'sts.amazonaws.com',
      expirationSeconds: 86400,
      path: 'token',
    });
    expect(containers[0]?.volumeMounts).toEqual([mount]);
    expect(Object.entries(envOf(containers[0]!))).toEqual(Object.entries(allVariables));
  });

  test('gets them beside the token that Kubernetes mounts', async () => {
    const { volumes = [], containers } = await admitted(namespace, 'reader', { automountServiceAccountToken: true });
    const [first = '', second = ''] = volumes.map(({ name }) => name);
    expect([first, second.slice(0, 'kube-api-access'.length), volumes.length]).toEqual([
      'aws-iam-token',
      'kube-api-access',
      2,
    ]);
    expect(containers[0]?.volumeMounts?.map(({ name }) => name)).toContain('aws-iam-token');
  });

  test('gets nothing that it has from another service account of the namespace', async () => {
    expect((await admitted(namespace, 'hour')).volumes).toHaveLength(1);
    expect(await environment(namespace, 'chinese')).toEqual(allVariables);
  });

  test('is left alone with the label eks.amazonaws.com/skip-pod-identity-webhook', async () => {
    const labels = { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' };
    expect((await admitted(namespace, 'reader', { labels })).volumes).toBeUndefined();
  });

  test('has Windows paths if its node runs Windows, by either label', async () => {
    for (const nodeLabel of ['kubernetes.io/os', 'beta.kubernetes.io/os']) {
      const { AWS_WEB_IDENTITY_TOKEN_FILE } = await environment(namespace, 'reader', {
        nodeSelector: { [nodeLabel]: 'windows' },
      });
      expect(AWS_WEB_IDENTITY_TOKEN_FILE).toBe(String.raw`C:\var\run\secrets\eks.amazonaws.com\serviceaccount\token`);
    }
    expect(await environment(namespace, 'reader', { nodeSelector: { 'kubernetes.io/os': 'linux' } })).toEqual(
      allVariables,
    );
  });
});

test.each(['plain', 'role-empty', 'not-labelled', 'default'])(
  'a pod of the service account %s gets nothing',
  async (name) => {
    const { volumes, containers } = await admitted(namespace, name);
    expect([volumes, containers[0]?.env, containers[0]?.volumeMounts]).toEqual([undefined, undefined, undefined]);
  },
);

test('a pod of a service account that is only annotated gets all in a labelled namespace', async () => {
  expect(await environment(annotatedOnly, 'reader')).toEqual(allVariables);
});

describe('the token', () => {
  test('has the audience that the service account says', async () => {
    expect(tokenVolumeOf(await admitted(namespace, 'chinese'))?.audience).toBe('sts.amazonaws.com.cn');
  });

  test.each<[string, string | undefined, number]>([
    ['reader', undefined, 86_400],
    ['hour', undefined, 3600],
    ['week', undefined, 604_800],
    ['minute', undefined, 600],
    ['signed', undefined, 7200],
    ['unclear', undefined, 86_400],
    ['hour', '900', 900],
    ['hour', '1', 600],
    ['hour', 'soon', 3600],
    ['hour', '', 3600],
    ['reader', '12.5', 86_400],
  ])('of %s, where the pod says %s, lives %i seconds', async (account, own, expected) => {
    const annotations = own === undefined ? {} : { 'eks.amazonaws.com/token-expiration': own };
    expect(tokenVolumeOf(await admitted(namespace, account, { annotations }))?.expirationSeconds).toBe(expected);
  });
});

test.each([
  ...[0, 1, 2, 3, 4, 5].map((index) => [`regional-${index}`, 'regional'] as const),
  ['not-regional', undefined] as const,
  ['unclear', undefined] as const,
])('STS endpoints of %s are %s', async (account, expected) => {
  const variables = await environment(namespace, account);
  expect(variables['AWS_STS_REGIONAL_ENDPOINTS']).toBe(expected);
  expect(variables).toMatchObject(allVariables);
});

describe('containers', () => {
  test('of every kind get the variables and the mount: init containers and sidecars too', async () => {
    const { containers, initContainers = [] } = await admitted(namespace, 'reader', {
      containers: [container('a'), container('b')],
      initContainers: [container('init'), { ...container('sidecar'), restartPolicy: 'Always' }],
    });
    for (const each of [...containers, ...initContainers]) {
      expect([envOf(each), each.volumeMounts]).toEqual([allVariables, [mount]]);
    }
  });

  test.each<[string, string, readonly string[]]>([
    ['a name', 'b', ['a', 'c']],
    ['several names', 'a,c', ['b']],
    ['names in quotes', '"a","b"', ['c']],
    ['an empty first line', '\nb\na', ['a', 'c']],
    ['nothing', '', ['a', 'b', 'c']],
    ['names after a space', 'a, b', ['b', 'c']],
    ['what is no CSV', '"a', ['a', 'b', 'c']],
    ['init containers', 'init,a', ['b', 'c']],
  ])('are skipped where the pod says %s', async (_, value, served) => {
    const { containers, initContainers = [] } = await admitted(namespace, 'reader', {
      annotations: { 'eks.amazonaws.com/skip-containers': value },
      containers: ['a', 'b', 'c'].map((name) => container(name)),
      initContainers: [container('init')],
    });
    expect(containers.filter(({ env }) => env !== undefined).map(({ name }) => name)).toEqual(served);
    expect(initContainers[0]?.env === undefined).toBe(value.includes('init'));
  });

  test.each<[readonly string[], Readonly<Record<string, string>>]>([
    [['AWS_ROLE_ARN'], regionVariables],
    [['AWS_WEB_IDENTITY_TOKEN_FILE'], regionVariables],
    [['AWS_REGION'], roleVariables],
    [['AWS_DEFAULT_REGION'], roleVariables],
    [['AWS_STS_REGIONAL_ENDPOINTS'], allVariables],
    [['OTHER'], allVariables],
    [['AWS_ROLE_ARN', 'AWS_REGION'], {}],
  ])('keep %j and get the groups that they lack, and the mount', async (own, added) => {
    const { containers } = await admitted(namespace, 'reader', { containers: [container('app', own)] });
    const kept = Object.fromEntries(own.map((name) => [name, 'own']));
    expect(envOf(containers[0]!)).toEqual({ ...kept, ...added });
    expect(containers[0]?.volumeMounts).toEqual([mount]);
  });

  test('that have a variable of each group get no mount either', async () => {
    const own = ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION', 'AWS_STS_REGIONAL_ENDPOINTS'];
    const { containers } = await admitted(namespace, 'reader', { containers: [container('app', own)] });
    expect([containers[0]?.env?.length, containers[0]?.volumeMounts]).toEqual([3, undefined]);
  });

  test('keep a volume and a mount of that name', async () => {
    const volumes = [{ name: 'aws-iam-token', emptyDir: {} }];
    const own = { name: 'aws-iam-token', mountPath: '/elsewhere' };
    const spec = await admitted(namespace, 'reader', {
      volumes,
      containers: [{ ...container(), volumeMounts: [own] }],
    });
    expect([spec.volumes, spec.containers[0]?.volumeMounts]).toEqual([volumes, [own]]);
    expect(envOf(spec.containers[0]!)).toEqual(allVariables);
  });

  test('that other policies add get the variables and the mount too', async () => {
    const { containers, volumes } = await admitted(namespace, 'reader', { labels: { sidecars: 'true' } });
    expect(containers.map(({ name }) => name).sort()).toEqual(['a-sidecar', 'app', 'z-sidecar']);
    for (const each of containers) expect([envOf(each), each.volumeMounts]).toEqual([allVariables, [mount]]);
    expect(volumes).toHaveLength(1);
  });
});

describe('the guard', () => {
  test('refuses a labelled pod that the policy did not reach, and says why', async () => {
    expect(await admits(guarded('plain'))).toMatch(/403 .*has no role yet/);
  });

  test('lets a labelled pod in that has its token, and a pod without the label', async () => {
    expect([await admits(guarded('reader')), await admits(podOf(namespace, 'plain'))]).toEqual([
      'admitted',
      'admitted',
    ]);
  });
});

describe('as v1beta1, for 1.34 and 1.35', () => {
  let older: ControlPlane;
  beforeAll(async () => {
    older = await ControlPlane.start({ flags: ['--runtime-config=admissionregistration.k8s.io/v1beta1=true'] });
    await older.kubectl(['apply', '-k', inClone('config/pod-identity/v1beta1')]);
    const items = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      serviceAccountOf(namespace, 'reader', { 'role-arn': roleARN, ...accounts['hour'] }),
      serviceAccountOf(namespace, 'plain', {}),
    ];
    await older.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  });
  afterAll(() => older?.stop());

  test('all that is applied is of that version, and pods get the same', async () => {
    const objects = await older.kubectl(['kustomize', inClone('config/pod-identity/v1beta1')]);
    const versions = objects.match(/^apiVersion: .*/gm);
    expect(versions).toEqual(Array.from({ length: 3 }, () => 'apiVersion: admissionregistration.k8s.io/v1beta1'));
    const spec = await until('the policy to hold', async () => {
      const pod = await admit(older, podOf(namespace, 'reader'));
      return tokenVolumeOf(pod.spec) && pod.spec;
    });
    expect(tokenVolumeOf(spec)).toEqual({ audience: 'sts.amazonaws.com', expirationSeconds: 3600, path: 'token' });
    expect(envOf(spec.containers[0]!)).toEqual(roleVariables);
    expect(spec.containers[0]!.volumeMounts).toEqual([mount]);
    expect(tokenVolumeOf((await admit(older, podOf(namespace, 'plain'))).spec)).toBeUndefined();
  });
});
