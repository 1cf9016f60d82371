import { sameJson } from '../runtime/json.ts';

/** Every leaf of a kind's spec, as a path: `role.name`, `subjects[].name`, `tags.*`. Each is in one of the two. */
export interface Fields {
  readonly built: readonly string[];
  /** With the value that asks for nothing; undefined: no value does. */
  readonly notBuilt: Readonly<Record<string, unknown>>;
}

export const iamServiceAccountFields: Fields = {
  built: [
    'issuerRefs[].namespace',
    'issuerRefs[].name',
    'subjects[].namespace',
    'subjects[].name',
    'account.roleARN',
    'role.name',
    'role.path',
    'role.management',
    'role.description',
    'role.maxSessionDuration',
    'role.permissionsBoundary',
    'policies.managed[]',
    'policies.inline[].name',
    'policies.inline[].document',
    'serviceAccountPolicy',
    'session.regionalSTS',
    'session.tokenExpiration',
    'tags.*',
    'deletionPolicy',
    'suspend',
  ],
  notBuilt: {},
};

export const oidcIssuerFields: Fields = {
  built: [
    'clusterName',
    'region',
    'account.roleARN',
    'additionalAccounts[].roleARN',
    'hosting.cloudFront.alias',
    'hosting.cloudFront.distributionProvider',
    'hosting.cloudFront.dns.route53.account.roleARN',
    'hosting.cloudFront.dns.route53.hostedZoneID',
    'hosting.cloudFront.dns.manual',
    'hosting.s3',
    'hosting.external.issuerURL',
    'bucket.name',
    'bucket.globalName',
    'signingKeys.secretRef.name',
    'signingKeys.secretRef.key',
    'signingKeys.generate.secretName',
    'signingKeys.generate.rotateEvery',
    'signingKeys.apiServer',
    'keyRetention',
    'cluster.kubeconfigSecretRef.name',
    'cluster.kubeconfigSecretRef.key',
    'cluster.inCluster',
    'cluster.podIdentity',
    'allowedNamespaces.from',
    'allowedNamespaces.selector.matchLabels.*',
    'allowedNamespaces.selector.matchExpressions[].key',
    'allowedNamespaces.selector.matchExpressions[].operator',
    'allowedNamespaces.selector.matchExpressions[].values[]',
    'audiences[]',
    'tags.*',
    'deletionPolicy',
    'suspend',
  ],
  notBuilt: {},
};

/** The first field of a spec that asks for something that is not built. A value in a field that is in neither list counts as not built. */
export function findNotBuilt(spec: object, { built, notBuilt }: Fields): string | undefined {
  const isBuilt = (path: string) =>
    built.some((field) => field === path || (field.endsWith('.*') && path.startsWith(field.slice(0, -1))));
  return leaves(spec, '').find(([path, value]) =>
    path in notBuilt ? !sameJson(notBuilt[path], value) : !isBuilt(path) && !isEmpty(value),
  )?.[0];
}

type Leaf = readonly [path: string, value: unknown];

/** An object without fields is a leaf: `signingKeys.apiServer: {}` asks for something, and `tags: {}` does not. */
function leaves(value: unknown, path: string): readonly Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, `${path}[]`));
  if (typeof value !== 'object' || value === null || isEmpty(value)) return [[path, value]];
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .flatMap(([key, field]) => leaves(field, path === '' ? key : `${path}.${key}`));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
