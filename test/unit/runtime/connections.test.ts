import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { serviceAccounts } from '../../../src/api/resources.ts';
import { HttpKubeClient } from '../../../src/runtime/http-kube-client.ts';
import { isUnauthorized, isUnreachable, type KubeError } from '../../../src/runtime/kube-error.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { loadKubeConfig, OperatorAccess } from '../../../src/runtime/operator-access.ts';
import { KubeconfigClusters } from '../../../src/runtime/workload-clusters.ts';
import { TestCA } from '../../backends/test-ca.ts';
import { endless, json, refuse, ScriptedApiServer, type ReceivedRequest } from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

const ref = { namespace: 'default', name: 's3-reader' };
const account = { metadata: ref };

let ca: TestCA;
let server: ScriptedApiServer;
let stop: AbortController;
let folder: string;

beforeAll(async () => (ca = await TestCA.create()));
afterAll(async () => ca.remove());
beforeEach(async () => {
  server = await ScriptedApiServer.start({
    SNICallback: (name, done) => void ca.secureContext(name).then((context) => done(null, context)),
  });
  stop = new AbortController();
  folder = await mkdtemp(join(tmpdir(), 'irsa-connections-'));
});
afterEach(async () => {
  stop.abort();
  await server.close();
  await rm(folder, { recursive: true });
});

const authorization = (request: ReceivedRequest | undefined) => request?.headers.authorization;
const refusal = async (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as KubeError,
  );

function kubeconfig(options: { readonly cluster?: object; readonly user?: object } = {}): string {
  const authority = Buffer.from(ca.certificate).toString('base64');
  return stringify({
    'current-context': 'c',
    clusters: [
      { name: 'c', cluster: { server: server.url, 'certificate-authority-data': authority, ...options.cluster } },
    ],
    users: [{ name: 'u', user: options.user ?? { token: 'first' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  });
}

describe("a cluster known by somebody else's kubeconfig", () => {
  const clusters = () => new KubeconfigClusters({ signal: stop.signal });

  test('is reached with its own CA and token, over the same connections while the text is the same', async () => {
    const known = clusters();
    for (let call = 0; call < 10; call++) {
      server.answer(json(account));
      expect(await known.connect(kubeconfig()).find(serviceAccounts, ref)).toEqual(account);
    }
    expect(authorization(server.requests[0])).toBe('Bearer first');
    expect(server.connections).toBeLessThan(3);
  });

  test('gets the new token as soon as the text has it', async () => {
    server.answer(json(account), json(account));
    const known = clusters();
    await known.connect(kubeconfig()).find(serviceAccounts, ref);
    await known.connect(kubeconfig({ user: { token: 'second' } })).find(serviceAccounts, ref);
    expect(server.requests.map(authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('may show a certificate for the name that the kubeconfig gives', async () => {
    server.answer(json(account));
    const text = kubeconfig({ cluster: { 'tls-server-name': 'api.cluster.internal' } });
    expect(await clusters().connect(text).find(serviceAccounts, ref)).toEqual(account);
  });

  test('is not reached where its certificate is not of that CA', async () => {
    const text = kubeconfig({ cluster: { 'certificate-authority-data': undefined } });
    expect(isUnreachable(await refusal(clusters().connect(text).find(serviceAccounts, ref)))).toBe(true);
    expect(server.requests).toEqual([]);
  });

  test('is not quoted, for whoever wrote the kubeconfig could read through us what answers there', async () => {
    const secret = 'inner-secret';
    server.answer(
      (response) => response.writeHead(403).end(JSON.stringify({ reason: `${secret} `, message: secret })),
      (response) => response.writeHead(200).end(secret),
    );
    const client = clusters().connect(kubeconfig());
    const refused = await refusal(client.find(serviceAccounts, ref));
    expect(refused?.message).toBe('reading ServiceAccount default/s3-reader: 403');
    const unreadable = await refusal(client.patch(serviceAccounts, ref, {}));
    expect(unreadable?.message).toBe('patching ServiceAccount default/s3-reader: SyntaxError');
    expect(String(unreadable?.cause)).not.toContain(secret);
  });

  test('cannot fill our memory with an answer that does not end, and is not quoted then either', async () => {
    server.answer(endless(), endless(403));
    const client = clusters().connect(kubeconfig());
    const answered = await refusal(client.patch(serviceAccounts, ref, {}));
    expect(isUnreachable(answered)).toBe(true);
    expect(answered?.message).toBe('patching ServiceAccount default/s3-reader: UND_ERR_RES_EXCEEDED_MAX_SIZE');
    const refused = await refusal(client.patch(serviceAccounts, ref, {}));
    expect(refused?.message).toBe('patching ServiceAccount default/s3-reader: 403');
    await until(() => server.openConnections === 0);
  });

  test('has its connections closed when many others were asked for since', async () => {
    server.answer(json(account));
    const known = clusters();
    await known.connect(kubeconfig()).find(serviceAccounts, ref);
    expect(server.openConnections).toBe(1);
    for (let other = 0; other < 200; other++) known.connect(kubeconfig({ user: { token: `other-${other}` } }));
    await until(() => server.openConnections === 0);
  });
});

describe("the operator's own cluster", () => {
  function operator(load?: () => KubeConfig) {
    const transport = new KubeTransport({ access: new OperatorAccess(load), signal: stop.signal });
    return new HttpKubeClient(transport);
  }

  /** As in a pod: a token file, a CA file. */
  async function pod() {
    const [tokenFile, caFile] = [join(folder, 'token'), join(folder, 'ca.crt')];
    await writeFile(tokenFile, 'first');
    await writeFile(caFile, ca.certificate);
    const load = () => {
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [{ name: 'c', server: server.url, caFile }],
        users: [{ name: 'u', authProvider: { name: 'tokenFile', config: { tokenFile } } }],
        contexts: [{ name: 'c', cluster: 'c', user: 'u' }],
        currentContext: 'c',
      });
      return config;
    };
    return { client: operator(load), tokenFile, caFile };
  }

  test('is asked with the token of the file, which is read again at once when it is not accepted', async () => {
    const { client, tokenFile } = await pod();
    server.answer(json(account));
    await client.find(serviceAccounts, ref);
    await writeFile(tokenFile, 'second');
    server.answer(refuse(401, 'Unauthorized'), json(account));
    expect(await client.find(serviceAccounts, ref)).toEqual(account);
    expect(server.requests.map(authorization)).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
  });

  test('takes a rotated CA with the next call', async () => {
    const { client, caFile } = await pod();
    const other = await TestCA.create();
    try {
      await writeFile(caFile, other.certificate);
      expect(isUnreachable(await refusal(client.create(serviceAccounts, account)))).toBe(true);
      await writeFile(caFile, ca.certificate);
      server.answer(json(account));
      await client.create(serviceAccounts, account);
    } finally {
      await other.remove();
    }
  });

  test('is not asked where the token file cannot be read', async () => {
    const { client, tokenFile } = await pod();
    await rm(tokenFile);
    const error = await refusal(client.find(serviceAccounts, ref));
    expect(error?.message).toContain('ENOENT');
    expect(server.requests).toEqual([]);
  });

  test('may be reached by an exec plugin of our own kubeconfig, which runs again when its token is not accepted', async () => {
    const count = join(folder, 'count');
    const credential = '{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\"';
    const script = `echo x >> ${count}; echo "${credential},\\"status\\":{\\"token\\":\\"run-$(wc -l < ${count})\\"}}"`;
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] };
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig({ user: { exec } }));
    const client = operator(() => {
      const config = new KubeConfig();
      config.loadFromFile(file);
      return config;
    });
    server.answer(json(account), refuse(401, 'Unauthorized'), json(account));
    await client.find(serviceAccounts, ref);
    await client.find(serviceAccounts, ref);
    expect(server.requests.map(authorization)).toEqual(['Bearer run-1', 'Bearer run-1', 'Bearer run-2']);
  });

  test('is not reached past the proxy that our kubeconfig names', async () => {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig({ cluster: { 'proxy-url': 'http://127.0.0.1:3128' } }));
    const client = operator(() => loadKubeConfig({ KUBECONFIG: file }));
    const before = { ...process.env };
    process.env['KUBECONFIG'] = file;
    const error = await refusal(client.create(serviceAccounts, account)).finally(() => (process.env = before));
    expect(error?.message).toContain('proxy-url in the kubeconfig is not supported');
    expect(server.requests).toEqual([]);
  });

  test('that does not accept us is an error of its own', async () => {
    const { client } = await pod();
    server.answer(refuse(401, 'Unauthorized'), refuse(401, 'Unauthorized'));
    expect(isUnauthorized(await refusal(client.find(serviceAccounts, ref)))).toBe(true);
  });

  test('is the one of the pod, unless KUBECONFIG says otherwise', async () => {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig());
    const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const before = { ...process.env };
    Object.assign(process.env, inPod);
    try {
      expect(loadKubeConfig(inPod).getCurrentCluster()?.server).toBe('https://10.0.0.1:443');
      process.env['KUBECONFIG'] = file;
      expect(loadKubeConfig(process.env).getCurrentCluster()?.server).toBe(server.url);
    } finally {
      process.env = before;
    }
  });
});
