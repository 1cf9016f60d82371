import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../src/api/meta.ts';
import { configMaps, iamServiceAccounts, namespaces } from '../../src/api/resources.ts';
import { roleName } from '../../src/aws/names.ts';
import { findHome, InstallationChanged, keepInstallation } from '../../src/controllers/installation.ts';
import { KubeError } from '../../src/runtime/kube-error.ts';
import { FakeKube } from '../fakes/kube.ts';

const ref = { namespace: 'irsa-system', name: 'irsa-operator-installation' };
const keep = (kube: FakeKube, installation: string) => keepInstallation(kube, 'irsa-system', installation);
const written = (kube: FakeKube) =>
  kube.get<KubernetesObject & { data?: object; immutable?: boolean }>(configMaps, ref);

test('the first start writes the installation to a ConfigMap that nobody can change', async () => {
  const kube = new FakeKube();
  await keep(kube, 'ginger');
  expect(written(kube)).toMatchObject({ immutable: true, data: { installation: 'ginger' } });
});

test('a later start as the same installation writes nothing', async () => {
  const kube = new FakeKube();
  await keep(kube, 'ginger');
  kube.writes.length = 0;
  await keep(kube, 'ginger');
  expect(kube.writes).toEqual([]);
});

test('a later start as another one is refused, and says what to do', async () => {
  const kube = new FakeKube();
  await keep(kube, 'ginger');
  const start = keep(kube, 'gauss');
  await expect(start).rejects.toThrow(InstallationChanged);
  await expect(start).rejects.toThrow(/irsa-system\/irsa-operator-installation.*Set it to ginger again/);
  expect(written(kube)).toMatchObject({ data: { installation: 'ginger' } });
});

test('a ConfigMap of that name that says no installation refuses each', async () => {
  const kube = new FakeKube();
  kube.seed(configMaps, { metadata: ref });
  await expect(keep(kube, 'ginger')).rejects.toThrow(InstallationChanged);
});

test.each([
  ['the same', 'ginger', undefined],
  ['another', 'gauss', InstallationChanged],
])('of two first starts at a time the one that comes second reads %s', async (_, other, refusal) => {
  const kube = new FakeKube();
  kube.failNext('create', new KubeError('exists', 409, 'AlreadyExists'));
  const start = keep(kube, 'ginger');
  kube.seed(configMaps, { metadata: ref, data: { installation: other } });
  if (refusal) await expect(start).rejects.toThrow(refusal);
  else await start;
});

describe('a first start beside the objects of an earlier operator', () => {
  const withRole = (roleName: string, spec: object = {}) => {
    const kube = new FakeKube();
    const metadata = { namespace: 'default', name: 's3-reader' };
    kube.seed(iamServiceAccounts, { metadata, spec: { issuerRefs: [], subjects: [], ...spec }, status: { roleName } });
    return kube;
  };
  const byGinger = roleName('ginger', 'default', 's3-reader');

  test('goes on as the same installation', async () => {
    const kube = withRole(byGinger);
    await keep(kube, 'ginger');
    expect(written(kube)).toBeDefined();
  });

  test('is refused as another one, and writes nothing down', async () => {
    const kube = withRole(byGinger);
    await expect(keep(kube, 'gauss')).rejects.toThrow(InstallationChanged);
    expect(written(kube)).toBeUndefined();
  });

  test('takes no word from a role whose name the user chose', async () => {
    const kube = withRole('reader', { role: { name: 'reader', management: 'Full' } });
    await keep(kube, 'gauss');
    expect(written(kube)).toBeDefined();
  });
});

test('the home is the UID of kube-system', async () => {
  const kube = new FakeKube();
  kube.seed(namespaces, { metadata: { namespace: '', name: 'kube-system', uid: '5b3c' } });
  expect(await findHome(kube)).toBe('5b3c');
  await expect(findHome(new FakeKube())).rejects.toThrow('kube-system');
});
