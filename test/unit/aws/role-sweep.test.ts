import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Account, Accounts } from '../../../src/aws/accounts.ts';
import { ownershipTags } from '../../../src/aws/ownership.ts';
import type { Roles, RoleSpec } from '../../../src/aws/roles.ts';
import type { Scope } from '../../../src/aws/scope.ts';
import { FakeAws, scope, ServiceError } from '../../fakes/aws/index.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { failure } from './failure.ts';

const minute = 60_000;
const maxAge = 5 * minute;
const path = '/irsa/test/default/';
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const inline = {
  name: 'own',
  document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"a+b/%41"}]}',
};
const trustPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Federated: 'arn' }, Action: 'sts:AssumeRoleWithWebIdentity' }],
};

function spec(name: string, changes: Partial<RoleSpec> = {}): RoleSpec {
  const owner = {
    installation: 'test',
    owner: `IAMServiceAccount/default/${name}`,
    home: 'home',
    takesOver: [],
    adopts: false,
  };
  return {
    ...{ name, path, trustPolicy, tags: { ...ownershipTags(owner, 'abcl0'), team: 'a' } },
    ...{ description: 'reads', maxSessionDurationSeconds: 7200, permissionsBoundary: undefined },
    ...changes,
  };
}

let aws: FakeAws;
let now: number;
let logger: FakeLogger;
let swept: string[];
let accounts: Accounts;
let account: Account;
let roles: Roles;
beforeEach(async () => {
  now = 0;
  aws = new FakeAws({ now: () => now });
  logger = new FakeLogger();
  swept = [];
  accounts = connect();
  account = await reach();
  ({ roles } = account);
});

const connect = (options: Parameters<FakeAws['accounts']>[0] = {}) =>
  aws.accounts({
    operator: scope({ logger }),
    observer: { swept: (id, result) => swept.push(`${id} ${result}`) },
    ...options,
  });
const reach = (options: Partial<Scope> = {}, ref: { roleARN?: string; namespace?: string } = {}) =>
  accounts.get({ roleARN: undefined, namespace: 'default', ...ref }, scope(options));
const look = (name: string, from = account, at = path) => from.sweptRole({ name, path: at }, maxAge);
const seen = async (name: string, from = account) => (await look(name, from))?.role.name;
const listings = () =>
  aws.calls.map(({ operation }) => operation).filter((name) => /^(GetAccountAuth|ListRoles)/.test(name));
const oneSweep = ['GetAccountAuthorizationDetails', 'ListRoles'];

test('tells all that the reads of the role itself tell', async () => {
  const boundary = 'arn:aws:iam::111122223333:policy/boundary';
  aws.account().iam.policies.add(boundary);
  await roles.create(spec('reader', { permissionsBoundary: boundary }));
  await roles.changePolicies('reader', { attach: [readOnly], detach: [], put: [inline], delete: [] });

  const found = await look('reader');

  expect(found).toEqual({ role: await roles.find('reader'), policies: await roles.getPolicies('reader') });
  expect(found?.policies).toEqual({ managed: [readOnly], inline: [inline] });
  expect(found?.role).toMatchObject({ description: 'reads', maxSessionDurationSeconds: 7200 });
});

test('is two calls for a thousand roles, and one for each further page', async () => {
  const names = Array.from({ length: 1000 }, (_, number) => `reader-${number}`);
  for (const name of names) await roles.create(spec(name));
  expect(await Promise.all(names.map((name) => seen(name)))).toEqual(names);
  expect(listings()).toEqual(oneSweep);
  expect(aws.calls.filter(({ operation }) => operation === 'GetAccountSummary')).toHaveLength(1);

  now += maxAge;
  aws.pageSize = 400;
  aws.forgetCalls();
  expect(await Promise.all(names.map((name) => seen(name)))).toEqual(names);
  expect(listings().sort()).toEqual([...oneSweep, ...oneSweep, ...oneSweep].sort());
});

test('is made anew for the first look after its time', async () => {
  await roles.create(spec('reader'));
  await look('reader');
  aws.account().roles.get('reader')!.description = 'changed';
  now += maxAge - 1;
  expect((await look('reader'))?.role.description).toBe('reads');
  now += 1;
  expect((await look('reader'))?.role.description).toBe('changed');
  expect(swept).toEqual(['111122223333 success', '111122223333 success']);
});

test('gives each who asks a role of its own', async () => {
  await roles.create(spec('reader'));
  const [first, second] = await Promise.all([look('reader'), look('reader')]);
  expect(first).toEqual(second);
  expect(first?.role.tags).not.toBe(second?.role.tags);
});

test('finds a role by its name in whatever case, as IAM does', async () => {
  await roles.create(spec('Reader'));
  expect(await seen('reader')).toBe('Reader');
});

describe('does not know', () => {
  test('a role that it did not see, and asks nothing more', async () => {
    await look('reader');
    await roles.create(spec('reader'));
    aws.forgetCalls();
    expect(await look('reader')).toBeUndefined();
    expect(aws.calls).toEqual([]);
  });

  test.each([{}, { 'irsa.giantswarm.io/installation': 'other' }])('a role with the tags %j', async (tags) => {
    await roles.create(spec('reader', { tags }));
    expect(await look('reader')).toBeUndefined();
  });

  test('a role that was deleted and made anew between its two listings', async () => {
    await roles.create(spec('reader'));
    const there = aws.account().roles;
    aws.failWhen('ListRoles', () => {
      there.set('reader', { ...there.get('reader')!, id: 'AROAOTHER' });
      return undefined;
    });
    expect(await look('reader')).toBeUndefined();
  });

  const changes: Readonly<Record<string, (roles: Roles) => Promise<unknown>>> = {
    UpdateRole: (roles) => roles.update('reader', { settings: { description: 'x', maxSessionDurationSeconds: 3600 } }),
    TagRole: (roles) => roles.update('READER', { setTags: { team: 'b' } }),
    UpdateAssumeRolePolicy: (roles) => roles.updateTrustPolicy('reader', trustPolicy),
    AttachRolePolicy: (roles) =>
      roles.changePolicies('reader', { attach: [readOnly], detach: [], put: [], delete: [] }),
    DeleteRole: (roles) => roles.delete('reader', { managed: [], inline: [] }),
  };
  describe.each(Object.entries(changes))('a role after our own %s', (operation, change) => {
    beforeEach(async () => {
      await roles.create(spec('reader'));
      await roles.create(spec('other'));
      await look('reader');
    });

    test('until the next sweep', async () => {
      await change(roles);
      expect(await seen('reader')).toBeUndefined();
      expect(await seen('other')).toBe('other');
      now += maxAge;
      expect(await seen('reader')).toBe(operation === 'DeleteRole' ? undefined : 'reader');
    });

    test('if it failed too, for it may have taken effect', async () => {
      aws.failNext(operation, new ServiceError('ServiceFailureException', 500));
      await failure(change(roles));
      expect(await seen('reader')).toBeUndefined();
    });

    test('by another way to the account', async () => {
      const other = await reach({}, { roleARN: 'arn:aws:iam::111122223333:role/operator' });
      expect(await seen('reader', other)).toBe('reader');
      await change(other.roles);
      expect([await seen('reader'), await seen('reader', other)]).toEqual([undefined, undefined]);
    });
  });

  test('a role whose change was under way when it began', async () => {
    await roles.create(spec('reader'));
    let asked: Promise<unknown> = Promise.resolve();
    aws.failWhen('TagRole', () => {
      asked = look('reader');
      return undefined;
    });
    await roles.update('reader', { setTags: { team: 'b' } });
    await asked;
    expect(await seen('reader')).toBeUndefined();
  });
});

test('a plan that sends nothing takes no role from it', async () => {
  await roles.create(spec('reader'));
  await look('reader');
  const planned = await reach({ plan: { note: () => {} } });
  await planned.roles.update('reader', { setTags: { team: 'b' } });
  expect(await seen('reader')).toBe('reader');
});

test('looks through the whole account once if a role is under a path of its own', async () => {
  const elsewhere = ['a', 'b'];
  for (const name of elsewhere) await roles.create(spec(name, { path: '/teams/' }));
  await roles.create(spec('reader'));
  await look('reader');
  for (const name of elsewhere) expect((await look(name, account, '/teams/'))?.role.path).toBe('/teams/');
  expect(await seen('reader')).toBe('reader');
  expect(listings()).toEqual([...oneSweep, 'ListRoles']);
  const prefixes = aws.calls
    .filter(({ operation }) => operation === 'ListRoles')
    .map(({ input }) => input['PathPrefix']);
  expect(prefixes).toEqual(['/irsa/test/', '/']);
});

test('is not shared with another namespace', async () => {
  const roleARN = 'arn:aws:iam::999988887777:role/operator';
  const ways = ['org-acme', 'org-other'].map((namespace) => ({ roleARN, namespace }));
  await (await reach({}, { roleARN })).roles.create(spec('reader'));
  for (const way of ways) expect(await seen('reader', await reach({}, way))).toBe('reader');
  expect(listings()).toEqual([...oneSweep, ...oneSweep]);
});

describe.each([
  { operation: 'GetAccountAuthorizationDetails', result: 'accessDenied', error: new ServiceError('AccessDenied', 403) },
  { operation: 'ListRoles', result: 'accessDenied', error: new ServiceError('AccessDenied', 403) },
  { operation: 'GetAccountAuthorizationDetails', result: 'error', error: new ServiceError('Throttling', 400) },
])('where $operation answers $error.name', ({ operation, result, error }) => {
  test('it knows no role, tries again after its time, and tells both once', async () => {
    await roles.create(spec('reader'));
    let fails = true;
    aws.failWhen(operation, () => (fails ? error : undefined));
    const calls = () => aws.calls.filter((call) => call.operation === operation).length;
    const told = () => logger.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);

    expect(await Promise.all([look('reader'), look('reader')])).toEqual([undefined, undefined]);
    now += maxAge - 1;
    expect(await look('reader')).toBeUndefined();
    expect(calls()).toBe(1);
    now += 1;
    expect(await look('reader')).toBeUndefined();
    expect(calls()).toBe(2);
    expect(told()).toEqual(['roles are read one by one, because they cannot be read together']);

    now += maxAge;
    fails = false;
    expect(await seen('reader')).toBe('reader');
    expect(told().slice(1)).toEqual(['all roles can be read together again']);
    expect(swept).toEqual([result, result, 'success'].map((each) => `111122223333 ${each}`));
  });
});

describe('that AWS does not answer', () => {
  beforeEach(async () => {
    const clients = aws.clients();
    const silent = {
      send: () => new Promise<never>(() => {}),
    };
    accounts = connect({
      deadline: 600,
      clients: { ...clients, forCredentials: (given) => ({ ...clients.forCredentials(given), iam: silent }) },
    });
  });

  test('is not waited for so long that no time is left to read the role itself', async () => {
    const signal = AbortSignal.timeout(500);
    expect(await look('reader', await reach({ signal }))).toBeUndefined();
    expect(signal.aborted).toBe(false);
  });

  test('does not hold up the end of a pass', async () => {
    const pass = new AbortController();
    const ended = failure(look('reader', await reach({ signal: pass.signal })));
    pass.abort(new Error('the pass is over'));
    expect((await ended).message).toBe('the pass is over');
  });
});

test('a pass that ends does not take it from the others', async () => {
  await roles.create(spec('reader'));
  const pass = new AbortController();
  const ended = failure(look('reader', await reach({ signal: pass.signal })));
  const found = seen('reader');
  pass.abort(new Error('the pass is over'));
  expect((await ended).message).toBe('the pass is over');
  expect(await found).toBe('reader');
  expect(listings()).toEqual(oneSweep);
});
