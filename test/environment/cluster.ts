import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Environment } from './environment.ts';

/**
 * A Secret with a kubeconfig of this cluster, as a cluster's provisioner writes it: `<cluster>-kubeconfig`, entry `value`.
 * Its user may read and annotate service accounts, ask for the tokens that docs/rotating-keys.md lets it ask for, and what
 * config/components/pod-identity says, and nothing else.
 */
export async function workloadKubeconfig(
  environment: Environment,
  {
    namespace,
    cluster,
    server,
  }: {
    readonly namespace: string;
    readonly cluster: string;
    /** Where the API server is reached. Absent: as its administrator reaches it. */
    readonly server?: string;
  },
): Promise<string> {
  const user = 'service-account-annotator';
  await environment.kubectl(
    ['apply', '-f', '-'],
    stringify({ apiVersion: 'v1', kind: 'List', items: annotator(user) }),
  );
  const token = (await environment.kubectl(['create', 'token', user, '-n', 'kube-system', '--duration=24h'])).trim();
  const admin = parse(await environment.kubectl(['config', 'view', '--raw', '--flatten', '--minify'])) as {
    clusters: { name: string; cluster: { server: string } }[];
    contexts: { name: string; context: { cluster: string } }[];
  };
  const [context] = admin.contexts;
  if (!context) throw new Error('the kubeconfig has no context');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: admin.clusters.map(({ name, cluster: known }) => ({
      name,
      cluster: { ...known, ...(server !== undefined && { server }) },
    })),
    users: [{ name: user, user: { token } }],
    contexts: [{ name: context.name, context: { cluster: context.context.cluster, user } }],
    'current-context': context.name,
  };
  return stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${cluster}-kubeconfig`, namespace },
    stringData: { value: stringify(kubeconfig) },
  });
}

const podIdentityRole = new URL('../../config/components/pod-identity/cluster-role.yaml', import.meta.url);
const forPodIdentity = parse(readFileSync(podIdentityRole, 'utf8')) as { readonly rules: readonly object[] };

const annotator = (user: string) => {
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: user, namespace: 'kube-system' } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: user },
      rules: [
        { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list', 'watch', 'patch'] },
        ...forPodIdentity.rules,
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: user },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: user },
      subjects: [{ kind: 'ServiceAccount', name: user, namespace: 'kube-system' }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name: user, namespace: 'kube-node-lease' },
      rules: [{ apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['default'], verbs: ['create'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: user, namespace: 'kube-node-lease' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: user },
      subjects: [{ kind: 'ServiceAccount', name: user, namespace: 'kube-system' }],
    },
  ];
};

/**
 * Starts the API server again as a user rolls control-plane nodes: it signs for the issuer with the key of the Secret
 * that the operator generated, and verifies its former key too. Gives the issuer's URL.
 */
export async function rollControlPlane(
  { controlPlane }: Environment,
  { namespace, issuer, secret }: { readonly namespace: string; readonly issuer: string; readonly secret: string },
): Promise<string> {
  const url = await controlPlane.kubectl([
    'get',
    'oidcissuer',
    issuer,
    '-n',
    namespace,
    '-o',
    'jsonpath={.status.issuerURL}',
  ]);
  const key = await controlPlane.kubectl(['get', 'secret', secret, '-n', namespace, '-o', 'jsonpath={.data.key}']);
  const signingKeyFile = join(controlPlane.dir, `${namespace}-${secret}.key`);
  await writeFile(signingKeyFile, Buffer.from(key, 'base64'), { mode: 0o600 });
  const { issuer: own, publicKeyFile } = controlPlane.defaults;
  await controlPlane.restartApiServer({ issuers: [url, own], signingKeyFile, verifyingKeyFiles: [publicKeyFile] });
  return url;
}
