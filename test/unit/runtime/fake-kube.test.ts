import { describe, expect, test } from '@jest/globals';
import {
  configMaps,
  iamServiceAccounts,
  oidcIssuers,
  secrets,
  type NamespacedName,
} from '../../../src/api/resources.ts';
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from '../../../src/runtime/kube-error.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { transcript } from '../../fakes/kube/transcript.ts';

/** The fake stands for the API server in many tests: what those rely on is told here. */
const ref: NamespacedName = { namespace: 'org', name: 'abcl0' };
const issuer = { metadata: ref, spec: { region: 'eu-central-1', hosting: { s3: {} } } };
const refusal = async (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);
const meta = (kube: FakeKube) => kube.get(oidcIssuers, ref)!.metadata;

describe('versions', () => {
  test('generation counts changes of the spec, resourceVersion all changes, and a change of nothing is none', async () => {
    const kube = new FakeKube();
    await kube.create(oidcIssuers, issuer);
    const first = meta(kube);
    expect(first.generation).toBe(1);

    await kube.patch(oidcIssuers, ref, { spec: { region: 'eu-central-1' } });
    expect(meta(kube)).toEqual(first);

    await kube.patch(oidcIssuers, ref, { metadata: { labels: { a: 'b' } } });
    await kube.patch(oidcIssuers, ref, { status: { accountID: '1' } }, { subresource: 'status' });
    expect(meta(kube).generation).toBe(1);
    expect(meta(kube).resourceVersion).not.toBe(first.resourceVersion);

    await kube.patch(oidcIssuers, ref, { spec: { region: 'eu-west-1' } });
    expect(meta(kube).generation).toBe(2);
    expect(kube.writes).toHaveLength(5);
  });

  test('a patch of an older version is a conflict', async () => {
    const kube = new FakeKube();
    kube.seed(oidcIssuers, issuer);
    const { resourceVersion } = meta(kube);
    kube.edit(oidcIssuers, ref, { metadata: { labels: { a: 'b' } } });
    const late = kube.patch(oidcIssuers, ref, { metadata: { resourceVersion, labels: { a: 'c' } } });
    expect(isConflict(await refusal(late))).toBe(true);
  });

  test('Secrets and ConfigMaps have no generation', async () => {
    const kube = new FakeKube();
    await kube.create(configMaps, { metadata: ref, data: { a: 'b' } });
    expect(kube.get(configMaps, ref)?.metadata).not.toHaveProperty('generation');
  });
});

describe('the status subresource', () => {
  test('a status patch changes only the status, another patch all but the status', async () => {
    const kube = new FakeKube();
    await kube.create(oidcIssuers, { ...issuer, status: { accountID: 'sent with create' } });
    expect(kube.get(oidcIssuers, ref)).toMatchObject({ status: { observedGeneration: -1 } });

    const body = { spec: { region: 'us-east-1' }, status: { accountID: '111122223333' } };
    await kube.patch(oidcIssuers, ref, body, { subresource: 'status' });
    expect(kube.get(oidcIssuers, ref)).toMatchObject({
      spec: { region: 'eu-central-1' },
      status: { accountID: '111122223333' },
    });
    await kube.patch(oidcIssuers, ref, { spec: { region: 'us-east-1' }, status: { accountID: '2' } });
    expect(kube.get(oidcIssuers, ref)).toMatchObject({
      spec: { region: 'us-east-1' },
      status: { accountID: '111122223333' },
    });
  });

  test('fields that crds/ does not know are dropped, and its defaults filled in', async () => {
    const kube = new FakeKube();
    await kube.create(iamServiceAccounts, {
      metadata: ref,
      spec: { issuerRefs: [{ name: 'abcl0' }], role: { description: 'x' }, colour: 'red' },
    });
    const spec = kube.get(iamServiceAccounts, ref) as unknown as { spec: unknown };
    expect(spec.spec).toEqual({
      issuerRefs: [{ namespace: '', name: 'abcl0' }],
      role: { description: 'x', management: 'Full' },
      serviceAccountPolicy: 'Annotate',
      deletionPolicy: 'Delete',
      suspend: false,
    });
  });
});

describe('deletion', () => {
  test('a finalizer holds the object, and the last one taken away lets it go', async () => {
    const kube = new FakeKube();
    kube.seed(oidcIssuers, { ...issuer, metadata: { ...ref, finalizers: ['x.example/y'] } });
    await kube.delete(oidcIssuers, ref);
    expect(meta(kube)).toMatchObject({ deletionTimestamp: expect.any(String), generation: 2 });
    await kube.patch(oidcIssuers, ref, { metadata: { finalizers: [] } });
    expect(kube.get(oidcIssuers, ref)).toBeUndefined();
  });

  test('is happy if gone, and with a uid leaves another object of that name alone', async () => {
    const kube = new FakeKube();
    await kube.delete(oidcIssuers, ref);
    kube.seed(oidcIssuers, issuer);
    expect(isConflict(await refusal(kube.delete(oidcIssuers, ref, { uid: 'another' })))).toBe(true);
    await kube.delete(oidcIssuers, ref, { uid: meta(kube).uid });
    expect(kube.get(oidcIssuers, ref)).toBeUndefined();
  });

  test('nothing can be created in a namespace that is going away', async () => {
    const kube = new FakeKube();
    kube.terminateNamespace('org');
    expect(isForbidden(await refusal(kube.create(secrets, { metadata: ref })))).toBe(true);
    expect(isForbidden(await refusal(kube.apply(oidcIssuers, issuer)))).toBe(true);
  });
});

describe('server-side apply', () => {
  const apply = (kube: FakeKube, spec: object, force = true) =>
    kube.apply(oidcIssuers, { metadata: { ...ref, labels: { of: 'us' } }, spec }, { force });
  const spec = (kube: FakeKube) => (kube.get(oidcIssuers, ref) as unknown as { spec: object }).spec;

  test('creates, then takes away what it applied before and leaves out now', async () => {
    const kube = new FakeKube();
    await apply(kube, { region: 'eu-central-1', hosting: { s3: {} }, tags: { a: '1', b: '2' } });
    await apply(kube, { region: 'eu-central-1', hosting: { s3: {} }, tags: { b: '2' } });
    expect(spec(kube)).toMatchObject({ tags: { b: '2' } });
    expect(spec(kube)).not.toHaveProperty('tags.a');
  });

  test('leaves what a user added, and takes an atomic map as a whole', async () => {
    const kube = new FakeKube();
    await apply(kube, { hosting: { cloudFront: { alias: 'a.example.com' } } });
    kube.edit(oidcIssuers, ref, { spec: { tags: { team: 'x' }, hosting: { s3: {} } } });
    await apply(kube, { hosting: { cloudFront: { alias: 'a.example.com' } } });
    expect(spec(kube)).toMatchObject({ tags: { team: 'x' }, hosting: { cloudFront: { alias: 'a.example.com' } } });
    expect(spec(kube)).not.toHaveProperty('hosting.s3');
  });

  test('an empty map takes nothing away', async () => {
    const kube = new FakeKube();
    kube.seed(oidcIssuers, { ...issuer, metadata: { ...ref, labels: { a: 'b' } } });
    const { uid } = meta(kube);
    await kube.apply(oidcIssuers, { metadata: ref, spec: { tags: {} } });
    expect(meta(kube)).toMatchObject({ uid, labels: { a: 'b' } });
    kube.edit(oidcIssuers, ref, { spec: { tags: { team: 'x' } } });
    await kube.apply(oidcIssuers, { metadata: ref, spec: { tags: {} } });
    expect(spec(kube)).toMatchObject({ tags: { team: 'x' } });
  });

  test('without force it does not take a field from somebody else', async () => {
    const kube = new FakeKube();
    kube.seed(oidcIssuers, issuer);
    expect(isConflict(await refusal(apply(kube, { region: 'eu-west-1' }, false)))).toBe(true);
    expect(spec(kube)).toMatchObject({ region: 'eu-central-1' });
    await apply(kube, { region: 'eu-west-1' });
    expect(spec(kube)).toMatchObject({ region: 'eu-west-1' });
  });

  test('the same again changes nothing', async () => {
    const kube = new FakeKube();
    await apply(kube, { region: 'eu-central-1', audiences: ['a'] });
    const before = meta(kube);
    await apply(kube, { audiences: ['a'], region: 'eu-central-1' });
    expect(meta(kube)).toEqual(before);
  });
});

describe('failures', () => {
  test('what is not there cannot be patched, and what is there cannot be created', async () => {
    const kube = new FakeKube();
    expect(isNotFound(await refusal(kube.patch(oidcIssuers, ref, {})))).toBe(true);
    kube.seed(oidcIssuers, issuer);
    expect(isAlreadyExists(await refusal(kube.create(oidcIssuers, issuer)))).toBe(true);
  });

  test('are injected once, before or after the call took effect', async () => {
    const kube = new FakeKube();
    kube.failNext('create', new Error('lost'));
    expect(await refusal(kube.create(oidcIssuers, issuer))).toEqual(new Error('lost'));
    expect(kube.get(oidcIssuers, ref)).toBeUndefined();
    kube.failNext('create', new Error('no answer'), { tookEffect: true });
    expect(await refusal(kube.create(oidcIssuers, issuer))).toEqual(new Error('no answer'));
    expect(kube.get(oidcIssuers, ref)).toBeDefined();
  });

  test('what a caller does with an answer does not reach the store', async () => {
    const kube = new FakeKube();
    kube.seed(oidcIssuers, { ...issuer, metadata: { ...ref, labels: { a: 'b' } } });
    const [listed] = await kube.list(oidcIssuers, { namespace: 'org' });
    (listed!.metadata.labels as Record<string, string>)['a'] = 'c';
    expect(meta(kube).labels).toEqual({ a: 'b' });
    expect(await kube.list(oidcIssuers, { namespace: 'other' })).toEqual([]);
  });
});

test('the transcript that is compared with a real API server meets refusals of each kind', async () => {
  const told = (await transcript(new FakeKube(), 'org')) as { readonly call: string; readonly failure?: string }[];
  expect(Object.fromEntries(told.filter(({ failure }) => failure).map(({ call, failure }) => [call, failure]))).toEqual(
    {
      'apply it without force': '409 Conflict',
      'patch an older version': '409 Conflict',
      'patch another one of that name': '422 Invalid',
      'patch the status of an older version': '409 Conflict',
      'create it again': '409 AlreadyExists',
      'delete another one of that name': '409 Conflict',
      'add a finalizer too late': '422 Invalid',
      'patch what is gone': '404 NotFound',
      'patch the status of what is gone': '404 NotFound',
    },
  );
});
