import { describe, expect, jest, test } from '@jest/globals';
import { finalizer } from '../../../src/api/names.ts';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import type { AccountRef } from '../../../src/aws/accounts.ts';
import { judgeRole } from '../../../src/controllers/guardrails/judge.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { Story, document, issuer, registered, roleName } from './story.ts';

type Spec = ConstructorParameters<typeof Story>[0];

const refusals: [name: string, spec: Spec, reason: string, message: RegExp][] = [
  ['a policy variable as name', { subjects: [{ namespace: 'a', name: '${aws:x}' }] }, 'InvalidSpec', /subjects/],
  ['an empty name part', { subjects: [{ namespace: 'a', name: 'b..c' }] }, 'InvalidSpec', /subjects.*b\.\.c/],
  [
    'more policy than IAM takes',
    { policies: { inline: ['a', 'b'].map((name) => ({ name, document: JSON.stringify({ a: 'x'.repeat(6000) }) })) } },
    'InvalidSpec',
    /policies\.inline.*10240/,
  ],
  [
    'a managed policy of another account',
    { policies: { managed: ['arn:aws:iam::999988887777:policy/theirs'] } },
    'InvalidSpec',
    /policies\.managed: .*999988887777.*name one of account 111122223333 or of AWS/,
  ],
  [
    'a boundary of another account',
    { role: { management: 'Full', permissionsBoundary: 'arn:aws:iam::999988887777:policy/theirs' } },
    'InvalidSpec',
    /role\.permissionsBoundary: .*999988887777.*name one of account 111122223333 or of AWS/,
  ],
  [
    'inline policies whose names differ only in case',
    { policies: { inline: ['mine', 'MINE'].map((name) => ({ name, document })) } },
    'InvalidSpec',
    /policies\.inline.*mine and MINE.*remove one/,
  ],
  [
    'managed policies whose names differ only in case',
    { policies: { managed: ['ReadOnlyAccess', 'readonlyaccess'] } },
    'InvalidSpec',
    /policies\.managed.*remove one/,
  ],
  ['broken JSON', { policies: { inline: [{ name: 'p', document: '{"a"' }] } }, 'InvalidSpec', /policies\.inline.*p/],
];

describe.each(refusals)('refuses %s', (_, spec, reason, message) => {
  test('before anything is sent to AWS', async () => {
    const story = new Story(spec);
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({
      status: 'False',
      reason,
      message: expect.stringMatching(message),
    });
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason });
    expect([...story.aws.calls, ...story.workload.reads]).toEqual([]);
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason }));
  });

  test('in an object that has a role: it is left as it is, and removed with the object', async () => {
    const story = new Story();
    await story.reconcile();
    const before = structuredClone(story.role);
    story.edit(spec ?? {});
    story.forget();
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason });
    expect(story.aws.calls).toEqual([]);
    expect(story.role).toEqual(before);
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
    expect(story.annotations()).toEqual({});
  });
});

test('an object that was never accepted goes without a call to AWS', async () => {
  const story = new Story({ subjects: [{ namespace: 'a', name: 'b..c' }] });
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.aws.calls).toEqual([]);
});

test('refuses an issuer that would move the role to another account', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.seed(
    oidcIssuers,
    issuer('other', {
      spec: { account: { roleARN: 'arn:aws:iam::444455556666:role/operator' } },
      status: { issuerURL: 'https://irsa.other.example.com', accountID: '444455556666', providers: [] },
    }),
  );
  story.edit({ issuerRefs: [{ namespace: '', name: 'other' }] });
  story.forget();
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({
    status: 'False',
    reason: 'ImmutableField',
    message: expect.stringMatching(/444455556666.*111122223333/),
  });
  expect(story.aws.calls).toEqual([]);
});

describe('where no Guardrail allows it', () => {
  const no = () => ({ allowed: false, message: 'no Guardrail selects namespace default' }) as const;

  test('sends nothing to AWS', async () => {
    const story = new Story();
    story.admission.role = no;
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'NotAllowed', message: no().message });
    expect(story.aws.calls).toEqual([]);
  });

  test('opens no account when it is deleted, although it has our finalizer, and says that a role may be left', async () => {
    const story = new Story();
    story.admission.role = no;
    story.kube.edit(iamServiceAccounts, story.object.metadata, { metadata: { finalizers: [finalizer] } });
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.aws.calls).toEqual([]);
    expect(story.said.map(({ reason }) => reason)).toContain('RoleLeft');
  });

  test('leaves what was made, and deletes it when asked to', async () => {
    const story = new Story();
    await story.reconcile();
    story.admission.role = no;
    story.forget();
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ reason: 'NotAllowed' });
    expect(story.aws.calls).toEqual([]);
    story.delete();
    await story.reconcile();
    expect(story.iam.roles.size).toBe(0);
  });
});

test('nothing is sent through a former role of the account that no Guardrail allows any more, until the issuer is ready', async () => {
  const roleOf = (name: string) => ({ account: { roleARN: `arn:aws:iam::111122223333:role/${name}` } });
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: roleOf('former') }));
  await story.reconcile();
  expect(story.status.accountRoleARN).toBe(roleOf('former').account.roleARN);

  const namespace = { name: 'default', labels: {} };
  const spec = {
    namespaces: ['default'],
    accounts: [roleOf('now').account.roleARN],
    roles: { managedPolicies: ['*'] },
  };
  story.admission.role = (request) =>
    judgeRole(
      { ...request, refusedIssuers: request.issuers, older: () => 0, installation: 'test', partition: 'aws' },
      namespace,
      [{ name: 'one', spec }],
    );
  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: roleOf('now'), status: { accountID: '111122223333' } }));
  story.edit({ policies: { managed: ['AdministratorAccess'], inline: [] } });
  story.forget();
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({
    reason: 'NotAllowed',
    message: expect.stringContaining('role/former'),
  });
  expect(story.aws.calls).toEqual([]);

  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: roleOf('now') }));
  await story.reconcile();
  expect(story.status.accountRoleARN).toBe(roleOf('now').account.roleARN);
});

test('a role is reached with the external id of the namespace that named it, whatever issuer the object refers to since', async () => {
  const roleARN = 'arn:aws:iam::111122223333:role/operator';
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: { account: { roleARN } } }));
  await story.reconcile();
  expect(story.status).toMatchObject({ accountRoleARN: roleARN, accountNamespace: 'default' });

  const asked: AccountRef[] = [];
  const { accounts } = story;
  story.accounts = { get: (ref, scope) => (asked.push(ref), accounts.get(ref, scope)) };
  story.restart();
  const elsewhere = { namespace: 'victim', name: 'abcl0' };
  const open = { allowedNamespaces: { from: 'All' as const } };
  story.kube.seed(oidcIssuers, { ...issuer('abcl0', { spec: open, status: {} }), metadata: elsewhere });
  story.edit({ issuerRefs: [elsewhere] });
  await story.reconcile();
  expect(asked).toEqual([{ roleARN, namespace: 'default' }]);
});

describe('the status names the Guardrail that allows it', () => {
  test('once: a second pass writes nothing', async () => {
    const story = new Story();
    await story.reconcile();
    expect(story.status.guardrail).toBe('everything');
    story.forget();
    await story.reconcile();
    expect(story.kube.writes).toEqual([]);
  });

  test('another as soon as another does', async () => {
    const story = new Story();
    await story.reconcile();
    story.admission.role = () => ({ allowed: true, guardrail: 'team-a' });
    await story.reconcile();
    expect(story.status.guardrail).toBe('team-a');
  });

  test.each<[string, (story: Story) => void]>([
    ['no Guardrail allows it', (story) => (story.admission.role = () => ({ allowed: false, message: 'no' }))],
    ['the spec is not valid', (story) => story.edit({ subjects: [{ namespace: 'a', name: 'b..c' }] })],
    ['its issuer does not let it', (story) => story.edit({ issuerRefs: [{ namespace: 'other', name: 'abcl0' }] })],
  ])('and none while %s', async (_, refuse) => {
    const story = new Story();
    await story.reconcile();
    refuse(story);
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False' });
    expect(story.status).not.toHaveProperty('guardrail');
    expect(story.status.roleARN).toBe(story.role.arn);
  });

  test('also while it could not be judged', async () => {
    const story = new Story();
    await story.reconcile();
    story.admission.role = () => {
      throw new Error('nobody answers');
    };
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'Unknown' });
    expect(story.status.guardrail).toBe('everything');
  });
});

describe('the boundary of its Guardrail', () => {
  const boundary = (name: string) => `arn:aws:iam::111122223333:policy/${name}`;
  /** With a role that was made under the boundary `first`. */
  async function bounded() {
    const story = new Story();
    for (const name of ['first', 'second']) story.iam.policies.add(boundary(name));
    const force = (permissionsBoundary: string) =>
      (story.admission.role = () => ({ allowed: true, guardrail: 'team-a', permissionsBoundary }));
    force(boundary('first'));
    await story.reconcile();
    const writes = [...story.aws.writes];
    story.forget();
    return { story, force, writes };
  }

  test('is on a role whose object names none from its first moment, and a second pass writes nothing', async () => {
    const { story, writes } = await bounded();
    expect(story.role).toMatchObject({ permissionsBoundary: boundary('first') });
    expect(writes).not.toContain('PutRolePermissionsBoundary');
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test.each([undefined, boundary('second')])(
    'comes back where somebody else made it %s',
    async (permissionsBoundary) => {
      const { story } = await bounded();
      Object.assign(story.role, { permissionsBoundary });
      await story.reconcile();
      expect(story.aws.writes).toEqual(['PutRolePermissionsBoundary']);
      expect(story.role).toMatchObject({ permissionsBoundary: boundary('first') });
    },
  );

  test('follows the Guardrail', async () => {
    const { story, force } = await bounded();
    force(boundary('second'));
    await story.reconcile();
    expect(story.aws.writes).toEqual(['PutRolePermissionsBoundary']);
    expect(story.role).toMatchObject({ permissionsBoundary: boundary('second') });
  });

  test('is put on before the policies that it bounds', async () => {
    const { story, force } = await bounded();
    force(boundary('second'));
    story.edit({ policies: { managed: ['AmazonS3FullAccess'], inline: [] } });
    await story.reconcile();
    expect(story.aws.writes[0]).toBe('PutRolePermissionsBoundary');
    expect(story.aws.writes).toContain('AttachRolePolicy');
  });

  test('keeps out new policies while it does not exist', async () => {
    const { story, force } = await bounded();
    force(boundary('missing'));
    story.edit({ policies: { managed: ['AmazonS3FullAccess'], inline: [] } });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False' });
    expect(story.aws.writes).toEqual(['PutRolePermissionsBoundary']);
  });
});

test('has noted what is needed to undo when it first writes to AWS', async () => {
  const story = new Story();
  const noted: unknown[] = [];
  const create = jest.spyOn(story.iam, 'CreateRole').mockImplementation(() => {
    noted.push(story.object.metadata.finalizers, story.status);
    throw new Error('the operator dies here');
  });
  await story.reconcile();
  expect(create).toHaveBeenCalledTimes(1);
  expect(noted).toEqual([
    ['irsa.giantswarm.io/finalizer'],
    expect.objectContaining({
      accountID: '111122223333',
      roleName,
      issuers: [expect.objectContaining({ url: 'https://irsa.abcl0.example.com' })],
      serviceAccounts: [
        { issuerNamespace: 'default', cluster: 'abcl0', namespace: 'default', name: 's3-reader', state: 'Pending' },
      ],
    }),
  ]);
});

test('refuses an issuer with an audience that IAM would expand', async () => {
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered('irsa.abcl0.example.com', ['${aws:username}']) }));
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  expect(story.aws.calls).toEqual([]);
});

test("does not touch a role when the operator's credentials became those of another account", async () => {
  const story = new Story();
  await story.reconcile();
  const { metadata, spec, status } = story.object;
  const moved = '777788889999';
  story.kube.seed(iamServiceAccounts, { metadata: { ...metadata }, spec, status: { ...status, accountID: moved } });
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: { accountID: moved } }));
  story.forget();
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({
    status: 'Unknown',
    reason: 'ImmutableField',
    message: expect.stringContaining(moved),
  });
  expect([...story.aws.reads, ...story.aws.writes]).toEqual([]);
});

test('ends at its deadline while the read of the issuer, which it shares with other passes, gets no answer', async () => {
  const story = new Story();
  const find = story.kube.find.bind(story.kube);
  const silent = new Promise<never>(() => {});
  jest
    .spyOn(story.kube, 'find')
    .mockImplementation((resource, ref) => (resource === oidcIssuers ? silent : find(resource, ref)));
  const pass = story.reconcile();
  await story.clock.advance(minutes(2));
  await pass;
  expect(story.condition('Accepted')).toMatchObject({ status: 'Unknown' });
});
