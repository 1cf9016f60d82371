import type { OIDCIssuerStatus } from '../../../src/api/generated/oidc-issuer.ts';
import { describe, expect, jest, test } from '@jest/globals';
import { namespaces, oidcIssuers, secrets, serviceAccounts } from '../../../src/api/resources.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Story, issuer, registered, roleARN, roleName } from './story.ts';

async function ready(spec: ConstructorParameters<typeof Story>[0] = {}): Promise<Story> {
  const story = new Story(spec);
  await story.reconcile();
  story.forget();
  return story;
}

const abcl0 = { namespace: 'default', name: 'abcl0' };

test('takes away the annotations and the role, with one read and one write for each part', async () => {
  const story = await ready();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.annotations()).toEqual({});
  expect(story.iam.roles.size).toBe(0);
  expect(story.aws.reads).toEqual(['GetRole']);
  expect(story.aws.writes).toEqual(['DetachRolePolicy', 'DeleteRolePolicy', 'DeleteRole']);
});

test('is happy when all is gone already', async () => {
  const story = await ready();
  await story.clock.advance(minutes(1));
  story.iam.roles.clear();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.aws.writes).toEqual([]);
});

test('is happy when the service account is gone, and says nothing of annotations left', async () => {
  const story = await ready();
  story.workload.remove(serviceAccounts, { namespace: 'default', name: 's3-reader' });
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.iam.roles.size).toBe(0);
  expect(story.workload.writes).toEqual([]);
  expect(story.said.map(({ reason }) => reason)).not.toContain('AnnotationsLeft');
});

test('keeps a service account that it made where somebody else writes something of it in the same moment', async () => {
  const made = { namespace: 'default', name: 'made' };
  const story = await ready({ serviceAccountPolicy: 'Create', subjects: [made] });
  const remove = story.workload.delete.bind(story.workload);
  jest.spyOn(story.workload, 'during').mockReturnValue(story.workload);
  jest.spyOn(story.workload, 'delete').mockImplementationOnce((...asked) => {
    story.workload.edit(serviceAccounts, made, { metadata: { annotations: { theirs: 'x' } } });
    return remove(...asked);
  });
  story.delete();
  await story.reconcile();
  // The next pass sees whose it is by now.
  expect(story.annotations('made')).toMatchObject({ theirs: 'x' });
  expect(story.isGone).toBe(false);
});

test('keeps role, statement and annotations with Retain', async () => {
  const story = await ready({ deletionPolicy: 'Retain' });
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.trusted).toHaveLength(1);
  expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': roleARN });
  expect(story.aws.calls).toEqual([]);
});

test('waits while it is suspended', async () => {
  const story = await ready();
  story.edit({ suspend: true });
  story.delete();
  story.forget();
  await story.reconcile();
  expect(story.isGone).toBe(false);
  expect(story.aws.calls).toEqual([]);
});

test('says what holds it when AWS refuses', async () => {
  const story = await ready();
  story.aws.failNext('DeleteRole', new ServiceError('AccessDenied', 403));
  story.delete();
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('RoleReady')).toMatchObject({
    reason: 'AccessDenied',
    message: expect.stringContaining('iam:DeleteRole'),
  });
  expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'Deleting' });
  await story.reconcile();
  expect(story.isGone).toBe(true);
});

describe('a cluster that cannot be reached', () => {
  const down = () => new KubeError('no answer', undefined, undefined);
  const closed = () => new KubeError('its certificate expired', 401, 'Unauthorized');

  const dead = () => new KubeError('no server behind it', 503, undefined);

  const other = () => new KubeError('404', 404, undefined);

  const refusing = () => new KubeError('reading is forbidden', 403, 'Forbidden');

  const redirecting = () => new KubeError('302', 302, undefined);

  const conflicting = () => new KubeError('409', 409, 'Conflict');

  const confused = () => new KubeError('400', 400, undefined);

  test.each([
    ['does not answer', down],
    ['is somebody else’s server by now', other],
    ['does not let us in', closed],
    ['refuses us', refusing],
    ['is only a load balancer by now', dead],
    ['sends us to a login page', redirecting],
    ['understands no request', confused],
    ['calls everything a conflict', conflicting],
  ])('because it %s holds the object for ten minutes, and then an event says what was left', async (_, fault) => {
    const story = await ready();
    story.delete();
    story.workload.failNext('find', fault());
    const { requeueAfter } = await story.reconcile();
    expect(requeueAfter).toBe(story.settings.intervals.missing);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      reason: 'ClusterUnreachable',
      message: expect.stringContaining('abcl0'),
    });
    expect(story.iam.roles.size).toBe(1);
    await story.clock.advance(minutes(9));
    story.workload.failNext('find', fault());
    await story.reconcile();
    expect(story.isGone).toBe(false);
    await story.clock.advance(minutes(1));
    story.workload.failNext('find', fault());
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'AnnotationsLeft', message: expect.stringContaining('default/s3-reader') }),
    );
  });

  test('holds the object for ten minutes where it refuses us the change, and says so', async () => {
    const story = await ready();
    story.delete();
    story.workload.failNext('apply', new KubeError('applying is forbidden', 403, 'Forbidden'));
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')?.message).toContain('cluster abcl0 refuses us');
    await story.clock.advance(minutes(10));
    story.workload.failNext('apply', new KubeError('applying is forbidden', 403, 'Forbidden'));
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.said.map(({ reason }) => reason)).toContain('AnnotationsLeft');
  });

  test.each([null, 'x', [null]])(
    'holds nothing where it tells of writers what no API server tells: %j',
    async (managedFields) => {
      const story = await ready();
      const find = story.workload.find.bind(story.workload);
      jest.spyOn(story.workload, 'during').mockReturnValue(story.workload);
      jest.spyOn(story.workload, 'find').mockImplementation(async (resource, ref) => {
        const found = await find(resource, ref);
        return found && ({ ...found, metadata: { ...found.metadata, managedFields } } as never);
      });
      story.delete();
      await story.reconcile();
      expect(story.isGone).toBe(true);
      expect(story.iam.roles.size).toBe(0);
    },
  );

  test('holds the object for ten minutes where its kubeconfig turned invalid', async () => {
    const story = await ready();
    story.seedSecret('abcl0-kubeconfig', { value: 'not one' });
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(false);
    await story.clock.advance(minutes(10));
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
    expect(story.said.map(({ reason }) => reason)).toContain('AnnotationsLeft');
  });

  const forbid = (story: Story) => jest.spyOn(story.secrets, 'entry').mockResolvedValue({ state: 'forbidden' });
  const command = 'kubectl apply --namespace default -k config/components/secrets;';

  test('because the permission to read its Secret is missing holds the object, says the command, and is then cleaned', async () => {
    const story = await ready();
    const entry = forbid(story);
    story.delete();
    expect(await story.reconcile()).toEqual({ requeueAfter: story.settings.intervals.missing });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'False',
      reason: 'SecretForbidden',
      message: expect.stringContaining(command),
    });
    expect(story.said.map(({ reason }) => reason)).not.toContain('AnnotationsLeft');
    entry.mockRestore();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotations()).toEqual({});
  });

  test('because that permission stays missing holds the object for ten minutes', async () => {
    const story = await ready();
    forbid(story);
    story.delete();
    await story.reconcile();
    await story.clock.advance(minutes(10));
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
    expect(story.said.map(({ reason }) => reason)).toContain('AnnotationsLeft');
  });

  test('because its namespace is being deleted, permissions first, holds nothing', async () => {
    const story = await ready();
    forbid(story);
    const metadata = { namespace: '', name: 'default', finalizers: ['kubernetes'] };
    story.kube.seed(namespaces, { metadata });
    story.kube.remove(namespaces, metadata);
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'AnnotationsLeft', message: expect.stringContaining('namespace default') }),
    );
  });

  test('because the Secret lacks the kubeconfig holds the object: that does not say that it is gone', async () => {
    const story = await ready();
    story.seedSecret('abcl0-kubeconfig', { other: story.kubeconfig });
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(false);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'SecretNotFound' });
  });

  test('is not given up for a conflict in time: that only asks for another try', async () => {
    const story = await ready();
    story.delete();
    await story.clock.advance(minutes(9));
    story.workload.failNext('apply', new KubeError('somebody else wrote it', 409, 'Conflict'));
    await story.reconcile();
    expect(story.isGone).toBe(false);
    expect(story.said).not.toContainEqual(expect.objectContaining({ reason: 'AnnotationsLeft' }));
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotations()).toEqual({});
  });

  test('is cleaned when it comes back in time', async () => {
    const story = await ready();
    story.delete();
    story.workload.failNext('find', down());
    await story.reconcile();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotations()).toEqual({});
  });

  test.each<[string, (story: Story) => void]>([
    [
      'the Secret of its kubeconfig is gone',
      (story) => story.kube.remove(secrets, { ...abcl0, name: 'abcl0-kubeconfig' }),
    ],
    ['its issuer is gone', (story) => story.kube.remove(oidcIssuers, abcl0)],
  ])('holds nothing when %s', async (_, spoil) => {
    const story = await ready();
    spoil(story);
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'AnnotationsLeft' }));
  });
});

describe('of a role that not all of IAM knows yet', () => {
  test('looks for it again until it must have come, and takes it away', async () => {
    const story = await ready();
    story.delete();
    story.aws.failNext('GetRole', new ServiceError('NoSuchEntityException', 404));
    const { requeueAfter } = await story.reconcile();
    expect(requeueAfter).toBe(story.settings.intervals.missing);
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    await story.clock.advance(seconds(30));
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
  });

  test('waits also where the operator died before it heard that the role was made', async () => {
    const story = new Story();
    story.aws.failNext('CreateRole', new Error('the operator dies here'), { tookEffect: true });
    await story.reconcile();
    story.delete();
    story.aws.failNext('GetRole', new ServiceError('NoSuchEntityException', 404));
    await story.reconcile();
    expect(story.isGone).toBe(false);
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
  });

  test('lets the object go a minute after its deletion when there is none', async () => {
    const story = await ready();
    story.iam.roles.clear();
    story.delete();
    for (const passed of [seconds(0), seconds(30)]) {
      await story.clock.advance(passed);
      await story.reconcile();
      expect(story.isGone).toBe(false);
    }
    await story.clock.advance(seconds(30));
    await story.reconcile();
    expect(story.isGone).toBe(true);
  });
});

test('lets the object go a minute after its deletion when no role was ever made', async () => {
  const story = new Story();
  story.aws.failNext('CreateRole', new ServiceError('AccessDenied', 403));
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(false);
  await story.clock.advance(minutes(1));
  await story.reconcile();
  expect(story.isGone).toBe(true);
});

test('says that a role may be left where neither status nor issuer tell its account', async () => {
  const story = await ready();
  story.loseStatus();
  story.kube.remove(oidcIssuers, abcl0);
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.said).toContainEqual(
    expect.objectContaining({ type: 'Warning', reason: 'RoleLeft', message: expect.stringContaining(roleName) }),
  );
});

test('says so also where passes came between, as the one that a restore sets off', async () => {
  const story = await ready();
  story.loseStatus();
  story.kube.remove(oidcIssuers, abcl0);
  await story.reconcile();
  story.forget();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.said.map(({ reason }) => reason)).toContain('RoleLeft');
});

test('takes the annotations off by the issuer that knows the way, where several are of one cluster', async () => {
  const story = new Story();
  story.kube.remove(oidcIssuers, abcl0);
  const { spec, ...blank } = issuer('aaa');
  const { cluster: _, ...wayless } = spec as { cluster: unknown };
  story.kube.seed(oidcIssuers, { ...blank, spec: { ...wayless, clusterName: 'abcl0' } });
  story.kube.seed(oidcIssuers, issuer());
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.annotations()).toEqual({});
});

describe('of a half-made role', () => {
  test.each(['CreateRole', 'AttachRolePolicy', 'PutRolePolicy'])(
    'leaves nothing when the operator died at %s',
    async (operation) => {
      const story = new Story();
      story.aws.failNext(operation, new Error('the operator dies here'), { tookEffect: true });
      await story.reconcile();
      expect(story.iam.roles.size).toBe(1);
      story.delete();
      await story.reconcile();
      expect(story.isGone).toBe(true);
      expect(story.iam.roles.size).toBe(0);
      expect(story.annotations()).toEqual({});
    },
  );

  test.each(['DetachRolePolicy', 'DeleteRolePolicy', 'DeleteRole'])(
    'goes on where %s was not answered',
    async (operation) => {
      const story = await ready();
      story.delete();
      story.aws.failNext(operation, new Error('the operator dies here'), { tookEffect: true });
      await story.reconcile();
      await story.reconcile();
      expect(story.isGone).toBe(true);
      expect(story.iam.roles.size).toBe(0);
    },
  );
});

test('finds its role although its own status and its issuer’s were lost', async () => {
  const story = await ready();
  story.loseStatus();
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: {} }));
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.iam.roles.size).toBe(0);
});

test('asks AWS nothing where a status says that no issuer was ever ready', async () => {
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: {} }));
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.aws.calls).toEqual([]);
});

test('finds its role although the status was lost', async () => {
  const story = await ready();
  story.loseStatus();
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.iam.roles.size).toBe(0);
  expect(story.annotations()).toEqual({});
});

describe('of an object whose issuer is in an account that does not let the operator in', () => {
  const typo = 'arn:aws:iam::444455556666:role/tpyo';

  /** The account was never opened, so the issuer records none. */
  function refer(story: Story, status: OIDCIssuerStatus = {}): void {
    story.aws.pinned.set(typo, 'nobody');
    const spec = { account: { roleARN: typo } };
    story.kube.seed(oidcIssuers, issuer('abcl0', { spec, status }));
  }

  test('lets it go, for nothing was made', async () => {
    const story = new Story();
    refer(story);
    await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False' });
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.aws.calls).toEqual([]);
    expect(story.said.map(({ reason }) => reason)).not.toContain('RoleLeft');
  });

  test('lets it go where its status was lost, and says which role may be left and why nobody looked', async () => {
    const story = await ready();
    refer(story);
    story.loseStatus();
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    const message = expect.stringMatching(new RegExp(`role ${roleName} may be left: .*abcl0.*assuming role ${typo}`));
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'RoleLeft', message }));
  });

  test('waits for a passing failure', async () => {
    const story = await ready();
    refer(story);
    story.aws.pinned.clear();
    story.loseStatus();
    story.delete();
    story.aws.failNext('AssumeRole', new ServiceError('Throttling', 400));
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.isGone).toBe(false);
  });

  test('holds it where its status was lost and the issuer was registered, and says how to end it', async () => {
    const story = await ready();
    refer(story, { providers: registered('irsa.abcl0.example.com').providers ?? [] });
    story.loseStatus();
    story.delete();
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.condition('Ready')).toMatchObject({
      reason: 'Deleting',
      message: expect.stringMatching(/AccessDenied.*deletionPolicy: Retain/),
    });
    story.edit({ deletionPolicy: 'Retain' });
    await story.reconcile();
    expect(story.isGone).toBe(true);
  });
});

test('waits for the tags of a role that IAM shows before them, and leaves no role behind', async () => {
  const story = new Story();
  await story.reconcile();
  const { tags } = story.role;
  story.role.tags = {};
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(false);
  expect(story.condition('RoleReady')).toMatchObject({ reason: 'RolePropagating' });
  story.role.tags = tags;
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.iam.roles.size).toBe(0);
});
