import { beforeEach, describe, expect, test } from '@jest/globals';
import { isAlreadyExists, isDeleteConflict, isInvalid, isLimitExceeded, isNotFound } from '../../../src/aws/errors.ts';
import type { Roles, RoleSpec } from '../../../src/aws/roles.ts';
import { FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const trustPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Federated: 'arn' }, Action: 'sts:AssumeRoleWithWebIdentity' }],
};
const spec: RoleSpec = {
  name: 'reader',
  path: '/irsa/test/default/',
  trustPolicy,
  description: 'reads',
  maxSessionDurationSeconds: 7200,
  permissionsBoundary: undefined,
  tags: { owner: 'IAMServiceAccount/default/reader', team: 'a' },
};
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const logs = 'arn:aws:iam::aws:policy/CloudWatchLogsFullAccess';
const inline = { name: 'own', document: '{"Version":"2012-10-17","Statement":[]}' };

let aws: FakeAws;
let roles: Roles;
beforeEach(async () => {
  aws = new FakeAws();
  roles = (await aws.connect()).roles;
});

describe('creating', () => {
  test('sends trust, tags, path, description and session duration in one write', async () => {
    const created = await roles.create(spec);

    expect(aws.writes).toEqual(['CreateRole']);
    expect(aws.reads).toEqual([]);
    expect(created.arn).toBe('arn:aws:iam::111122223333:role/irsa/test/default/reader');
    expect(await roles.find('reader')).toEqual(created);
  });

  test('gives a role the boundary from its first moment', async () => {
    const boundary = 'arn:aws:iam::111122223333:policy/boundary';
    aws.account().iam.policies.add(boundary);
    await roles.create({ ...spec, permissionsBoundary: boundary });

    expect(aws.account().roles.get('reader')?.permissionsBoundary).toBe(boundary);
    expect((await roles.find('reader'))?.permissionsBoundary).toBe(boundary);
  });

  test('with N managed and M inline policies costs 1+N+M writes and no read', async () => {
    await roles.create(spec);
    await roles.changePolicies('reader', { attach: [readOnly, logs], detach: [], put: [inline], delete: [] });

    expect(aws.writes).toHaveLength(1 + 2 + 1);
    expect(aws.reads).toEqual([]);
  });

  test('says that the name is taken, in whatever case', async () => {
    await roles.create(spec);
    const error = await failure(roles.create({ ...spec, name: 'READER' }));

    expect(isAlreadyExists(error)).toBe(true);
    expect(error.message).toMatch(/^creating role READER: EntityAlreadyExistsException: /);
  });

  test('tells a trust policy that is no policy from one that is too long', async () => {
    expect(isInvalid(await failure(roles.create({ ...spec, trustPolicy: { Statement: [{}] } })))).toBe(true);

    const long = { ...trustPolicy, Id: 'x'.repeat(2048) };
    expect(isLimitExceeded(await failure(roles.create({ ...spec, trustPolicy: long })))).toBe(true);
  });
});

describe('reading', () => {
  test('finds nothing where there is nothing', async () => {
    expect(await roles.find('reader')).toBeUndefined();
    expect(isNotFound(await failure(roles.getPolicies('reader')))).toBe(true);
  });

  test('costs 3+M reads for a role with M inline policies', async () => {
    await roles.create(spec);
    await roles.changePolicies('reader', {
      attach: [readOnly],
      detach: [],
      put: [inline, { ...inline, name: 'b' }],
      delete: [],
    });
    aws.forgetCalls();
    await roles.find('reader');
    const policies = await roles.getPolicies('reader');

    expect(aws.reads).toHaveLength(3 + 2);
    expect(aws.writes).toEqual([]);
    expect(policies).toEqual({ managed: [readOnly], inline: [inline, { ...inline, name: 'b' }] });
  });

  // IAM gives documents back URL-encoded, and a form decoder would make a space of the plus.
  test.each(['+', '%', '%20', 'a b', "!'()*", 'ü', '{"x":"\\n"}'])(
    'gives an inline policy with %p back as it was sent',
    async (text) => {
      await roles.create(spec);
      const document = JSON.stringify(
        { Version: '2012-10-17', Statement: [{ Resource: `arn:aws:s3:::b/${text}` }] },
        null,
        2,
      );
      await roles.changePolicies('reader', { attach: [], detach: [], put: [{ name: 'own', document }], delete: [] });

      expect(aws.account().roles.get('reader')?.inline.get('own')).toBe(document);
      expect((await roles.getPolicies('reader')).inline).toEqual([{ name: 'own', document }]);
    },
  );
});

describe('updating', () => {
  beforeEach(async () => {
    aws.account().iam.policies.add('arn:aws:iam::111122223333:policy/boundary');
    await roles.create(spec);
    aws.forgetCalls();
  });

  test('sends one write for each part that is given', async () => {
    await roles.update('reader', {
      settings: { description: 'new', maxSessionDurationSeconds: 3600 },
      permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
      setTags: { team: 'b' },
    });

    expect(aws.writes).toEqual(['TagRole', 'UpdateRole', 'PutRolePermissionsBoundary']);
    expect(aws.account().roles.get('reader')).toMatchObject({
      description: 'new',
      maxSessionDuration: 3600,
      tags: { ...spec.tags, team: 'b' },
    });
  });

  test('writes nothing where nothing is given', async () => {
    await roles.update('reader', { setTags: {} });
    expect(aws.calls).toEqual([]);
  });

  test('takes a boundary away, and is happy where there is none', async () => {
    await roles.update('reader', { permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary' });
    await roles.update('reader', { permissionsBoundary: null });
    await roles.update('reader', { permissionsBoundary: null });

    expect(aws.account().roles.get('reader')?.permissionsBoundary).toBeUndefined();
  });

  test('replaces the trust policy', async () => {
    const denied = { ...trustPolicy, Statement: [{ ...trustPolicy.Statement[0], Effect: 'Deny' }] };
    await roles.updateTrustPolicy('reader', denied);
    expect((await roles.find('reader'))?.trustPolicy).toEqual(denied);
  });

  test('gives new policies before it takes old ones away', async () => {
    await roles.changePolicies('reader', { attach: [readOnly], detach: [], put: [inline], delete: [] });
    aws.forgetCalls();
    await roles.changePolicies('reader', {
      attach: [logs],
      detach: [readOnly],
      put: [{ ...inline, name: 'b' }],
      delete: ['own'],
    });

    expect(aws.writes).toEqual(['AttachRolePolicy', 'PutRolePolicy', 'DetachRolePolicy', 'DeleteRolePolicy']);
    expect(await roles.getPolicies('reader')).toMatchObject({ managed: [logs], inline: [{ name: 'b' }] });
  });

  test('swaps a managed policy where the quota has no room for both', async () => {
    const full = Array.from({ length: 10 }, (_, index) => `arn:aws:iam::aws:policy/Policy${index}`);
    await roles.changePolicies('reader', { attach: full, detach: [], put: [], delete: [] });
    await roles.changePolicies('reader', { attach: [logs], detach: full.slice(0, 1), put: [inline], delete: [] });

    const { managed, inline: written } = await roles.getPolicies('reader');
    expect(managed.toSorted()).toEqual([logs, ...full.slice(1)].toSorted());
    expect(written).toEqual([inline]);
  });

  test('leaves the role as it was where the quota is reached and nothing is superfluous', async () => {
    const full = Array.from({ length: 10 }, (_, index) => `arn:aws:iam::aws:policy/Policy${index}`);
    await roles.changePolicies('reader', { attach: full, detach: [], put: [], delete: [] });
    const change = roles.changePolicies('reader', { attach: [logs], detach: [], put: [], delete: [] });

    expect(isLimitExceeded(await failure(change))).toBe(true);
  });

  test('says which policy does not exist', async () => {
    const missing = 'arn:aws:iam::111122223333:policy/missing';
    const error = await failure(roles.changePolicies('reader', { attach: [missing], detach: [], put: [], delete: [] }));

    expect(isNotFound(error)).toBe(true);
    expect(error.message).toContain(`attaching policy ${missing} to role reader`);
  });
});

describe('deleting', () => {
  const known = { managed: [readOnly], inline: ['own'] };
  beforeEach(async () => {
    await roles.create(spec);
    await roles.changePolicies('reader', { attach: [readOnly], detach: [], put: [inline], delete: [] });
    aws.forgetCalls();
  });

  test('costs 1+N+M writes and no read where the policies are known', async () => {
    await roles.delete('reader', known);

    expect(aws.calls.map(({ operation }) => operation)).toEqual(['DetachRolePolicy', 'DeleteRolePolicy', 'DeleteRole']);
    expect(aws.account().roles.size).toBe(0);
  });

  test('takes off what somebody else added, once AWS says that there is more', async () => {
    aws.account().roles.get('reader')?.managed.add(logs);
    aws.account().roles.get('reader')?.inline.set('foreign', '{}');
    await roles.delete('reader', known);

    expect(aws.account().roles.size).toBe(0);
  });

  test('takes the role out of instance profiles, once AWS says that it is in one', async () => {
    aws.account().roles.get('reader')?.instanceProfiles.add('node');
    await roles.delete('reader', known);
    expect(aws.account().roles.size).toBe(0);
  });

  test('reports a conflict of which nothing tells the cause', async () => {
    aws.account().roles.get('reader')?.instanceProfiles.add('node');
    aws.failNext('RemoveRoleFromInstanceProfile', new ServiceError('NoSuchEntityException', 404));
    expect(isDeleteConflict(await failure(roles.delete('reader', known)))).toBe(true);
  });

  test('is happy where the role or a policy is gone', async () => {
    aws.account().roles.get('reader')?.managed.clear();
    await roles.delete('reader', known);
    await roles.delete('reader', known);
    expect(aws.account().roles.size).toBe(0);
  });

  test('can be repeated after an answer was lost', async () => {
    aws.failNext('DeleteRole', new ServiceError('TimeoutError', 500), { tookEffect: true });
    await failure(roles.delete('reader', known));
    await roles.delete('reader', known);
    expect(aws.account().roles.size).toBe(0);
  });
});
