import { expect, test } from '@jest/globals';
import { secrets } from '../../../src/api/resources.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { KubeSecrets } from '../../../src/runtime/secrets.ts';
import { FakeKube } from '../../fakes/kube.ts';

const ref = { namespace: 'org', name: 'abcl0-sa' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

function world() {
  const kube = new FakeKube();
  kube.seed(secrets, {
    metadata: ref,
    data: { 'tls.crt': base64('public ü'), 'tls.key': base64('private'), empty: '' },
  });
  return { kube, entries: new KubeSecrets(kube) };
}

test('only the named entry comes out, decoded', async () => {
  const { entries } = world();
  expect(await entries.entry(ref, 'tls.crt')).toEqual({ state: 'found', value: 'public ü' });
  expect(await entries.entry(ref, 'empty')).toEqual({ state: 'found', value: '' });
});

test('several parts come out of one version, and no others', async () => {
  const { kube, entries } = world();
  kube.edit(secrets, ref, { metadata: { annotations: { a: '1', b: 'with data' } } });
  const names = { entries: ['tls.crt', 'empty', 'none'], annotations: ['a', 'toString'] };
  expect(await entries.read(ref, names)).toEqual({
    state: 'found',
    resourceVersion: kube.get(secrets, ref)?.metadata.resourceVersion,
    entries: { 'tls.crt': 'public ü', empty: '' },
    annotations: { a: '1' },
  });
  expect(kube.reads).toHaveLength(1);
  expect(await entries.read({ ...ref, name: 'other' }, names)).toEqual({ state: 'noSecret' });
});

test('a missing Secret and a missing entry are told apart', async () => {
  const { entries } = world();
  expect(await entries.entry({ ...ref, name: 'other' }, 'tls.crt')).toEqual({ state: 'noSecret' });
  expect(await entries.entry(ref, 'ca.crt')).toEqual({ state: 'noEntry' });
  expect(await entries.entry(ref, 'toString')).toEqual({ state: 'noEntry' });
});

test('nothing is kept: a changed Secret is seen with the next read, a failed read is an error', async () => {
  const { kube, entries } = world();
  await entries.entry(ref, 'tls.crt');
  kube.edit(secrets, ref, { data: { 'tls.crt': base64('rotated') } });
  expect(await entries.entry(ref, 'tls.crt')).toEqual({ state: 'found', value: 'rotated' });
  kube.failNext('find', new KubeError('no', 503, 'Unavailable'));
  await expect(entries.entry(ref, 'tls.crt')).rejects.toThrow('no');
});

test('a Secret that we may not read says so, and not that it is missing', async () => {
  const { kube, entries } = world();
  kube.failNext('find', new KubeError('no', 403, 'Forbidden'));
  expect(await entries.entry(ref, 'tls.crt')).toEqual({ state: 'forbidden' });
});
