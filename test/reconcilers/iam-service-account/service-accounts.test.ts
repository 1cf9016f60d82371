import { describe, expect, jest, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers, secrets, serviceAccounts } from '../../../src/api/resources.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { Story, account, issuer, registered, roleARN } from './story.ts';

const roleKey = 'eks.amazonaws.com/role-arn';
const atAbcl0 = { issuerNamespace: 'default', cluster: 'abcl0' };
const reader = { namespace: 'default', name: 's3-reader' };
const writer = { namespace: 'default', name: 's3-writer' };
const otherRole = 'arn:aws:iam::111122223333:role/other';

function seed(story: Story, ref: typeof reader, annotations: Record<string, string> = {}): void {
  story.workload.seed(serviceAccounts, { metadata: { ...ref, annotations } });
}

test('annotates the service account with the role, and nothing that the webhook does by itself', async () => {
  const story = new Story();
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: roleARN });
  expect(story.status.serviceAccounts).toEqual([{ ...atAbcl0, ...reader, state: 'Annotated', podsToRestart: 0 }]);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True' });
});

test('ends its calls to a silent cluster with the pass', async () => {
  const story = new Story();
  jest.spyOn(story.workload, 'during').mockImplementation((signal) => {
    const find = () =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new KubeError('Unreachable', undefined, undefined)));
      });
    return Object.assign(Object.create(story.workload) as typeof story.workload, { find });
  });
  const pass = story.reconcile();
  await story.clock.advance(minutes(2));
  await pass;
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'Unknown', reason: 'ClusterUnreachable' });
});

test.each(['kube', 'secrets'] as const)('asks %s on behalf of the pass', async (asked) => {
  const story = new Story();
  const during = jest.spyOn(story[asked], 'during');
  await story.reconcile();
  expect(during).toHaveBeenCalledWith(expect.any(AbortSignal));
});

test('writes the session and an audience that the webhook would not ask for', async () => {
  const story = new Story({ session: { regionalSTS: true, tokenExpiration: '1h' } });
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered('irsa.abcl0.example.com', ['my-audience']) }));
  await story.reconcile();
  expect(story.annotations()).toEqual({
    [roleKey]: roleARN,
    'eks.amazonaws.com/audience': 'my-audience',
    'eks.amazonaws.com/sts-regional-endpoints': 'true',
    'eks.amazonaws.com/token-expiration': '3600',
  });
  story.edit({ session: null });
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: roleARN, 'eks.amazonaws.com/audience': 'my-audience' });
});

test('leaves alone what the author of the service account says of the session, from first to last', async () => {
  const own = { 'eks.amazonaws.com/token-expiration': '7200', 'eks.amazonaws.com/sts-regional-endpoints': 'true' };
  const story = new Story({ session: { regionalSTS: true } });
  seed(story, reader, own);
  await story.reconcile();
  expect(story.annotations()).toEqual({ ...own, [roleKey]: roleARN });
  story.edit({ session: null });
  await story.reconcile();
  expect(story.annotations()).toEqual({ ...own, [roleKey]: roleARN });
  story.delete();
  await story.reconcile();
  expect(story.annotations()).toEqual(own);
});

test('writes nothing where the author of the service account says something else of the session, and names both', async () => {
  const own = { 'eks.amazonaws.com/sts-regional-endpoints': 'true' };
  const story = new Story({ session: { regionalSTS: false } });
  const managedFields = [
    {
      manager: 'helm',
      fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:eks.amazonaws.com/sts-regional-endpoints': {} } } },
    },
  ];
  story.workload.remove(serviceAccounts, reader);
  story.workload.seed(serviceAccounts, { metadata: { ...reader, annotations: own, managedFields } });
  await story.reconcile();
  expect(story.annotations()).toEqual(own);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({
    reason: 'AnnotationConflict',
    message: expect.stringContaining('eks.amazonaws.com/sts-regional-endpoints is true, written by helm'),
  });
});

test('gives no role beside another audience than the role’s, for STS would refuse every token', async () => {
  const story = new Story();
  const foreign = { 'eks.amazonaws.com/audience': 'vault' };
  seed(story, reader, foreign);
  await story.reconcile();
  expect(story.annotations()).toEqual(foreign);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({
    reason: 'AnnotationConflict',
    message: expect.stringContaining('eks.amazonaws.com/audience is vault, written by somebody else'),
  });
  seed(story, reader, { 'eks.amazonaws.com/audience': 'sts.amazonaws.com' });
  await story.reconcile();
  expect(story.annotations()[roleKey]).toBe(roleARN);
});

test('labels the service account for the policy that serves pods, in one write with the role, and takes both away together', async () => {
  const story = new Story();
  const labels = () => story.workload.get(serviceAccounts, reader)?.metadata.labels ?? {};
  story.workload.edit(serviceAccounts, reader, { metadata: { labels: { team: 'a' } } });
  await story.reconcile();
  expect(labels()).toEqual({ team: 'a', 'irsa.giantswarm.io/pod-identity': 'true' });
  expect(story.workload.writes).toHaveLength(1);
  story.workload.edit(serviceAccounts, reader, { metadata: { labels: { 'irsa.giantswarm.io/pod-identity': null } } });
  await story.reconcile();
  expect(labels()).toEqual({ team: 'a', 'irsa.giantswarm.io/pod-identity': 'true' });
  story.delete();
  await story.reconcile();
  expect([labels(), story.annotations()]).toEqual([{ team: 'a' }, {}]);
});

test('leaves the label alone where somebody else gave it another value, from first to last', async () => {
  const story = new Story();
  const labels = () => story.workload.get(serviceAccounts, reader)?.metadata.labels;
  const theirs = { 'irsa.giantswarm.io/pod-identity': 'false' };
  story.workload.edit(serviceAccounts, reader, { metadata: { labels: theirs } });
  await story.reconcile();
  expect([labels(), story.annotations()]).toEqual([theirs, { 'eks.amazonaws.com/role-arn': roleARN }]);
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True' });
  story.forget();
  await story.reconcile();
  expect(story.workload.writes).toEqual([]);
  story.delete();
  await story.reconcile();
  expect([labels(), story.annotations()]).toEqual([theirs, {}]);
});

test('leaves an annotated service account alone', async () => {
  const story = new Story({ session: { regionalSTS: false } });
  await story.reconcile();
  story.forget();
  await story.reconcile();
  expect(story.workload.writes).toEqual([]);
  expect(story.workload.reads).toHaveLength(1);
});

test('repairs the annotation, and keeps those of others', async () => {
  const story = new Story();
  await story.reconcile();
  seed(story, reader, { 'example.com/owner': 'web' });
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: roleARN, 'example.com/owner': 'web' });
});

test('leaves another role that somebody wrote over ours, and says so', async () => {
  const story = new Story();
  await story.reconcile();
  seed(story, reader, { [roleKey]: otherRole });
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: otherRole });
  expect(story.condition('ServiceAccountsReady')).toMatchObject({
    reason: 'AnnotationConflict',
    message: expect.stringContaining(`default/s3-reader (${roleKey} is ${otherRole}, written by somebody else)`),
  });
});

test('annotates nothing before the role trusts the service accounts: pods would start with credentials that STS refuses', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.trustPolicy = '{"Version":"2012-10-17","Statement":[]}';
  story.takeAnnotations();
  story.aws.failNext('UpdateAssumeRolePolicy');
  await story.reconcile();
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'DependencyNotReady' });
  expect(story.annotations()).toEqual({});
});

test('annotates no service account before the status has it, by which it is found again', async () => {
  const story = new Story();
  await story.reconcile();
  seed(story, writer);
  story.edit({ subjects: [reader, writer] });
  story.kube.failNext('patchStatus', new KubeError('reset', undefined, undefined));
  await expect(story.reconcile()).rejects.toThrow('reset');
  expect(story.annotations('s3-writer')).toEqual({});
});

describe('a service account that is not there', () => {
  test('is named and waited for, and the others are annotated', async () => {
    const story = new Story({ subjects: [writer, reader] });
    const { requeueAfter } = await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'False',
      reason: 'ServiceAccountNotFound',
      message: expect.stringContaining('default/s3-writer'),
    });
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    expect(requeueAfter).toBe(story.settings.intervals.missing);
    seed(story, writer);
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is looked for less and less often: each look reads the whole role', async () => {
    const story = new Story({ subjects: [writer] });
    const { missing, resync } = story.settings.intervals;
    expect(await story.reconcile()).toMatchObject({ requeueAfter: missing });
    await story.clock.advance(minutes(4));
    expect(await story.reconcile()).toMatchObject({ requeueAfter: minutes(2) });
    await story.clock.advance(resync * 2);
    expect(await story.reconcile()).toMatchObject({ requeueAfter: resync });
  });

  test('is not created', async () => {
    const story = new Story({ subjects: [writer] });
    await story.reconcile();
    expect(story.workload.get(serviceAccounts, writer)).toBeUndefined();
  });
});

describe('where service accounts are to be made', () => {
  const create = { subjects: [reader, writer], serviceAccountPolicy: 'Create' as const };
  const managedBy = 'app.kubernetes.io/managed-by';
  const labelsOf = (story: Story, ref: typeof reader) => story.workload.get(serviceAccounts, ref)?.metadata.labels;

  test('one that is missing is made with its annotations and our label, and one that is there gets no label', async () => {
    const story = new Story(create);
    await story.reconcile();
    expect(story.annotations('s3-writer')).toEqual({ [roleKey]: roleARN });
    expect(labelsOf(story, writer)).toMatchObject({ [managedBy]: 'irsa-operator' });
    expect(labelsOf(story, reader)).not.toHaveProperty([managedBy]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    story.forget();
    await story.reconcile();
    expect(story.workload.writes).toEqual([]);
  });

  test('one that somebody deleted is made again', async () => {
    const story = new Story(create);
    await story.reconcile();
    story.workload.remove(serviceAccounts, writer);
    await story.reconcile();
    expect(story.annotations('s3-writer')).toEqual({ [roleKey]: roleARN });
  });

  test('the label of one that we made stays when its annotations change', async () => {
    const story = new Story(create);
    await story.reconcile();
    story.edit({ session: { regionalSTS: true } });
    await story.reconcile();
    expect(story.annotations('s3-writer')).toMatchObject({ 'eks.amazonaws.com/sts-regional-endpoints': 'true' });
    expect(labelsOf(story, writer)).toMatchObject({ [managedBy]: 'irsa-operator' });
  });

  test('one that we made goes with the object, and one that was there loses only our annotations', async () => {
    const story = new Story(create);
    await story.reconcile();
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.workload.get(serviceAccounts, writer)).toBeUndefined();
    expect(story.workload.get(serviceAccounts, reader)?.metadata.annotations ?? {}).toEqual({});
  });

  test('one that we made and that somebody else wrote to since stays, without our annotations', async () => {
    const story = new Story(create);
    await story.reconcile();
    const found = story.workload.find.bind(story.workload);
    const others = [{ manager: 'helm', fieldsV1: { 'f:imagePullSecrets': {} } }];
    jest.spyOn(story.workload, 'find').mockImplementation(async (resource, ref) => {
      const read = await found<ReturnType<typeof account> & KubernetesObject>(resource, ref);
      if (!read || resource !== serviceAccounts) return read;
      const managedFields = [...(read.metadata.managedFields ?? []), ...others];
      return { ...read, metadata: { ...read.metadata, managedFields } };
    });
    story.delete();
    await story.reconcile();
    expect(story.workload.get(serviceAccounts, writer)).toBeDefined();
    expect(story.annotations('s3-writer')).toEqual({});
  });

  test('one that an object made stays when that lets go, if an older object has it by then', async () => {
    const story = new Story({ subjects: [] });
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account({ ...create, subjects: [writer] }, 'second'));
    await story.reconcile('second');
    expect(story.annotations('s3-writer')[roleKey]).toMatch(/\/second-/);
    story.edit({ subjects: [writer] });
    await story.reconcile();
    story.kube.remove(iamServiceAccounts, { namespace: 'default', name: 'second' });
    await story.reconcile('second');
    expect(story.annotations('s3-writer')).toEqual({ [roleKey]: roleARN });
  });

  test('one that somebody made anew in the moment of its deletion stays', async () => {
    const story = new Story({ ...create, subjects: [writer] });
    await story.reconcile();
    story.delete();
    story.workload.afterNextFind(serviceAccounts, () => {
      story.workload.remove(serviceAccounts, writer);
      seed(story, writer);
    });
    await story.reconcile();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.workload.get(serviceAccounts, writer)).toBeDefined();
  });

  test('one in a namespace that does not exist is waited for', async () => {
    const story = new Story(create);
    story.workload.failNext('apply', new KubeError('namespaces "x" not found', 404, 'NotFound'));
    story.workload.remove(serviceAccounts, reader);
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'ServiceAccountNotFound' });
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test.each([false, true])('converges after the operator died as it made one (took effect: %s)', async (tookEffect) => {
    const story = new Story(create);
    story.workload.failNext('apply', new KubeError('reset', undefined, undefined), { tookEffect });
    story.workload.remove(serviceAccounts, reader);
    await story.reconcile();
    story.restart();
    await story.reconcile();
    story.delete();
    story.workload.failNext('delete', new KubeError('reset', undefined, undefined), { tookEffect });
    await story.reconcile();
    story.restart();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.workload.all(serviceAccounts)).toEqual([]);
  });
});

describe('where service accounts are to be ignored', () => {
  test('none is read, written or remembered, also if some were annotated before', async () => {
    const story = new Story();
    await story.reconcile();
    story.edit({ serviceAccountPolicy: 'Ignore' });
    story.forget();
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('Ignore'),
    });
    expect(story.status.serviceAccounts).toEqual([]);
    story.delete();
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    expect([...story.workload.reads, ...story.workload.writes]).toEqual([]);
  });
});

test('an annotation that somebody else wrote too is shared, and stays theirs when we let go', async () => {
  const story = new Story();
  seed(story, reader, { [roleKey]: roleARN });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  story.forget();
  await story.reconcile();
  expect(story.workload.writes).toEqual([]);
  story.delete();
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: roleARN });
});

test('a service account that is gone by the time of the write is not made', async () => {
  const story = new Story();
  story.workload.afterNextFind(serviceAccounts, () => story.workload.remove(serviceAccounts, reader));
  await story.reconcile();
  expect(story.workload.get(serviceAccounts, reader)).toBeUndefined();
});

describe('a service account that names another role', () => {
  test('is left to whoever wrote that, and the condition names it', async () => {
    const story = new Story();
    seed(story, reader, { [roleKey]: otherRole });
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: otherRole });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'False',
      reason: 'AnnotationConflict',
      message: expect.stringContaining('default/s3-reader'),
    });
    story.delete();
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: otherRole });
  });

  test('belongs to the first of two objects, and to the second when that lets go', async () => {
    const story = new Story();
    story.kube.seed(iamServiceAccounts, account({}, 'second'));
    await story.reconcile();
    await story.reconcile('second');
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject({ reason: 'AnnotationConflict' });
    story.edit({ subjects: [] });
    await story.reconcile();
    await story.reconcile('second');
    expect(story.annotations()[roleKey]).toMatch(/role\/irsa\/test\/default\/second-/);
    expect(story.condition('Ready', 'second')).toMatchObject({ status: 'True' });
  });
});

describe('a service account of two objects', () => {
  /** Both exist, and the first is older. */
  async function both(): Promise<Story> {
    const story = new Story();
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account({}, 'second'));
    await story.reconcile('second');
    return story;
  }
  const conflict = {
    reason: 'AnnotationConflict',
    message: expect.stringContaining('held by IAMServiceAccount default/s3-reader, which is older'),
  };

  test('stays with the older after it was made anew, whoever comes first, and nobody rewrites it', async () => {
    const story = await both();
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
    seed(story, reader);
    await story.reconcile('second');
    expect(story.annotations()).toEqual({});
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    story.forget();
    for (const name of ['s3-reader', 'second', 's3-reader', 'second']) await story.reconcile(name);
    expect(story.workload.writes).toEqual([]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
  });

  test('goes from the younger to the older that comes to name it, once', async () => {
    const story = new Story({ subjects: [] });
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account({}, 'second'));
    await story.reconcile('second');
    expect(story.annotations()[roleKey]).toMatch(/\/second-/);
    story.edit({ subjects: [reader] });
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    story.forget();
    await story.reconcile('second');
    await story.reconcile();
    expect(story.workload.writes).toEqual([]);
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
  });

  test('goes once from the younger to the older where neither saw the other in time, and is then left alone', async () => {
    const story = new Story();
    const blind = jest.spyOn(story.claims, 'under').mockReturnValue([]);
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account({}, 'second'));
    await story.reconcile('second');
    await story.reconcile();
    expect(story.annotations()[roleKey]).toMatch(/\/second-/);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'AnnotationConflict' });
    blind.mockRestore();
    story.forget();
    for (const name of ['second', 's3-reader', 'second', 's3-reader', 'second']) await story.reconcile(name);
    expect(story.annotations()).toEqual({ [roleKey]: roleARN });
    expect(story.workload.writes).toHaveLength(1);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
  });

  test('stays where a person wrote the role of the younger there by hand', async () => {
    const story = new Story({ subjects: [] });
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account({}, 'second'));
    await story.reconcile('second');
    const byHand = story.annotations();
    story.takeAnnotations();
    story.workload.edit(serviceAccounts, reader, { metadata: { annotations: byHand } });
    story.edit({ subjects: [reader] });
    await story.reconcile();
    expect(story.annotations()).toEqual(byHand);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      reason: 'AnnotationConflict',
      message: expect.stringContaining('written by somebody else'),
    });
  });

  test('is decided without a list of all IAMServiceAccounts', async () => {
    const story = await both();
    await story.reconcile('second');
    expect(story.condition('ServiceAccountsReady', 'second')).toMatchObject(conflict);
    expect(story.kube.reads.filter(({ verb }) => verb === 'list')).toEqual([]);
  });

  test('of another cluster is another one', async () => {
    const story = await both();
    story.kube.seed(oidcIssuers, issuer('other'));
    const elsewhere = account({ issuerRefs: [{ namespace: '', name: 'other' }] }, 'third');
    story.kube.seed(iamServiceAccounts, elsewhere);
    seed(story, reader);
    await story.reconcile('third');
    expect(story.annotations()[roleKey]).toMatch(/\/third-/);
  });

  test('goes to the younger already while the deletion of the older is held up, and not back', async () => {
    const story = await both();
    story.delete();
    story.aws.failNext('GetRole', new KubeError('AWS does not answer', undefined, undefined));
    await story.reconcile();
    expect(story.isGone).toBe(false);
    await story.reconcile('second');
    expect(story.annotations()[roleKey]).toMatch(/\/second-/);
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotations()[roleKey]).toMatch(/\/second-/);
  });

  test('goes to the younger when the older is deleted', async () => {
    const story = await both();
    story.delete();
    await story.reconcile();
    await story.reconcile('second');
    expect(story.annotations()[roleKey]).toMatch(/\/second-/);
    expect(story.condition('Ready', 'second')).toMatchObject({ status: 'True' });
  });
});

describe('a service account that is a subject no more', () => {
  test('loses our annotations and keeps the rest', async () => {
    const story = new Story({ session: { regionalSTS: true } });
    seed(story, reader, { 'example.com/owner': 'web' });
    await story.reconcile();
    story.edit({ subjects: [] });
    await story.reconcile();
    expect(story.annotations()).toEqual({ 'example.com/owner': 'web' });
    expect(story.status.serviceAccounts).toEqual([]);
  });

  test('is remembered until they are off', async () => {
    const story = new Story();
    await story.reconcile();
    story.edit({ subjects: [] });
    story.workload.failNext('find', new KubeError('no answer', undefined, undefined));
    await story.reconcile();
    expect(story.status.serviceAccounts).toHaveLength(1);
    await story.reconcile();
    expect(story.annotations()).toEqual({});
    expect(story.status.serviceAccounts).toEqual([]);
  });

  test('keeps a role that somebody else gave it since', async () => {
    const story = new Story();
    await story.reconcile();
    seed(story, reader, { [roleKey]: otherRole });
    story.edit({ subjects: [] });
    await story.reconcile();
    expect(story.annotations()).toEqual({ [roleKey]: otherRole });
  });

  test('loses them also when the operator died before it noted that it had written them', async () => {
    const story = new Story();
    await story.reconcile();
    seed(story, writer);
    story.edit({ subjects: [writer] });
    story.workload.failNext('patch', new KubeError('reset', undefined, undefined), { tookEffect: true });
    await story.reconcile();
    expect(story.annotations('s3-writer')).toEqual({ [roleKey]: roleARN });
    story.edit({ subjects: [] });
    await story.reconcile();
    expect([story.annotations(), story.annotations('s3-writer')]).toEqual([{}, {}]);
  });

  test('loses them in the cluster that it is in, when the role moves to another issuer', async () => {
    const story = new Story();
    await story.reconcile();
    story.kube.seed(
      oidcIssuers,
      issuer('other', { spec: { cluster: { kubeconfigSecretRef: { name: 'x', key: 'value' } } } }),
    );
    story.seedSecret('x', { value: story.kubeconfig });
    story.edit({ issuerRefs: [{ name: 'other' }], subjects: [writer] });
    seed(story, writer);
    await story.reconcile();
    expect([story.annotations(), story.annotations('s3-writer')]).toEqual([{}, { [roleKey]: roleARN }]);
    expect(story.status.serviceAccounts).toEqual([
      { ...atAbcl0, cluster: 'other', ...writer, state: 'Annotated', podsToRestart: 0 },
    ]);
  });
});

test('what carries our annotations is remembered while the way to its cluster is not permitted', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.seed(oidcIssuers, issuer('other', { spec: { cluster: { inCluster: {} } } }));
  story.kube.seed(serviceAccounts, { metadata: writer });
  story.edit({ issuerRefs: [{ name: 'other' }], subjects: [writer] });
  const entry = jest.spyOn(story.secrets, 'entry').mockResolvedValue({ state: 'forbidden' });
  await story.reconcile();
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'False', reason: 'SecretForbidden' });
  expect(story.annotations()).toEqual({ [roleKey]: roleARN });
  expect(story.said.map(({ reason }) => reason)).not.toContain('AnnotationsLeft');
  entry.mockRestore();
  await story.reconcile();
  expect(story.annotations()).toEqual({});
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

describe('the way to the cluster', () => {
  test('may be none: then nothing is read or written there', async () => {
    const story = new Story();
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { cluster: null } });
    await story.reconcile();
    expect([...story.workload.reads, ...story.workload.writes]).toEqual([]);
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('neither read nor written'),
    });
    expect(story.status.serviceAccounts ?? []).toEqual([]);
  });

  test('may be taken away: then the status forgets what was annotated there, and an event names it', async () => {
    const story = new Story();
    await story.reconcile();
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { cluster: null } });
    await story.reconcile();
    expect(story.status.serviceAccounts).toEqual([]);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'AnnotationsLeft', message: expect.stringContaining('default/s3-reader') }),
    );
  });

  test('may be taken away from the issuer that the role moves to, and what carries annotations elsewhere loses them', async () => {
    const story = new Story();
    await story.reconcile();
    story.kube.seed(oidcIssuers, issuer('other', { spec: { cluster: { inCluster: {} } } }));
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'other' }, { spec: { cluster: null } });
    story.edit({ issuerRefs: [{ name: 'other' }] });
    await story.reconcile();
    expect(story.annotations()).toEqual({});
    expect(story.status.serviceAccounts).toEqual([]);
  });

  test('waits for the Secret with the kubeconfig', async () => {
    const story = new Story();
    story.kube.remove(secrets, { namespace: 'default', name: 'abcl0-kubeconfig' });
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      reason: 'SecretNotFound',
      message: expect.stringContaining('abcl0-kubeconfig'),
    });
    story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('waits where the operator may not read that Secret, and says the command', async () => {
    const story = new Story();
    const entry = jest.spyOn(story.secrets, 'entry').mockResolvedValue({ state: 'forbidden' });
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({
      reason: 'SecretForbidden',
      message: expect.stringContaining('kubectl apply --namespace default -k config/components/secrets'),
    });
    entry.mockRestore();
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is not gone with a kubeconfig that would run a program', async () => {
    const story = new Story();
    story.seedSecret('abcl0-kubeconfig', { value: 'one with exec' });
    await story.reconcile();
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'InvalidKubeconfig' });
    expect(story.condition('Stalled')).toMatchObject({ reason: 'InvalidKubeconfig' });
    expect(story.workload.reads).toEqual([]);
  });

  test('may be down', async () => {
    const story = new Story();
    story.workload.failNext('find', new KubeError('no answer', undefined, undefined));
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'ClusterUnreachable' });
    expect(story.condition('RoleReady')).toMatchObject({ status: 'True' });
  });

  test("may be the operator's own cluster", async () => {
    const story = new Story();
    const namespace = 'allowed';
    story.kube.seed(oidcIssuers, {
      ...issuer('abcl0', { metadata: { namespace }, spec: { cluster: { inCluster: {} } } }),
    });
    story.kube.seed(iamServiceAccounts, { ...account(), metadata: { namespace, name: 's3-reader' } });
    story.kube.seed(serviceAccounts, { metadata: reader });
    const follow = jest.spyOn(story.ownCluster, 'follow');
    await story.reconcileIn(namespace);
    expect(story.kube.get(serviceAccounts, reader)?.metadata.annotations).toHaveProperty([roleKey]);
    expect(story.workload.writes).toEqual([]);
    expect(follow).toHaveBeenCalledWith('allowed/abcl0');
  });
});

test('writes nothing over what somebody wrote in the same moment', async () => {
  const story = new Story();
  const before = story.workload.get(serviceAccounts, reader);
  const stale = jest.spyOn(story.workload, 'find').mockResolvedValueOnce(before);
  seed(story, reader, { [roleKey]: otherRole });
  expect(await story.reconcile()).toEqual({ failed: true });
  stale.mockRestore();
  await story.reconcile();
  expect(story.annotations()).toEqual({ [roleKey]: otherRole });
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ reason: 'AnnotationConflict' });
});
