import type { Example } from './examples.ts';
import type { Kind } from './schema.ts';

/** What the API server does with an object, after CEL has looked at it. */
export interface Case {
  readonly title: string;
  readonly kind: Kind;
  /** What stands already, made of the minimal object. Absent: nothing, the object is new. */
  readonly from?: (object: Example) => void;
  /** What is applied, made of what stands. */
  readonly to: (object: Example) => void;
  /** A part of the refusal, unique among rules. Absent: it is taken. */
  readonly refusal?: string;
  /** The field that the refusal names. Absent: any of spec or metadata. */
  readonly field?: string;
}

const roleARN = 'arn:aws:iam::111122223333:role/first';
const sameAccount = 'arn:aws:iam::111122223333:role/second';
const otherAccount = 'arn:aws:iam::444455556666:role/first';
const unchanged = () => {};

/** Sets or takes away one field of the spec. */
const spec = (name: string, value?: unknown) => (object: Example) => {
  if (value === undefined) delete object.spec[name];
  else object.spec[name] = value;
};
const named = (name: string) => (object: Example) => {
  object.metadata.name = name;
};
const many = (count: number, fields: object) =>
  Array.from({ length: count }, (_, index) => ({ ...fields, name: `name-${index}` }));
const placed = (account: unknown) => (object: Example) => {
  spec('account', account)(object);
  object.status = { accountID: '111122223333' };
};

const issuerCases: readonly Omit<Case, 'kind'>[] = [
  { title: 'a name with a dot', to: named('abcl0.example'), refusal: 'metadata.name is part of tags and the bucket' },
  {
    title: 'a name of 64 characters',
    to: named('a'.repeat(64)),
    refusal: 'metadata.name is part of tags and the bucket',
  },
  { title: 'a name of 63 characters', to: named('a'.repeat(63)) },
  {
    title: 'two ways of hosting',
    to: spec('hosting', { cloudFront: {}, s3: {} }),
    refusal: 'hosting needs exactly one',
  },
  { title: 'no way of hosting', to: spec('hosting', {}), refusal: 'hosting needs exactly one' },
  {
    title: 'records of an alias that is not there',
    to: spec('hosting', { cloudFront: { dns: { manual: {} } } }),
    refusal: 'set alias, or remove dns',
  },
  ...[{}, { route53: {}, manual: {} }].map((dns) => ({
    title: `${Object.keys(dns).length} keepers of the records`,
    to: spec('hosting', { cloudFront: { alias: 'irsa.example.com', dns } }),
    refusal: 'dns needs exactly one of route53 and manual',
  })),
  {
    title: 'records in Route 53, and no more said of them',
    to: spec('hosting', { cloudFront: { alias: 'irsa.example.com', dns: { route53: {} } } }),
  },
  { title: 'no signing keys', to: spec('signingKeys'), refusal: 'set signingKeys to say which keys' },
  {
    title: 'two sources of signing keys',
    to: spec('signingKeys', { secretRef: { name: 'a', key: 'b' }, generate: { secretName: 'a' } }),
    refusal: 'signingKeys needs exactly one',
  },
  {
    title: 'keys of an API server that cannot be reached',
    to: spec('signingKeys', { apiServer: {} }),
    refusal: 'set spec.cluster to say how to reach the cluster',
  },
  ...['0s', '0h', '168h', '10080m'].map((rotateEvery) => ({
    title: `a rotation every ${rotateEvery}`,
    to: spec('signingKeys', { generate: { secretName: 'a', rotateEvery } }),
  })),
  {
    title: 'a rotation that begins before the last one ends',
    to: spec('signingKeys', { generate: { secretName: 'a', rotateEvery: '167h' } }),
    refusal: 'choose a rotateEvery of at least 168h',
  },
  {
    title: 'keys that go while tokens live',
    to: spec('keyRetention', '24h59m'),
    refusal: 'choose a keyRetention of at least 25h',
  },
  {
    title: 'two ways into the cluster',
    to: spec('cluster', { inCluster: {}, kubeconfigSecretRef: { name: 'a' } }),
    refusal: 'cluster needs exactly one',
  },
  { title: 'two additional accounts', to: spec('additionalAccounts', [{ roleARN }, { roleARN: otherAccount }]) },
  {
    title: 'one additional account by two roles',
    to: spec('additionalAccounts', [{ roleARN }, { roleARN: otherAccount }, { roleARN: sameAccount }]),
    refusal: 'additionalAccounts names two roles of one account',
    field: 'spec.additionalAccounts',
  },
  {
    title: 'an additional account that hosts the issuer',
    to: (object) => {
      spec('account', { roleARN })(object);
      spec('additionalAccounts', [{ roleARN: sameAccount }])(object);
    },
    refusal: 'additionalAccounts names the account of spec.account',
    field: 'spec.additionalAccounts',
  },
  {
    title: 'an additional account beside the one that hosts the issuer',
    to: (object) => {
      spec('account', { roleARN })(object);
      spec('additionalAccounts', [{ roleARN: otherAccount }])(object);
    },
  },
  { title: 'all namespaces', to: spec('allowedNamespaces', { from: 'All' }) },
  { title: 'namespaces by their labels', to: spec('allowedNamespaces', { from: 'Selector', selector: {} }) },
  {
    title: 'namespaces by their labels, without saying which',
    to: spec('allowedNamespaces', { from: 'Selector' }),
    refusal: 'says which namespaces from: Selector means',
  },
  {
    title: 'labels for all namespaces',
    to: spec('allowedNamespaces', { from: 'All', selector: {} }),
    refusal: 'says which namespaces from: Selector means',
  },
  {
    title: 'a label that exists',
    to: spec('allowedNamespaces', {
      from: 'Selector',
      selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    }),
  },
  ...[
    { key: 'a', operator: 'In' },
    { key: 'a', operator: 'NotIn', values: [] },
    { key: 'a', operator: 'Exists', values: ['b'] },
  ].map((expression) => ({
    title: `${expression.operator} with ${String(expression.values)}`,
    to: spec('allowedNamespaces', { from: 'Selector', selector: { matchExpressions: [expression] } }),
    refusal: 'Exists and DoesNotExist have none',
  })),
  { title: 'a bucket name of S3 itself', to: spec('bucket', { name: 'xn--bucket' }), refusal: 'choose another name' },
  {
    title: 'a bucket name that ends as S3 names do',
    to: spec('bucket', { name: 'a--ol-s3' }),
    refusal: 'choose another name',
  },
  { title: 'an empty tag key', to: spec('tags', { '': 'a' }), refusal: 'tag keys of 1 to 128 characters' },
  {
    title: 'a tag key of 129',
    to: spec('tags', { ['a'.repeat(129)]: 'a' }),
    refusal: 'tag keys of 1 to 128 characters',
  },
  { title: 'a tag key with an asterisk', to: spec('tags', { 'a*': 'a' }), refusal: 'in tag keys: remove' },
  { title: "a tag of AWS's", to: spec('tags', { 'AWS:cloud': 'a' }), refusal: 'rename the tag' },
  {
    title: "a tag of the operator's",
    to: spec('tags', { 'irsa.giantswarm.io/owner': 'a' }),
    refusal: 'rename the tag',
  },
  {
    title: 'two tags whose keys differ only in case',
    to: spec('tags', { team: 'a', Team: 'b' }),
    refusal: 'tag keys that differ only in case',
  },
  {
    title: "a tag of the operator's in another case, which is the same tag of a role",
    to: spec('tags', { 'IRSA.giantswarm.io/Owner': 'a' }),
    refusal: 'rename the tag',
  },

  {
    title: 'the cluster name set',
    from: unchanged,
    to: spec('clusterName', 'other'),
    refusal: 'spec.clusterName cannot change',
  },
  {
    title: 'the cluster name set to the object name',
    from: unchanged,
    to: (o) => spec('clusterName', o.metadata.name)(o),
  },
  {
    title: 'the cluster name taken away',
    from: spec('clusterName', 'abcl0'),
    to: spec('clusterName'),
    refusal: 'spec.clusterName cannot change',
  },
  {
    title: 'the cluster name changed',
    from: spec('clusterName', 'abcl0'),
    to: spec('clusterName', 'abcl1'),
    refusal: 'spec.clusterName cannot change',
  },
  {
    title: 'the region changed',
    from: unchanged,
    to: spec('region', 'eu-west-1'),
    refusal: 'spec.region cannot change',
  },
  { title: 'an account set before there is one', from: unchanged, to: spec('account', { roleARN }) },
  { title: "the operator's own account named", from: placed(undefined), to: spec('account', { roleARN }) },
  {
    title: "another account than the operator's set",
    from: placed(undefined),
    to: spec('account', { roleARN: otherAccount }),
    refusal: 'must stay in the account of status.accountID',
  },
  { title: 'another role of the account', from: placed({ roleARN }), to: spec('account', { roleARN: sameAccount }) },
  {
    title: 'another account',
    from: placed({ roleARN }),
    to: spec('account', { roleARN: otherAccount }),
    refusal: 'must stay in the account of status.accountID',
  },
  {
    title: 'another account while nothing is there',
    from: spec('account', { roleARN }),
    to: spec('account', { roleARN: otherAccount }),
  },
  {
    title: 'the account taken away',
    from: spec('account', { roleARN }),
    to: spec('account'),
    refusal: 'spec.account cannot be taken away',
  },
  { title: 'another way of hosting', from: unchanged, to: spec('hosting', { s3: {} }) },
];

/** A field that can never change: set, taken away, changed, and left alone. */
function fixed(field: string, name: string, first: unknown, second: unknown, refusal: string): Omit<Case, 'kind'>[] {
  return [
    { title: `${field} set`, from: unchanged, to: spec(name, first), refusal },
    { title: `${field} taken away`, from: spec(name, first), to: spec(name), refusal },
    { title: `${field} changed`, from: spec(name, first), to: spec(name, second), refusal },
    { title: `${field} left alone`, from: spec(name, first), to: spec('tags', { team: 'a' }) },
  ];
}

const serviceAccountCases: readonly Omit<Case, 'kind'>[] = [
  { title: 'a name of 129 characters', to: named('a'.repeat(129)), refusal: 'use at most 128 characters' },
  { title: 'a name of 128 characters', to: named('a'.repeat(128)) },
  ...['1h', '90m', '1h30m', '12h', '43200s'].map((maxSessionDuration) => ({
    title: `a session of ${maxSessionDuration}`,
    to: spec('role', { maxSessionDuration }),
  })),
  ...['59m', '12h1s', '99999999999999h'].map((maxSessionDuration) => ({
    title: `a session of ${maxSessionDuration}`,
    to: spec('role', { maxSessionDuration }),
    refusal: 'AWS takes a maxSessionDuration from 1h to 12h',
  })),
  ...['10m', '24h'].map((tokenExpiration) => ({
    title: `a token of ${tokenExpiration}`,
    to: spec('session', { tokenExpiration }),
  })),
  ...['599s', '25h'].map((tokenExpiration) => ({
    title: `a token of ${tokenExpiration}`,
    to: spec('session', { tokenExpiration }),
    refusal: 'tokens live from 10m to 24h',
  })),
  {
    title: 'two issuers of one name in two namespaces',
    to: spec('issuerRefs', [{ name: 'abcl0' }, { namespace: 'platform', name: 'abcl0' }]),
  },
  ...[3, 4].map((issuers) => ({
    title: `300 subjects of ${issuers} issuers`,
    to: (object: Example) => {
      spec('subjects', many(300, { namespace: 'default' }))(object);
      spec('issuerRefs', many(issuers, { namespace: '' }))(object);
    },
    ...(issuers > 3 && { refusal: 'Their product is at most 1000' }),
  })),
  { title: 'no subjects', to: spec('subjects', []) },
  { title: 'subjects with wildcards', to: spec('subjects', [{ namespace: 'team-*', name: '*' }]) },
  {
    title: "somebody's role without its name",
    to: spec('role', { management: 'TrustOnly' }),
    refusal: 'set name to say which',
  },
  ...Object.entries({
    description: 'a',
    maxSessionDuration: '1h',
    permissionsBoundary: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
  }).map(([name, value]) => ({
    title: `${name} of somebody's role`,
    to: spec('role', { name: 'theirs', management: 'TrustOnly', [name]: value }),
    refusal: 'touches only the trust policy',
  })),
  ...Object.entries({ policies: { managed: ['ReadOnlyAccess'] }, tags: { team: 'a' } }).map(([name, value]) => ({
    title: `${name} for somebody's role`,
    to: (object: Example) => {
      spec('role', { name: 'theirs', management: 'TrustOnly' })(object);
      spec(name, value)(object);
    },
    refusal: 'touches only the trust policy',
  })),
  {
    title: "somebody's role by its name and path",
    to: spec('role', { name: 'theirs', path: '/a/', management: 'TrustOnly' }),
  },
  { title: 'an empty tag key', to: spec('tags', { '': 'a' }), refusal: 'tag keys of 1 to 128 characters' },
  { title: 'a tag key with an asterisk', to: spec('tags', { 'a*': 'a' }), refusal: 'in tag keys: remove' },
  {
    title: "a tag of the operator's",
    to: spec('tags', { 'irsa.giantswarm.io/owner': 'a' }),
    refusal: 'rename the tag',
  },
  {
    title: 'two tags whose keys differ only in case',
    to: spec('tags', { team: 'a', Team: 'b' }),
    refusal: 'tag keys that differ only in case',
  },
  {
    title: "a tag of the operator's in another case, which is the same tag of a role",
    to: spec('tags', { 'IRSA.giantswarm.io/Owner': 'a' }),
    refusal: 'rename the tag',
  },

  ...fixed(
    'the role name',
    'role',
    { name: 'a' },
    { name: 'b' },
    'spec.role.name cannot be set, changed or taken away',
  ),
  ...fixed(
    'the role path',
    'role',
    { path: '/a/' },
    { path: '/b/' },
    'spec.role.path cannot be set, changed or taken away',
  ),
  ...fixed(
    'the account',
    'account',
    { roleARN },
    { roleARN: otherAccount },
    'spec.account cannot be set, changed or taken away',
  ),
  { title: 'a role set without name and path', from: unchanged, to: spec('role', { description: 'a' }) },
  {
    title: 'the rest of the role changed',
    from: spec('role', { name: 'a' }),
    to: spec('role', { name: 'a', description: 'b' }),
  },
];

const selector = { matchLabels: { team: 'a' } };
const selected = (object: Example) => {
  spec('namespaces')(object);
  spec('namespaceSelector', selector)(object);
};
const neither = { refusal: 'set namespaces or namespaceSelector to say whose', field: 'spec.namespaces' };
const both = { refusal: 'set one of namespaces and namespaceSelector', field: 'spec.namespaceSelector' };

const guardrailCases: readonly Omit<Case, 'kind'>[] = [
  { title: 'no namespaces', to: spec('namespaces'), ...neither },
  { title: 'namespaces by their names and by their labels', to: spec('namespaceSelector', selector), ...both },
  { title: 'namespaces by their labels', to: selected },
  { title: 'all namespaces', to: spec('namespaces', ['*']) },
  { title: 'the namespaces taken away', from: unchanged, to: spec('namespaces'), ...neither },
  { title: 'labels set beside the names', from: unchanged, to: spec('namespaceSelector', selector), ...both },
  { title: 'labels in place of the names', from: unchanged, to: selected },
];

export const cases: readonly Case[] = [
  ...issuerCases.map((one) => ({ kind: 'OIDCIssuer' as const, ...one })),
  ...serviceAccountCases.map((one) => ({ kind: 'IAMServiceAccount' as const, ...one })),
  ...guardrailCases.map((one) => ({ kind: 'Guardrail' as const, ...one })),
];
