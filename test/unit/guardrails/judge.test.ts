import { describe, expect, test } from '@jest/globals';
import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerSpec } from '../../../src/api/generated/oidc-issuer.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../../src/api/kinds.ts';
import { judgeIssuer, judgeRole, type NamedGuardrail } from '../../../src/controllers/guardrails/judge.ts';
import type { RoleFacts } from '../../../src/controllers/guardrails/role-rules.ts';

const roleARN = 'arn:aws:iam::111122223333:role/irsa-a';
const boundary = 'arn:aws:iam::111122223333:policy/boundary';
const namespace = { name: 'team-a', labels: { team: 'a' } };
const meta = { namespace: 'team-a', name: 'x', uid: 'u', resourceVersion: '1' };
const alias = 'irsa.team-a.example.com';

const issuer = (spec: Partial<OIDCIssuerSpec> = {}): OIDCIssuer => ({
  apiVersion: 'v1',
  kind: 'OIDCIssuer',
  metadata: meta,
  spec: {
    region: 'eu-central-1',
    account: { roleARN },
    hosting: { cloudFront: { alias } },
    deletionPolicy: 'Delete',
    suspend: false,
    ...spec,
  },
});
type Change = Partial<RoleFacts> & { readonly of?: OIDCIssuer | undefined };
const facts = (spec: Partial<IAMServiceAccountSpec> = {}, { of = issuer(), ...change }: Change = {}): RoleFacts => ({
  object: {
    apiVersion: 'v1',
    kind: 'IAMServiceAccount',
    metadata: meta,
    spec: { issuerRefs: [], subjects: [], ...spec } as unknown as IAMServiceAccountSpec,
  },
  issuers: [of],
  account: { accountID: '111122223333', roleARN: (spec.account ?? of.spec.account)?.roleARN },
  accountReady: true,
  refusedIssuers: [of],
  older: () => {
    throw new Error('no rule has a maximum, so nothing is counted');
  },
  installation: 'test',
  partition: 'aws',
  ...change,
});
/** No issuer is there. */
const nowhere = { issuers: [], account: undefined, refusedIssuers: [] };
const guardrail = (change: Partial<GuardrailSpec> = {}, name = 'team-a'): NamedGuardrail => ({
  name,
  spec: {
    namespaces: ['team-*'],
    accounts: [roleARN],
    issuers: { aliases: ['*.team-a.example.com'] },
    roles: {},
    ...change,
  },
});
const messageOf = (verdict: ReturnType<typeof judgeIssuer>) => (verdict.allowed ? undefined : verdict.message);
const issuerMessage = (spec: Partial<OIDCIssuerSpec>, ...guardrails: NamedGuardrail[]) =>
  messageOf(judgeIssuer(issuer(spec), namespace, guardrails));
type Rules = GuardrailSpec['roles'];
const roleMessage = (spec: Partial<IAMServiceAccountSpec>, roles?: Rules, change?: Change) =>
  messageOf(judgeRole(facts(spec, change), namespace, [guardrail({ ...(roles && { roles }) })]));
const role = (fields: Partial<NonNullable<IAMServiceAccountSpec['role']>>) => ({
  role: { management: 'Full' as const, ...fields },
});

describe('which Guardrail', () => {
  test('none: an administrator is told what to write', () => {
    const message = issuerMessage({}, guardrail({ namespaces: ['other'] }));
    expect(message).toContain('no Guardrail selects namespace team-a');
    const written = JSON.parse(message!.slice(message!.indexOf('{'))) as NamedGuardrail;
    expect(written.spec).toEqual({ namespaces: ['team-a'], accounts: [roleARN], issuers: { aliases: [alias] } });
    expect(judgeIssuer(issuer(), namespace, [written])).toMatchObject({ allowed: true });
  });

  test('what an administrator is told to write for a role allows the role', () => {
    const asked = facts({
      subjects: [{ namespace: 'default', name: 'reader' }],
      ...role({ name: 'reader', path: '/a/' }),
      policies: { managed: ['AdministratorAccess'], inline: [{ name: 'a', document: '{}' }] },
      tags: { team: 'a' },
    });
    const message = messageOf(judgeRole(asked, namespace, []))!;
    const written = JSON.parse(message.slice(message.indexOf('{'))) as NamedGuardrail;
    expect(judgeRole(asked, namespace, [written])).toMatchObject({ allowed: true });
  });

  test('with several objections each is said with what an administrator would write', () => {
    const message = roleMessage({ tags: { team: 'a' }, policies: { managed: ['AdministratorAccess'] } })!;
    expect(message).toMatch(
      /does not allow .*AdministratorAccess: its spec\.roles\.managedPolicies allows nothing; .* add /,
    );
    expect(message).toMatch(
      /\. Nor does it allow .*team: its spec\.roles\.tagKeys allows nothing; an administrator would add "team" to it$/,
    );
  });

  test('while no issuer tells the account, an administrator is told of no account that could be granted by copying', () => {
    const message = messageOf(judgeRole(facts({}, nowhere), namespace, []))!;
    const written = JSON.parse(message.slice(message.indexOf('{'))) as NamedGuardrail;
    expect(written.spec.accounts).toEqual(['ARN of the role that the issuer will name']);
    expect(judgeRole(facts(), namespace, [written]).allowed).toBe(false);
    const { account: _, ...own } = issuer().spec;
    expect(judgeRole(facts({}, { of: { ...issuer(), spec: own } }), namespace, [written]).allowed).toBe(false);
  });

  test('is selected by labels, all of them', () => {
    const by = (matchLabels: Record<string, string>) => ({
      name: 'labels',
      spec: {
        ...guardrail().spec,
        namespaces: undefined,
        namespaceSelector: { matchLabels },
      } as unknown as GuardrailSpec,
    });
    expect(judgeIssuer(issuer(), namespace, [by({ team: 'a' })]).allowed).toBe(true);
    expect(judgeIssuer(issuer(), namespace, [by({ team: 'a', more: 'b' })]).allowed).toBe(false);
    expect(judgeIssuer(issuer(), namespace, [by({})]).allowed).toBe(false);
  });

  test('one must allow all: what two allow together neither does, and the closest is named', () => {
    const account = guardrail({ issuers: { aliases: ['other'] }, accounts: [roleARN] }, 'account');
    const name = guardrail({ accounts: ['Own'], issuers: { aliases: [alias] } }, 'name');
    const nothing = guardrail({ accounts: ['Own'], issuers: { aliases: [] } }, 'a-nothing');
    expect(issuerMessage({}, nothing, account, name)).toBe(
      `Guardrail account comes closest and does not allow spec.hosting.cloudFront.alias ${alias}: its spec.issuers.aliases allows other; an administrator would add "${alias}" to it`,
    );
    expect(judgeIssuer(issuer(), namespace, [nothing, account, name, guardrail({}, 'all')])).toEqual({
      allowed: true,
      guardrail: 'all',
    });
  });
});

describe('an issuer', () => {
  test('may name the accounts of the list, and only with Own the own one', () => {
    expect(issuerMessage({}, guardrail({ accounts: ['arn:aws:iam::111122223333:role/irsa-*'] }))).toBeUndefined();
    expect(issuerMessage({}, guardrail({ accounts: ['Own', roleARN.toUpperCase()] }))).toContain(roleARN);
    const { account: _account, ...own } = issuer().spec;
    const judgeOwn = (accounts: string[]) =>
      judgeIssuer({ ...issuer(), spec: own }, namespace, [guardrail({ accounts })]);
    expect(judgeOwn(['*']).allowed).toBe(false);
    expect(judgeOwn(['Own']).allowed).toBe(true);
  });

  test('may have its records in no account that is not in the list', () => {
    const inZoneOf = (account: { roleARN: string }) => ({
      hosting: { cloudFront: { alias, dns: { route53: { account } } } },
    });
    const other = 'arn:aws:iam::444455556666:role/dns';
    expect(issuerMessage(inZoneOf({ roleARN: other }), guardrail())).toContain(`the account role ${other}`);
    expect(issuerMessage(inZoneOf({ roleARN: other }), guardrail({ accounts: [roleARN, other] }))).toBeUndefined();
    expect(issuerMessage(inZoneOf({ roleARN }), guardrail())).toBeUndefined();
  });

  test('may register in no further account that is not in the list', () => {
    const listed = { roleARN: 'arn:aws:iam::111122223333:role/irsa-b' };
    const other = { roleARN: 'arn:aws:iam::444455556666:role/irsa-a' };
    const accounts = ['arn:aws:iam::111122223333:role/irsa-*'];
    expect(issuerMessage({ additionalAccounts: [listed] }, guardrail({ accounts }))).toBeUndefined();
    expect(issuerMessage({ additionalAccounts: [listed, other] }, guardrail({ accounts }))).toBe(
      `Guardrail team-a comes closest and does not allow spec.additionalAccounts[1].roleARN ${other.roleARN}: its spec.accounts allows ` +
        `${accounts[0]}; an administrator would add "${other.roleARN}" to it`,
    );
  });

  test('may register in the accounts of its list only if one Guardrail allows each', () => {
    const other = { roleARN: 'arn:aws:iam::444455556666:role/irsa-a' };
    const own = guardrail({}, 'a');
    const others = guardrail({ accounts: [other.roleARN] }, 'b');
    expect(issuerMessage({ additionalAccounts: [other] }, own, others)).toContain('comes closest');
    expect(
      issuerMessage({ additionalAccounts: [other] }, guardrail({ accounts: [roleARN, other.roleARN] })),
    ).toBeUndefined();
  });

  test.each([
    ['IRSA.Team-A.example.com', true],
    ['irsa.team-a.example.com.', true],
    ['irsa.team-b.example.com', false],
    ['irsa.team-a.example.com.evil.org', false],
  ])('with the alias %s: %s', (wanted, expected) => {
    expect(issuerMessage({ hosting: { cloudFront: { alias: wanted } } }, guardrail()) === undefined).toBe(expected);
  });

  test('of another host is judged by that host', () => {
    const hosting = { external: { issuerURL: 'https://oidc.eks.eu-central-1.amazonaws.com/id/1' } };
    expect(issuerMessage({ hosting }, guardrail())).toContain('oidc.eks.eu-central-1.amazonaws.com');
    const issuers = { aliases: ['oidc.eks.*.amazonaws.com'] };
    expect(issuerMessage({ hosting }, guardrail({ issuers }))).toBeUndefined();
  });

  test("is of the operator's own cluster only where that is allowed", () => {
    const cluster = { inCluster: {} };
    expect(issuerMessage({ cluster }, guardrail())).toContain('spec.issuers.inCluster');
    expect(issuerMessage({ cluster }, guardrail({ issuers: { aliases: ['*'], inCluster: true } }))).toBeUndefined();
  });

  test('may set no tag but those whose keys an administrator lists, because it would overwrite and remove what stands on AWS', () => {
    const tags = { team: 'a', 'cost-center': '1', 'data-class': 'public' };
    const issuers = { aliases: [alias] };
    const message = issuerMessage({ tags: { 'data-class': 'public' } }, guardrail({ issuers }))!;
    expect(message).toContain('spec.tags data-class: its spec.issuers.tagKeys allows nothing');
    const listed = { ...issuers, tagKeys: ['team', 'cost-*'] };
    expect(issuerMessage({ tags }, guardrail({ issuers: listed }))).toContain('does not allow spec.tags data-class:');
    expect(issuerMessage({ tags: { Team: 'a' } }, guardrail({ issuers: listed }))).toContain('spec.tags Team:');
    const { 'data-class': _, ...allowed } = tags;
    expect(issuerMessage({ tags: allowed }, guardrail({ issuers: listed }))).toBeUndefined();
    const remedy = messageOf(judgeIssuer(issuer({ tags }), namespace, []))!;
    const written = JSON.parse(remedy.slice(remedy.indexOf('{'))) as NamedGuardrail;
    expect(judgeIssuer(issuer({ tags }), namespace, [written])).toMatchObject({ allowed: true });
  });

  test('is not allowed by a Guardrail for roles', () => {
    const { issuers: _issuers, ...spec } = guardrail().spec;
    expect(issuerMessage({}, { name: 'roles', spec })).toContain('spec.issuers');
  });
});

describe('a role', () => {
  test('is not allowed by a Guardrail for issuers', () => {
    const { roles: _roles, ...spec } = guardrail().spec;
    expect(judgeRole(facts(), namespace, [{ name: 'issuers', spec }])).toMatchObject({ allowed: false });
  });

  test('is judged by the account that it inherits, names, or had', () => {
    const other = 'arn:aws:iam::444455556666:role/irsa-a';
    expect(roleMessage({})).toBeUndefined();
    expect(roleMessage({}, undefined, { of: issuer({ account: { roleARN: other } }) })).toContain(other);
    expect(roleMessage({ account: { roleARN: other } })).toContain(other);
    const { object } = facts();
    const had = { ...object, status: { accountID: '444455556666', accountRoleARN: other } } as IAMServiceAccount;
    expect(roleMessage({}, undefined, { object: had, ...nowhere, accountReady: false })).toContain(other);
    expect(roleMessage({}, undefined, { ...nowhere, accountReady: false })).toBeUndefined();
  });

  test('is reached through a former account, as long as the issuer of another is not ready, only where that is still allowed', () => {
    const former = 'arn:aws:iam::111122223333:role/former';
    const { object } = facts();
    const had = { ...object, status: { accountID: '111122223333', accountRoleARN: former } } as IAMServiceAccount;
    expect(roleMessage({}, undefined, { object: had, accountReady: false })).toContain(former);
    expect(roleMessage({}, undefined, { object: had, accountReady: true })).toBeUndefined();
  });

  test('gets the boundary that is forced, and may name no other', () => {
    const roles = { permissionsBoundary: boundary };
    const judged = (spec: Partial<IAMServiceAccountSpec>) => judgeRole(facts(spec), namespace, [guardrail({ roles })]);
    expect(judged({})).toEqual({ allowed: true, guardrail: 'team-a', permissionsBoundary: boundary });
    expect(judged(role({ permissionsBoundary: boundary })).allowed).toBe(true);
    expect(judged(role({ permissionsBoundary: `${boundary}2` })).allowed).toBe(false);
    expect(judged(role({ permissionsBoundary: boundary.toUpperCase() })).allowed).toBe(false);
  });

  test('is judged by the Guardrail that lets it adopt its role, where it asks for that', () => {
    const existingRoles = ['arn:aws:iam::111122223333:role/theirs'];
    const rules = { names: ['theirs'], paths: ['/'] };
    const plain = guardrail({ roles: rules }, 'a');
    const adopting = guardrail({ roles: { ...rules, permissionsBoundary: boundary, existingRoles } }, 'b');
    const asked = facts(role({ name: 'theirs', path: '/' }));
    const judged = (annotations: Record<string, string>) => {
      const object = { ...asked.object, metadata: { ...meta, annotations } };
      return judgeRole({ ...asked, object }, namespace, [plain, adopting]);
    };
    expect(judged({})).toEqual({ allowed: true, guardrail: 'a' });
    expect(judged({ 'irsa.giantswarm.io/adopt': 'true' })).toEqual({
      allowed: true,
      guardrail: 'b',
      permissionsBoundary: boundary,
      existingRole: true,
    });
  });

  test('whose path is the default one is not the role of that name without a path', () => {
    const existingRoles = ['arn:aws:iam::111122223333:role/theirs'];
    const rules = guardrail({ roles: { names: ['theirs'], paths: ['/'], existingRoles } });
    const judged = (fields: Parameters<typeof role>[0]) => judgeRole(facts(role(fields)), namespace, [rules]);
    expect(judged({ name: 'theirs', path: '/' })).toMatchObject({ existingRole: true });
    expect(judged({ name: 'theirs' })).not.toHaveProperty('existingRole');
    expect(judged({ name: 'theirs', management: 'TrustOnly' })).toMatchObject({ existingRole: true });
  });

  describe('with management TrustOnly', () => {
    const theirs = role({ name: 'theirs', management: 'TrustOnly' });
    const listed = guardrail({ roles: { existingRoles: ['arn:aws:iam::444455556666:role/theirs'] } });
    const judged = (change: Change, status?: IAMServiceAccount['status']) => {
      const asked = facts(theirs, change);
      const object = status ? { ...asked.object, status } : asked.object;
      return messageOf(judgeRole({ ...asked, object }, namespace, [listed]));
    };

    test('is judged by the account of its issuer', () => {
      expect(judged({})).toContain('arn:aws:iam::111122223333:role/theirs');
    });

    test('is judged by the account that it has, also while no issuer tells one', () => {
      expect(judged(nowhere, { accountID: '111122223333' })).toContain('arn:aws:iam::111122223333:role/theirs');
      expect(judged(nowhere, { accountID: '444455556666' })).toBeUndefined();
    });

    test('is let in while nothing tells an account, for nothing is sent to any', () => {
      expect(judged(nowhere)).toBeUndefined();
    });
  });

  test('gets no boundary where another Guardrail allows it without one', () => {
    const forcing = guardrail({ roles: { permissionsBoundary: boundary } }, 'a');
    expect(judgeRole(facts(), namespace, [forcing, guardrail({}, 'b')])).toEqual({ allowed: true, guardrail: 'b' });
  });

  test.each([
    ['AmazonS3ReadOnlyAccess', ['AmazonS3*'], true],
    ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess', ['AmazonS3*'], true],
    ['AmazonS3ReadOnlyAccess', ['arn:aws:iam::aws:policy/AmazonS3*'], true],
    ['arn:aws:iam::111122223333:policy/AmazonS3Evil', ['AmazonS3*'], false],
    ['amazons3readonlyaccess', ['AmazonS3*'], false],
    ['AdministratorAccess', ['AmazonS3*'], false],
    ['AdministratorAccess', undefined, false],
    ['AdministratorAccess', [], false],
    ['ViewOnlyReadOnlyAccess', ['*ReadOnlyAccess'], true],
    ['arn:aws:iam::111122223333:policy/EvilReadOnlyAccess', ['*ReadOnlyAccess'], false],
    ['arn:aws:iam::111122223333:policy/a', ['a*'], false],
    ['arn:aws:iam::111122223333:policy/a', ['*'], true],
    ['arn:aws:iam::111122223333:policy/team-b/a', ['arn:aws:iam::111122223333:policy/team-a/*'], false],
    ['arn:aws:iam::444455556666:policy/team-a/a', ['arn:aws:iam::111122223333:policy/team-a/*'], false],
    ['service-role/AWSLambdaRole', ['AWSLambda*'], false],
    ['service-role/AWSLambdaRole', ['service-role/AWSLambda*'], true],
    // In the words of another partition it is the same policy, and AWS refuses the ARN.
    ['arn:aws-cn:iam::aws:policy/AdministratorAccess', ['arn:aws:iam::aws:policy/AdministratorAccess'], false],
  ])('with the managed policy %s, of %s: %s', (policy, managedPolicies, expected) => {
    const message = roleMessage({ policies: { managed: [policy] } }, { ...(managedPolicies && { managedPolicies }) });
    expect(message === undefined).toBe(expected);
  });

  test('writes policies only where that is allowed, and without what is denied', () => {
    const policies = { inline: [{ name: 'a', document: '{"Statement":{"Effect":"Allow","Action":"IAM:*"}}' }] };
    expect(roleMessage({ policies }, {})).toContain('spec.roles.inlinePolicies');
    expect(roleMessage({ policies }, { inlinePolicies: { deniedActions: ['iam:PassRole'] } })).toContain('IAM:*');
    expect(roleMessage({ policies }, { inlinePolicies: { deniedActions: ['s3:*'] } })).toBeUndefined();
  });

  const ownCluster = issuer({ cluster: { inCluster: {} } });
  const inCluster = { of: ownCluster, refusedIssuers: [] };
  const subjects = (namespace: string) => ({ subjects: [{ namespace, name: 'x' }] });
  test('of another cluster has subjects in any namespace, of the own cluster only in its own', () => {
    expect(roleMessage(subjects('default'))).toBeUndefined();
    expect(roleMessage(subjects('kube-system'), {}, inCluster)).toContain('kube-system');
    expect(roleMessage(subjects('team-a'), {}, inCluster)).toBeUndefined();
    expect(roleMessage(subjects('team-b'), { subjectNamespaces: ['team-*'] }, inCluster)).toBeUndefined();
    expect(roleMessage(subjects('default'), { subjectNamespaces: ['team-*'] })).toContain('default');
    expect(roleMessage(subjects('team-*'), { subjectNamespaces: ['*'] })).toContain('spec.roles.wildcardSubjects');
  });

  test('of an issuer that was turned to the own cluster reaches it only where its Guardrails allow that', () => {
    expect(roleMessage({}, {}, { of: ownCluster })).toContain('spec.issuers.inCluster');
  });

  test('has the default name and path, and others where they are listed', () => {
    expect(roleMessage(role({ path: '/irsa/test/team-a/' }))).toBeUndefined();
    expect(roleMessage(role({ path: '/irsa/test/team-b/' }))).toContain('/irsa/test/team-b/');
    expect(roleMessage(role({ path: '/Team/' }), { paths: ['/team/*'] })).toContain('/Team/');
    expect(roleMessage(role({ path: '/team/x/' }), { paths: ['/team/*'] })).toBeUndefined();
    expect(roleMessage(role({ name: 'admin' }))).toContain('admin');
    expect(roleMessage(role({ name: 'Team-A-reader' }), { names: ['team-a-*'] })).toBeUndefined();
  });

  test('has tags with the keys of the list, whatever their case', () => {
    expect(roleMessage({ tags: { team: 'a' } })).toContain('spec.tags team');
    expect(roleMessage({ tags: { Team: 'a', 'cost-center': '1' } }, { tagKeys: ['team', 'cost-*'] })).toBeUndefined();
  });

  test('has sessions no longer than allowed', () => {
    const roles = { maxSessionDuration: '90m' };
    expect(roleMessage(role({ maxSessionDuration: '1h30m' }), roles)).toBeUndefined();
    expect(roleMessage(role({ maxSessionDuration: '2h' }), roles)).toContain('spec.role.maxSessionDuration 2h');
    expect(roleMessage({}, { maxSessionDuration: '30m' })).toContain('1h (the default)');
  });

  test('keeps its place among the oldest', () => {
    expect(roleMessage({}, { maximum: 2 }, { older: () => 1 })).toBeUndefined();
    expect(roleMessage({}, { maximum: 2 }, { older: () => 2 })).toContain('the 2 oldest');
  });
});
