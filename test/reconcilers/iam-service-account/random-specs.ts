import fc from 'fast-check';
import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import type { ServiceAccountName } from '../../../src/oidc/trust-policy.ts';
import { accountID as own, document as putObject, roleName } from './story.ts';

/** What users and administrators may write, as far as the schemas take it. Each list holds what is near the edge of a rule. */

type Spec = Partial<IAMServiceAccountSpec>;
type Role = NonNullable<IAMServiceAccountSpec['role']>;
type Rules = NonNullable<GuardrailSpec['roles']>;

export const second = '444455556666';
export const third = '777788889999';
export const ways = {
  team: `arn:aws:iam::${second}:role/irsa-team`,
  admin: `arn:aws:iam::${second}:role/admin`,
  third: `arn:aws:iam::${third}:role/irsa-third`,
} as const;

/** An issuer of the world in which the specs are applied. */
export interface RandomIssuer {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  /** The accounts in which it has a provider, its own first. */
  readonly accounts: readonly string[];
  readonly roleARN?: string;
  readonly inCluster?: true;
  readonly audiences: readonly string[];
  readonly admits: 'Same' | 'All' | 'Selector';
}

const sts = ['sts.amazonaws.com'];
export const issuers: readonly RandomIssuer[] = [
  {
    ...{ namespace: 'default', name: 'abcl0', host: 'irsa.abcl0.example.com' },
    ...{ accounts: [own, second], audiences: sts, admits: 'Same' },
  },
  {
    ...{ namespace: 'default', name: 'apart', host: 's3.eu-central-1.amazonaws.com/apart' },
    ...{ accounts: [second, own], roleARN: ways.team, audiences: ['b', 'a'], admits: 'Same' },
  },
  {
    ...{ namespace: 'default', name: 'home', host: 'irsa.home.example.com' },
    ...{ accounts: [own], inCluster: true, audiences: sts, admits: 'Same' },
  },
  {
    ...{ namespace: 'default', name: 'young', host: 'irsa.young.example.com' },
    ...{ accounts: [], audiences: sts, admits: 'Same' },
  },
  {
    ...{ namespace: 'default', name: 'sly', host: 'irsa.sly.example.com' },
    ...{ accounts: [own], audiences: ['${aws:username}'], admits: 'Same' },
  },
  {
    ...{ namespace: 'platform', name: 'shared', host: 'irsa.shared.example.com' },
    ...{ accounts: [own, second], audiences: sts, admits: 'All' },
  },
  {
    ...{ namespace: 'platform', name: 'some', host: 'irsa.some.example.com' },
    ...{ accounts: [own], audiences: sts, admits: 'Selector' },
  },
  {
    ...{ namespace: 'platform', name: 'closed', host: 'irsa.closed.example.com' },
    ...{ accounts: [own], audiences: sts, admits: 'Same' },
  },
];
/** There is no such issuer. */
const missing = { namespace: 'platform', name: 'missing' };

const allow = (fields: string) => `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",${fields}}]}`;

/** Documents, and some actions that IAM would allow by each. */
export const grants: Readonly<Record<string, readonly string[]>> = {
  [putObject]: ['s3:PutObject'],
  [allow('"Action":"iam:*"')]: ['iam:CreateUser', 'iam:PassRole'],
  [allow('"Action":["s3:GetObject","sTs:AssumeRole"]')]: ['s3:GetObject', 'sts:AssumeRole'],
  [allow('"Action":"iam:Pass*"')]: ['iam:PassRole'],
  [allow('"NotAction":"s3:*"')]: ['iam:CreateUser', 'iam:PassRole', 'sts:AssumeRole', 'ec2:RunInstances'],
  [allow('"NotAction":["iam:*","sts:*"]')]: ['s3:GetObject', 'ec2:RunInstances'],
  [allow('"Action":"*"')]: ['iam:CreateUser', 'iam:PassRole', 's3:GetObject', 'sts:AssumeRole'],
  [allow('"Action":"s3:GetObject","Action":"iam:PassRole"')]: ['s3:GetObject', 'iam:PassRole'],
  '{"Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}': [],
  '{"Statement":[]}': [],
};

/** The policies of customers in the accounts; AWS's own are all there. */
export const customerPolicies = [
  `arn:aws:iam::${own}:policy/team/a`,
  `arn:aws:iam::${own}:policy/AmazonS3ReadOnlyAccess`,
  `arn:aws:iam::${second}:policy/team/a`,
] as const;
const [teamPolicy, , elsewhere] = customerPolicies;

/** Mostly the first, so that several rules can be met at once. */
const mostly = <A, B = A>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<B>, weight = 4): fc.Arbitrary<A | B> =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: other, weight: 1 });
const absent = fc.constant(undefined);
const some = <T>(values: readonly T[], maxLength: number, minLength = 0) =>
  fc.shuffledSubarray([...values], { minLength, maxLength });

const subject: fc.Arbitrary<ServiceAccountName> = fc.record({
  namespace: mostly<string>(
    fc.constantFrom('default', 'team-a', 'team-b'),
    fc.constantFrom('kube-system', 'team-*', '*', 't*a', 'def*', '*-a'),
  ),
  name: mostly<string>(fc.constantFrom('s3-reader', 'other', 'a.b'), fc.constantFrom('*', 's3-*', '*.b')),
});
/** The API server takes no such names, so that only a fault of it brings them here. */
const hostile = fc.constantFrom(
  { namespace: 'default', name: '${aws:username}' },
  { namespace: 'default:*', name: 'a' },
  { namespace: '*', name: 'a?' },
);
const key = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
const subjects = fc.uniqueArray(mostly(subject, hostile, 100), { maxLength: 3, selector: key });

const refs = [...issuers, missing].map(({ namespace, name }) => ({ namespace, name }));
const [abcl0, apart, home, , , shared, open] = refs;
const usable = [abcl0, apart, home, shared, open].flatMap((each) => each ?? []);
const issuerRefs = mostly(some(usable, 2, 1), some(refs, 3, 1), 8);

const names = fc.oneof(
  fc.constantFrom<{ name?: string; path?: string }[]>({}, { name: 'theirs', path: '/' }, { name: 'theirs' }),
  fc.record(
    {
      name: fc.constantFrom('theirs', 'admin', 'Reader', 'reader', roleName),
      path: fc.constantFrom('/', '/team/', '/irsa/test/default/'),
    },
    { requiredKeys: [] },
  ),
);
const account = mostly(absent, fc.constantFrom(...Object.values(ways)));
/** What cannot change. */
const identity = fc.record({ account, names });
type Identity = typeof identity extends fc.Arbitrary<infer T> ? T : never;

const boundaries = [teamPolicy, 'arn:aws:iam::aws:policy/PowerUserAccess'] as const;
const boundary = mostly(absent, fc.constantFrom(...boundaries));
const duration = mostly(absent, fc.constantFrom('1h', '4h', '12h'), 2);

const inline = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('echo', 'Echo', 'write'),
    document: mostly(fc.constant(putObject), fc.constantFrom(...Object.keys(grants)), 2),
  }),
  { maxLength: 2, selector: ({ name }) => name },
);
const managed = mostly(
  some(['AmazonS3ReadOnlyAccess', 'arn:aws:iam::aws:policy/AmazonSQSFullAccess'], 2),
  some(['AdministratorAccess', 'job-function/Billing', ...customerPolicies, elsewhere], 2),
);
const tags = mostly(
  absent,
  fc.constantFrom<Spec['tags']>({ team: 'a' }, { Team: 'b', 'cost-center': '1' }, { secret: 'x' }),
  2,
);

const full = fc.record({
  permissions: mostly(absent, fc.record({ managed, inline }), 2),
  description: mostly(absent, fc.constantFrom('', 'a role'), 1),
  ...{ duration, boundary, tags },
});

/** Everything of a spec that can change. */
const rest = fc.record({
  ...{ issuerRefs, subjects, full },
  trustOnly: mostly(fc.constant(false), fc.constant(true), 3),
  serviceAccountPolicy: fc.constantFrom<IAMServiceAccountSpec['serviceAccountPolicy'][]>(
    ...(['Annotate', 'Create', 'Ignore'] as const),
  ),
  deletionPolicy: mostly<IAMServiceAccountSpec['deletionPolicy']>(fc.constant('Delete'), fc.constant('Retain'), 9),
});
type Rest = typeof rest extends fc.Arbitrary<infer T> ? T : never;

function specOf({ account: roleARN, names: named }: Identity, changeable: Rest): Spec {
  const { trustOnly, full: wanted, issuerRefs: of, ...same } = changeable;
  const common = { ...same, issuerRefs: of, ...(roleARN !== undefined && { account: { roleARN } }) };
  if (trustOnly && named.name !== undefined) return { ...common, role: { ...named, management: 'TrustOnly' } };
  const { permissions: policies, description, duration: maxSessionDuration, boundary: permissionsBoundary } = wanted;
  const role: Role = {
    ...named,
    management: 'Full',
    ...(description !== undefined && { description }),
    ...(maxSessionDuration !== undefined && { maxSessionDuration }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
  };
  return { ...common, role, ...(policies && { policies }), ...(wanted.tags && { tags: wanted.tags }) };
}

const deniedActions = fc.constantFrom(
  ...[{ deniedActions: ['iam:*', 'sts:*'] }, { deniedActions: ['IAM:Pass*', 'ec2:Run?nstances'] }],
);
const roles: fc.Arbitrary<Rules> = fc.record(
  {
    permissionsBoundary: fc.constantFrom(...boundaries),
    managedPolicies: mostly<string[]>(
      fc.constantFrom(['*'], ['Amazon*', `arn:aws:iam::${own}:policy/team/*`]),
      fc.constantFrom(['AmazonS3*', '*:policy/team/*'], ['job-function/*'], []),
    ),
    inlinePolicies: mostly<NonNullable<Rules['inlinePolicies']>>(fc.constant({}), deniedActions, 1),
    subjectNamespaces: mostly<string[]>(
      fc.constantFrom(['*'], ['default', 'team-*']),
      fc.constantFrom(['default'], ['*-a'], []),
      1,
    ),
    wildcardSubjects: fc.boolean(),
    names: fc.constantFrom(['*'], ['r*', 'theirs'], ['theirs']),
    paths: fc.constantFrom(['*'], ['/', '/team/*']),
    tagKeys: fc.constantFrom(['*'], ['TEAM', 'cost-*']),
    existingRoles: fc.constantFrom(
      [`arn:aws:iam::${own}:role/*`],
      ['arn:aws:iam::*:role/theirs'],
      ['arn:aws:iam::*:role/team/*'],
    ),
    maxSessionDuration: fc.constantFrom('4h', '90m', '30m'),
    maximum: fc.constantFrom(0, 1),
  },
  { requiredKeys: ['managedPolicies'] },
);
/** Of an administrator who trusts the team with nearly everything, so that often a single rule decides. */
const generous = fc
  .record({
    subjectNamespaces: mostly<string[]>(fc.constant(['*']), fc.constantFrom(['default', 'team-*'], ['default'])),
    wildcardSubjects: mostly(fc.constant(true), fc.constant(false)),
    managedPolicies: mostly<string[]>(fc.constant(['*']), fc.constantFrom(['AmazonS3*', 'Admin*'], [])),
    inlinePolicies: mostly<NonNullable<Rules['inlinePolicies']>>(fc.constant({}), deniedActions, 2),
    existingRoles: mostly<string[]>(fc.constant(['*']), fc.constant([]), 2),
    names: mostly<string[]>(fc.constant(['*']), fc.constant([])),
    paths: mostly<string[]>(fc.constant(['*']), fc.constant([])),
    tagKeys: mostly<string[]>(fc.constant(['*']), fc.constant(['TEAM'])),
    forced: mostly(absent, fc.constantFrom(...boundaries)),
  })
  .map(({ forced, ...rules }): Rules => ({
    ...rules,
    ...(forced !== undefined && { permissionsBoundary: forced }),
  }));

const selection = mostly<Pick<GuardrailSpec, 'namespaces' | 'namespaceSelector'>>(
  fc.constantFrom({ namespaces: ['*'] }, { namespaces: ['def*', 'platform'] }),
  fc.constantFrom(
    { namespaces: ['default'] },
    { namespaces: ['team-*'] },
    { namespaceSelector: { matchLabels: { team: 'a' } } },
    { namespaceSelector: { matchLabels: { team: 'b' } } },
  ),
);
const guardrail: fc.Arbitrary<GuardrailSpec> = fc
  .record({
    selection,
    accounts: mostly<string[]>(
      fc.constantFrom(['Own', 'arn:aws:iam::*:role/irsa-*'], ['Own', '*']),
      fc.constantFrom(['Own'], ['arn:aws:iam::*:role/irsa-*'], [ways.admin]),
    ),
    inCluster: mostly(fc.constant(true), fc.constant(false)),
    rules: mostly<Rules | undefined>(mostly(generous, roles, 2), absent, 12),
  })
  .map(({ selection: of, accounts, inCluster, rules }) => ({
    ...{ ...of, accounts, issuers: { aliases: ['*'], inCluster } },
    ...(rules && { roles: rules }),
  }));
const guardrails = fc.array(guardrail, { minLength: 1, maxLength: 2 });

/** What happens between two passes. */
export type Change =
  | { readonly what: 'edit'; readonly spec: Spec }
  | { readonly what: 'guardrails'; readonly guardrails: readonly GuardrailSpec[] }
  | { readonly what: 'adopt'; readonly annotated: boolean }
  | { readonly what: 'tagTheirs' | 'loseStatus' | 'wait' | 'labelNamespace' }
  | { readonly what: 'issuer'; readonly issuer: RandomIssuer; readonly exists: boolean };

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 2, arbitrary: guardrails.map((each) => ({ what: 'guardrails' as const, guardrails: each })) },
  { weight: 1, arbitrary: fc.boolean().map((annotated) => ({ what: 'adopt' as const, annotated })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...(['tagTheirs', 'loseStatus', 'wait', 'labelNamespace'] as const))
      .map((what) => ({ what })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('issuer' as const),
      issuer: fc.constantFrom(...issuers),
      exists: fc.boolean(),
    }),
  },
);
const seldom = fc.array(change, { maxLength: 1 });

/** A life of one object, from its creation to its deletion, with two specs. */
export const life = identity.chain((fixed) => {
  const spec = rest.map((each) => specOf(fixed, each));
  const edit = spec.map((each): Change => ({ what: 'edit', spec: each }));
  return fc.record({
    ...{ guardrails, spec },
    adopts: mostly(fc.constant(false), fc.constant(true), 2),
    changes: fc.tuple(seldom, edit, seldom).map(([before, edited, after]) => [...before, edited, ...after]),
  });
});
export type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;
