import {
  AddRoleToInstanceProfileCommand,
  CreatePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, mayWrite, oidcIssuer, roleARN, type Manifest } from './objects.ts';
import { TokenMaker } from './tokens.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

/** Where issuers register too. */
const otherAccountID = '444455556666';

let environment: Environment;
let workspace: Workspace;
let platform: Workspace;
let own: Clients;
let other: Clients;
let tokens: TokenMaker;

beforeAll(async () => {
  environment = await Environment.start();
  for (const name of ['terraformed', 'by-hand', 'lonely'])
    environment.access.addResource('RolesOnOwnPath', `arn:aws:iam::ACCOUNT:role/${name}`);
  await environment.install();
  tokens = new TokenMaker(environment.front);
  workspace = await Workspace.create(environment, 'org-acme');
  platform = await Workspace.create(environment, 'platform');
  own = await environment.account(ownAccountID);
  other = await environment.account(otherAccountID);
  await environment.startOperator();
  await workspace.apply(tokens.secret('keys'), issuer('one', { additionalAccounts }), issuer('two'));
  await platform.apply(tokens.secret('keys'), issuer('shared', { allowedNamespaces: { from: 'All' } }));
  await workspace.ready('oidcissuer/one', 'oidcissuer/two');
  await platform.ready('oidcissuer/shared');
});

afterAll(async () => {
  tokens?.stop();
  await environment?.stop();
});

const additionalAccounts = [{ roleARN: roleARN(otherAccountID) }];

/** In a bucket, which is quick, and of a cluster that nothing is done in. */
const issuer = (name: string, change: Parameters<typeof oidcIssuer>[1] = {}): Manifest => {
  const { spec, ...rest } = oidcIssuer(name, { hosting: { s3: {} }, ...change });
  return { ...rest, spec: { ...(spec as object), signingKeys: { secretRef: { name: 'keys', key: 'pub' } } } };
};

const role = (name: string, change: Parameters<typeof iamServiceAccount>[2] = {}): Manifest =>
  iamServiceAccount(name, 'one', { serviceAccountPolicy: 'Ignore', ...change });

const statusOf = async (name: string) => {
  const { status } = await workspace.get<IAMServiceAccountStatus>('iamserviceaccount', name);
  return status ?? {};
};
const urlOf = async (name: string, where = workspace) =>
  (await where.get<OIDCIssuerStatus>('oidcissuer', name)).status?.issuerURL ?? '';

/** What STS answers service accounts, each `namespace/name`, of an issuer. */
async function answers(name: string, subjects: readonly string[], issuerURL?: string): Promise<string[]> {
  const { roleARN: arn = '' } = await statusOf(name);
  const url = issuerURL ?? (await urlOf('one'));
  return Promise.all(subjects.map((subject) => tokens.assume(arn, { issuer: url, subject })));
}

const trustOf = async (RoleName: string, { iam }: Clients = own): Promise<{ Statement: { Sid?: string }[] }> => {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  return JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')) as { Statement: { Sid?: string }[] };
};

const guardrail = (name: string, roles: object): Promise<string> =>
  environment.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({
      apiVersion: 'irsa.giantswarm.io/v1alpha1',
      kind: 'Guardrail',
      metadata: { name },
      spec: { namespaces: ['org-acme'], accounts: ['Own', '*'], roles },
    }),
  );

const denied = 'AccessDenied';
const got = 'credentials';

describe('subjects', () => {
  test('are service accounts of several namespaces; no other service account and no other audience is let in', async () => {
    const subjects = ['default/reader', 'batch/nightly'].map((each) => {
      const [namespace = '', name = ''] = each.split('/');
      return { namespace, name };
    });
    await workspace.apply(role('several', { subjects }));
    await workspace.ready('iamserviceaccount/several');
    expect(
      await answers('several', [
        'default/reader',
        'batch/nightly',
        'default/nightly',
        'batch/reader',
        'default/reader2',
      ]),
    ).toEqual([got, got, denied, denied, denied]);
    const { roleARN: arn = '' } = await statusOf('several');
    const elsewhere = { issuer: await urlOf('one'), subject: 'default/reader', aud: 'vault' };
    expect(await tokens.assume(arn, elsewhere)).not.toBe(got);
    // Another cluster's issuer, of which the role says nothing.
    expect(await answers('several', ['default/reader'], await urlOf('two'))).toEqual([denied]);
  });

  test('have wildcards only where a Guardrail allows it, and these end at the colon', async () => {
    await workspace.apply(role('wild', { subjects: [{ namespace: 'team-*', name: 'job-*' }] }));
    const refused = { type: 'Accepted', reason: 'NotAllowed' };
    const { message } = await workspace.condition('iamserviceaccount', 'wild', refused);
    expect(message).toContain('wildcardSubjects');
    expect((await workspace.event('IAMServiceAccount', 'wild', 'NotAllowed')).note).toContain('wildcardSubjects');
    await guardrail('wide', { wildcardSubjects: true, subjectNamespaces: ['team-*'] });
    await workspace.ready('iamserviceaccount/wild');
    expect(
      await answers('wild', ['team-a/job-1', 'team-b/job-', 'team-a/cron', 'steam-a/job-1', 'default/job-1']),
    ).toEqual([got, got, denied, denied, denied]);
  });

  test('may all go: the role stays and lets nobody in, until there is one again', async () => {
    await workspace.patch('iamserviceaccount', 'several', { spec: { subjects: [] } });
    await until('nobody to be let in', async () =>
      (await answers('several', ['default/reader']))[0] === denied ? true : undefined,
    );
    const { roleName = '' } = await statusOf('several');
    expect((await trustOf(roleName)).Statement).toEqual([expect.objectContaining({ Effect: 'Deny' })]);
    const subjects = [{ namespace: 'default', name: 'reader' }];
    await workspace.patch('iamserviceaccount', 'several', { spec: { subjects } });
    await until('it to be let in', async () =>
      (await answers('several', ['default/reader']))[0] === got ? true : undefined,
    );
  });
});

test('a role trusts several issuers, one in another namespace, each as soon as it is ready', async () => {
  const issuerRefs = [{ name: 'one' }, { name: 'shared', namespace: 'platform' }, { name: 'late' }];
  await workspace.apply(role('many', { issuerRefs }));
  const waits = { type: 'IssuersReady', reason: 'IssuerNotFound' };
  expect((await workspace.condition('iamserviceaccount', 'many', waits)).message).toContain('late');
  const shared = await urlOf('shared', platform);
  await until('the issuers that are ready', async () =>
    (await statusOf('many')).issuers?.length === 2 ? true : undefined,
  );
  expect(await answers('many', ['default/many'])).toEqual([got]);
  expect(await answers('many', ['default/many'], shared)).toEqual([got]);

  await workspace.apply(issuer('late'));
  await workspace.ready('iamserviceaccount/many');
  expect(await answers('many', ['default/many'], await urlOf('late'))).toEqual([got]);

  await workspace.patch('iamserviceaccount', 'many', { spec: { issuerRefs: issuerRefs.slice(0, 1) } });
  await until('the others to be left', async () => ((await statusOf('many')).issuers?.length === 1 ? true : undefined));
  expect(await answers('many', ['default/many'])).toEqual([got]);
  expect(await answers('many', ['default/many'], shared)).toEqual([denied]);
});

test('a role is in another account, where its issuer is registered too', async () => {
  environment.front.clearCalls();
  await workspace.apply(role('abroad', { account: { roleARN: roleARN(otherAccountID) } }));
  await workspace.ready('iamserviceaccount/abroad');
  const { accountID, accountRoleARN, roleName = '', roleARN: arn } = await statusOf('abroad');
  expect({ accountID, accountRoleARN, arn }).toEqual({
    accountID: otherAccountID,
    accountRoleARN: roleARN(otherAccountID),
    arn: expect.stringContaining(`arn:aws:iam::${otherAccountID}:role/irsa/`),
  });
  expect(await answers('abroad', ['default/abroad', 'default/other'])).toEqual([got, denied]);
  // The way that the issuer goes into that account serves the role too.
  expect(environment.front.calls.filter(({ operation }) => operation === 'AssumeRole')).toEqual([]);
  await workspace.kubectl(['delete', 'iamserviceaccount', 'abroad']);
  const { Roles = [] } = await other.iam.send(new ListRolesCommand({}));
  expect(Roles.map(({ RoleName }) => RoleName)).not.toContain(roleName);

  await workspace.apply(
    role('stranded', { issuerRefs: [{ name: 'two' }], account: { roleARN: roleARN(otherAccountID) } }),
  );
  const waits = { type: 'IssuersReady', reason: 'IssuerNotRegistered' };
  const { message } = await workspace.condition('iamserviceaccount', 'stranded', waits);
  expect(message).toContain(otherAccountID);
  expect(message).toContain('spec.additionalAccounts');
});

describe("somebody else's role", () => {
  const foreign = [
    {
      Sid: 'Breakglass',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ownAccountID}:root` },
      Action: 'sts:AssumeRole',
    },
    {
      Effect: 'Allow',
      Principal: { Service: ['ec2.amazonaws.com', 'lambda.amazonaws.com'] },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: { 'aws:SourceAccount': [ownAccountID] } },
    },
  ];
  const make = async (RoleName: string, Statement: readonly object[] = foreign) => {
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const Tags = [{ Key: 'made-by', Value: 'terraform' }];
    await own.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Tags }));
  };
  const arnOf = (name: string) => `arn:aws:iam::${ownAccountID}:role/${name}`;

  beforeAll(() =>
    guardrail('existing', {
      names: ['*'],
      paths: ['/'],
      existingRoles: [arnOf('terraformed'), arnOf('by-hand'), arnOf('lonely')],
    }),
  );

  test('keeps every other statement to the letter with TrustOnly, while ours come and go', async () => {
    await make('terraformed');
    await workspace.apply(role('guest', { role: { name: 'terraformed', management: 'TrustOnly' } }));
    await workspace.ready('iamserviceaccount/guest');
    expect(await answers('guest', ['default/guest', 'default/other'])).toEqual([got, denied]);
    const { Statement } = await trustOf('terraformed');
    expect(Statement.slice(0, 2)).toEqual(foreign);
    expect(Statement).toHaveLength(3);

    await workspace.patch('iamserviceaccount', 'guest', { spec: { issuerRefs: [{ name: 'one' }, { name: 'two' }] } });
    await until('the second issuer', async () => ((await statusOf('guest')).issuers?.length === 2 ? true : undefined));
    expect(await answers('guest', ['default/guest'], await urlOf('two'))).toEqual([got]);
    await workspace.patch('iamserviceaccount', 'guest', { spec: { subjects: [] } });
    await until('our statements to go', async () =>
      (await answers('guest', ['default/guest']))[0] === denied ? true : undefined,
    );
    expect((await trustOf('terraformed')).Statement).toEqual(foreign);
    await workspace.patch('iamserviceaccount', 'guest', {
      spec: { subjects: [{ namespace: 'default', name: 'guest' }] },
    });
    await until('our statements to come back', async () =>
      (await answers('guest', ['default/guest']))[0] === got ? true : undefined,
    );

    await workspace.kubectl(['delete', 'iamserviceaccount', 'guest']);
    expect((await trustOf('terraformed')).Statement).toEqual(foreign);
    const { Tags } = await own.iam.send(new ListRoleTagsCommand({ RoleName: 'terraformed' }));
    expect(Tags).toEqual([{ Key: 'made-by', Value: 'terraform' }]);
  });

  test('denies everybody when TrustOnly ends and there was no other statement', async () => {
    await make('lonely', foreign.slice(0, 1));
    await workspace.apply(role('lonely', { role: { name: 'lonely', management: 'TrustOnly' } }));
    await workspace.ready('iamserviceaccount/lonely');
    const { Statement } = await trustOf('lonely');
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: Statement.slice(1) });
    await own.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'lonely', PolicyDocument }));
    await workspace.kubectl(['delete', 'iamserviceaccount', 'lonely']);
    expect((await trustOf('lonely')).Statement).toEqual([expect.objectContaining({ Effect: 'Deny' })]);
    expect((await workspace.event('IAMServiceAccount', 'lonely', 'TrustDenied')).note).toContain('lonely');
  });

  test('is adopted when the object and a Guardrail agree, as planned, and goes with the object once no instance profile has it', async () => {
    const RoleName = 'by-hand';
    await make(RoleName);
    const PolicyDocument = mayWrite('payroll', '');
    await own.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'theirs', PolicyDocument }));
    await own.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'nodes' }));
    await own.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'nodes', RoleName }));

    const before = await own.iam.send(new GetRoleCommand({ RoleName }));
    const adopts = role('adopter', {
      role: { name: RoleName, path: '/' },
      policies: { managed: ['AmazonS3ReadOnlyAccess'] },
    });
    await guardrail('existing', {
      names: ['*'],
      paths: ['/'],
      managedPolicies: ['AmazonS3*'],
      existingRoles: [arnOf('terraformed'), arnOf(RoleName), arnOf('lonely')],
    });
    await workspace.apply(adopts);
    const refused = { type: 'RoleReady', reason: 'NotOwned' };
    expect((await workspace.condition('iamserviceaccount', 'adopter', refused)).message).toContain(
      'irsa.giantswarm.io/adopt',
    );

    const annotations = { 'irsa.giantswarm.io/adopt': 'true', 'irsa.giantswarm.io/plan': 'true' };
    await workspace.apply({ ...adopts, metadata: { ...adopts.metadata, annotations } });
    const plan = await until('the plan', async () => (await statusOf('adopter')).plan);
    expect(plan.join('\n')).toMatch(/attach/i);
    expect(plan.join('\n')).toMatch(/trust/i);
    expect(plan.join('\n')).toContain('theirs');
    expect(await own.iam.send(new GetRoleCommand({ RoleName }))).toMatchObject({ Role: before.Role });

    await workspace.kubectl(['annotate', 'iamserviceaccount', 'adopter', 'irsa.giantswarm.io/plan-']);
    await workspace.ready('iamserviceaccount/adopter');
    expect(await answers('adopter', ['default/adopter'])).toEqual([got]);
    expect((await trustOf(RoleName)).Statement).toHaveLength(1);
    const { AttachedPolicies } = await own.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    expect(AttachedPolicies?.map(({ PolicyName }) => PolicyName)).toEqual(['AmazonS3ReadOnlyAccess']);

    await workspace.kubectl(['delete', 'iamserviceaccount', 'adopter', '--wait=false']);
    const waits = { type: 'RoleReady', reason: 'AccessDenied' };
    const { message } = await workspace.condition('iamserviceaccount', 'adopter', waits);
    // config/iam does not grant it, because AWS cannot limit it to our roles.
    expect(message).toContain('iam:RemoveRoleFromInstanceProfile');
    const profileRole = { InstanceProfileName: 'nodes', RoleName };
    await own.iam.send(new RemoveRoleFromInstanceProfileCommand(profileRole));
    await workspace.gone('iamserviceaccount', 'adopter');
    const { Roles = [] } = await own.iam.send(new ListRolesCommand({}));
    expect(Roles.map((each) => each.RoleName)).not.toContain(RoleName);
  });
});

describe('bad input', () => {
  const inline = (document: string) => ({ policies: { inline: [{ name: 'mine', document }] } });
  const managed = (...arns: readonly string[]) => ({ policies: { managed: [...arns] } });
  const elsewhere = 'arn:aws:iam::999988887777:policy/theirs';
  const many = Array.from({ length: 11 }, (_, index) => `arn:aws:iam::${ownAccountID}:policy/p${index}`);
  type Change = Parameters<typeof iamServiceAccount>[2];
  const inputs: readonly [name: string, change: Change, told: string, words: readonly string[]][] = [
    [
      'no-json',
      inline('{,}'),
      'Accepted InvalidSpec',
      ['spec.policies.inline: the document of mine is no JSON object: write'],
    ],
    ['no-statement', inline('{}'), 'Accepted InvalidSpec', ['spec.policies.inline', 'has no Statement: write']],
    [
      'too-long',
      inline(mayWrite('b'.repeat(10_240), '')),
      'Accepted InvalidSpec',
      ['spec.policies.inline', '10240', 'shorten'],
    ],
    [
      'no-policy',
      managed('NoSuchPolicy'),
      'PoliciesReady PolicyNotFound',
      ['spec.policies.managed', 'NoSuchPolicy', 'correct its name'],
    ],
    [
      'policy-elsewhere',
      managed(elsewhere),
      'Accepted InvalidSpec',
      ['spec.policies.managed', elsewhere, `name one of account ${ownAccountID}`],
    ],
    [
      'too-many',
      managed(...many),
      'PoliciesReady LimitExceeded',
      ['spec.policies.managed', 'takes 10', '"Managed policies per role"', 'name fewer policies'],
    ],
    [
      'no-boundary',
      { role: { permissionsBoundary: `arn:aws:iam::${ownAccountID}:policy/none` } },
      'RoleReady PolicyNotFound',
      ['spec.role.permissionsBoundary', 'policy/none', 'make it'],
    ],
    [
      'boundary-elsewhere',
      { role: { permissionsBoundary: elsewhere } },
      'Accepted InvalidSpec',
      ['spec.role.permissionsBoundary', elsewhere],
    ],
    [
      'no-issuer',
      { issuerRefs: [{ name: 'none' }] },
      'IssuersReady IssuerNotFound',
      ['OIDCIssuer none', 'correct spec.issuerRefs'],
    ],
    [
      'late',
      { issuerRefs: [{ name: 'leaving' }] },
      'IssuersReady IssuerLeaving',
      ['OIDCIssuer leaving is being deleted', 'name another one in spec.issuerRefs'],
    ],
    [
      'nobody',
      { subjects: [{ namespace: 'default', name: 'a..b' }] },
      'Accepted InvalidSpec',
      ['spec.subjects', 'default/a..b', 'such names have'],
    ],
    [
      'closed-issuer',
      { issuerRefs: [{ name: 'closed', namespace: 'platform' }] },
      'Accepted IssuerNotAllowed',
      ['spec.issuerRefs', 'platform/closed'],
    ],
    [
      'unreachable',
      { account: { roleARN: roleARN('999988887777') }, issuerRefs: [{ name: 'one' }] },
      'IssuersReady IssuerNotRegistered',
      ['999988887777', 'spec.additionalAccounts'],
    ],
    ['z-twin', { role: { name: 'TWIN' } }, 'Accepted NameHeld', ['spec.role.name', 'IAMServiceAccount twin']],
    [
      'crowd',
      {
        subjects: Array.from({ length: 60 }, (_, index) => ({
          namespace: 'default',
          name: `${index}`.padStart(40, 'x'),
        })),
      },
      'RoleReady LimitExceeded',
      ['2048', '"Role trust policy length"', 'name fewer subjects'],
    ],
  ];

  beforeAll(async () => {
    for (const [index] of many.entries()) {
      const PolicyDocument = mayWrite('acme', '');
      await own.iam.send(new CreatePolicyCommand({ PolicyName: `p${index}`, PolicyDocument }));
    }
    environment.access.addResource('RolesOnOwnPath', 'arn:aws:iam::ACCOUNT:role/irsa/*');
    await platform.apply(issuer('closed'));
    const leaving = issuer('leaving');
    const metadata = { ...leaving.metadata, finalizers: ['example.com/held-by-the-test'] };
    await workspace.apply({ ...leaving, metadata });
    await workspace.kubectl(['delete', 'oidcissuer', 'leaving', '--wait=false']);
    await workspace.apply(role('twin', { role: { name: 'twin' } }));
    await workspace.ready('iamserviceaccount/twin');
    await workspace.apply(...inputs.map(([name, change]) => role(name, change)));
  });

  test.each(inputs)('%s is told what is wrong, by a condition and by an event', async (name, _, told, words) => {
    const [type = '', reason = ''] = told.split(' ');
    const { status, message } = await workspace.condition('iamserviceaccount', name, { type, reason });
    expect([status, message]).toEqual(['False', expect.stringContaining(words[0] ?? '')]);
    const { note } = await workspace.event('IAMServiceAccount', name, reason);
    for (const word of words) expect([message, note]).toEqual([message, note].map(() => expect.stringContaining(word)));
  });

  test.each<[string, Change, string]>([
    ['a name of 65 characters', { role: { name: 'n'.repeat(65) } }, 'spec.role.name'],
    ['a name with a slash', { role: { name: 'a/b' } }, 'spec.role.name'],
    ['a path that does not end', { role: { path: '/a' } }, 'spec.role.path'],
    ['a session of a minute', { role: { maxSessionDuration: '1m' } }, 'spec.role.maxSessionDuration'],
    ['a tag of AWS', { tags: { 'aws:team': 'a' } }, 'spec.tags'],
    [
      '41 tags',
      { tags: Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`t${index}`, 'a'])) },
      'spec.tags',
    ],
    ['a subject in capitals', { subjects: [{ namespace: 'default', name: 'No_One' }] }, 'spec.subjects[0].name'],
    ['a policy without braces', inline('{'), 'spec.policies.inline[0].document'],
    ['a subject with a colon', { subjects: [{ namespace: 'a:b', name: 'c' }] }, 'spec.subjects[0].namespace'],
    ['no issuer', { issuerRefs: [] }, 'spec.issuerRefs'],
  ])('%s is refused by the API server, which names the field', async (_, change, field) => {
    await expect(workspace.apply(role('refused', change))).rejects.toThrow(field);
  });

  // The last of all: the fault waits for more calls than are made.
  test('a full quota of roles is told with its name, its value and the remedy', async () => {
    environment.front.fail('CreateRole', { kind: 'error', code: 'LimitExceeded', status: 409 }, 100);
    await workspace.apply(role('no-room'));
    const full = { type: 'RoleReady', reason: 'LimitExceeded' };
    const { message } = await workspace.condition('iamserviceaccount', 'no-room', full);
    const { note } = await workspace.event('IAMServiceAccount', 'no-room', 'LimitExceeded');
    for (const word of ['takes 1000', '"Roles per account"', 'delete roles that nobody needs'])
      expect([message, note]).toEqual([message, note].map(() => expect.stringContaining(word)));
  });
});
