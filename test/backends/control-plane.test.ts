import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { writeSigningKey } from './control-plane/certificates.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { leftovers, processesOf, startElsewhere } from './leftovers.ts';
import { plainEnvironment } from './plain-environment.ts';
import { freePort } from './port.ts';

let controlPlane: ControlPlane;
let namespace: string;
let count = 0;

beforeAll(async () => {
  controlPlane = await ControlPlane.start();
});

beforeEach(async () => {
  namespace = `test-${++count}`;
  await controlPlane.kubectl(['create', 'namespace', namespace]);
  await controlPlane.kubectl(['create', 'serviceaccount', 'reader', '-n', namespace]);
});

afterAll(() => controlPlane?.stop());

const mintToken = async () => (await controlPlane.kubectl(['create', 'token', 'reader', '-n', namespace])).trim();

/** kubectl as the holder of a kubeconfig file runs it. */
async function kubectlOf(kubeconfig: string, ...args: string[]): Promise<string> {
  const env = { ...plainEnvironment(), KUBECONFIG: kubeconfig };
  return (await promisify(execFile)('kubectl', args, { env })).stdout;
}

/** Who the API server takes the holder of the kubeconfig file to be. */
const whoami = (kubeconfig: string) =>
  kubectlOf(kubeconfig, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');

test('is the Kubernetes that the operator is made for', async () => {
  const version = JSON.parse(await controlPlane.kubectl(['get', '--raw=/version']));
  expect(`${version.major}.${version.minor}`).toBe('1.37');
});

test('says what kubectl complained of', async () => {
  await expect(controlPlane.kubectl(['apply', '-f', '-'], 'kind: Nothing')).rejects.toThrow('apiVersion not set');
});

test('gives a new namespace its service account, and deletes a namespace with all that is in it', async () => {
  await controlPlane.kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', namespace, '--timeout=20s']);
  await controlPlane.kubectl(['create', 'configmap', 'settings', '-n', namespace]);
  await controlPlane.kubectl(['delete', 'namespace', namespace, '--timeout=30s']);
  expect(await controlPlane.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain(`/${namespace}\n`);
});

test('deletes what an object owned, after the object', async () => {
  await controlPlane.kubectl(['create', 'configmap', 'owner', '-n', namespace]);
  const uid = await controlPlane.kubectl([
    'get',
    'configmap',
    'owner',
    '-n',
    namespace,
    '-o',
    'jsonpath={.metadata.uid}',
  ]);
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
  const owned = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', namespace, ownerReferences } };
  await controlPlane.kubectl(['create', '-f', '-'], JSON.stringify(owned));
  await controlPlane.kubectl(['delete', 'configmap', 'owner', '-n', namespace]);
  await controlPlane.kubectl(['wait', '--for=delete', 'configmap/owned', '-n', namespace, '--timeout=20s']);
});

describe('service-account tokens', () => {
  test('carry its own issuer at first, which is never an audience of AWS', async () => {
    const { iss, aud } = decodeJwt(await mintToken());
    expect(iss).toBe(controlPlane.defaults.issuer);
    expect(aud).toEqual([controlPlane.defaults.issuer, 'https://kubernetes.default.svc']);
  });

  test('are signed with another key once the API server was started with it, and the old ones stay good', async () => {
    const issuer = 'https://irsa.example.com';
    const old = await mintToken();
    const kubeconfig = await controlPlane.kubeconfigFor(namespace, 'reader');
    const { keyFile } = await writeSigningKey(controlPlane.dir, 'next');
    const { issuer: ownIssuer, publicKeyFile } = controlPlane.defaults;

    await controlPlane.restartApiServer({
      issuers: [issuer, ownIssuer],
      signingKeyFile: keyFile,
      verifyingKeyFiles: [publicKeyFile],
    });

    const next = await mintToken();
    expect(decodeJwt(next).iss).toBe(issuer);
    expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(old).kid);
    expect(await whoami(kubeconfig)).toBe(`system:serviceaccount:${namespace}:reader`);
  });

  test('are refused once their key is no longer among those accepted', async () => {
    await controlPlane.restartApiServer({});
    const kubeconfig = await controlPlane.kubeconfigFor(namespace, 'reader');
    const { keyFile } = await writeSigningKey(controlPlane.dir, 'only');
    await controlPlane.restartApiServer({ signingKeyFile: keyFile });
    await expect(whoami(kubeconfig)).rejects.toThrow('Unauthorized');
    await controlPlane.restartApiServer({});
    expect(await whoami(kubeconfig)).toBe(`system:serviceaccount:${namespace}:reader`);
  });
});

test('lets a service account do only what RBAC allows, and writes down who tried what', async () => {
  const kubeconfig = await controlPlane.kubeconfigFor(namespace, 'reader');
  const { next } = await controlPlane.audit();
  await expect(kubectlOf(kubeconfig, 'get', 'secrets', '-n', namespace)).rejects.toThrow('forbidden');

  const { events } = await controlPlane.audit(next);
  const mine = events.filter((event) => event.user.username === `system:serviceaccount:${namespace}:reader`);
  expect(mine).toContainEqual(
    expect.objectContaining({
      verb: 'list',
      objectRef: expect.objectContaining({ resource: 'secrets', namespace }),
      responseStatus: expect.objectContaining({ code: 403 }),
    }),
  );
});

test('gives a program a token for as long as a demo may be kept, a day', async () => {
  const kubeconfig = JSON.parse(await readFile(await controlPlane.kubeconfigFor(namespace, 'reader'), 'utf8'));
  const { iat = 0, exp = 0 } = decodeJwt(kubeconfig.users[0].user.token);
  expect(exp - iat).toBe(24 * 60 * 60);
});

test.each([
  ['etcd', 0],
  ['the API server', 1],
])('starts once more where somebody took the port that was free for %s', async (_, index) => {
  const squatter = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port: taken } = squatter.address() as AddressInfo;
  let found = 0;
  try {
    const other = await ControlPlane.start({}, async () => (found++ === index ? taken : freePort()));
    await other.stop();
  } finally {
    squatter.close();
  }
  expect(found).toBe(4);
});

test('leaves nothing behind when it is stopped', async () => {
  const other = await ControlPlane.start();
  expect((await processesOf(other.dir)).length).toBeGreaterThanOrEqual(3);
  await other.stop();
  expect(await leftovers(other.dir, 0)).toEqual([]);
});

test('leaves nothing behind when its owner is killed with -9', async () => {
  const { owner, dir } = await startElsewhere('controlPlane');
  const running = (await processesOf(dir)).join('\n');
  for (const program of ['etcd', 'kube-apiserver', 'kube-controller-manager']) {
    expect(running).toContain(`/${program} --`);
  }
  owner.kill('SIGKILL');
  expect(await leftovers(dir)).toEqual([]);
});
