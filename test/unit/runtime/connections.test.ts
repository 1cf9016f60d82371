import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { serviceAccountMetadata, serviceAccounts } from '../../../src/api/resources.ts';
import { resolverOf } from '../../../src/runtime/resolver.ts';
import { ServerAddresses } from '../../../src/runtime/addresses.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { HttpKubeClient } from '../../../src/runtime/http-kube-client.ts';
import { isUnauthorized, isUnreachable, type KubeError } from '../../../src/runtime/kube-error.ts';
import { KubeTransport, type Timeouts } from '../../../src/runtime/kube-transport.ts';
import { loadKubeConfig, OperatorAccess } from '../../../src/runtime/operator-access.ts';
import { InvalidKubeconfigError, KubeconfigClusters } from '../../../src/runtime/workload-clusters.ts';
import { TestCA } from '../../backends/test-ca.ts';
import {
  endless,
  json,
  refuse,
  ScriptedApiServer,
  stall,
  type Answer,
  type ReceivedRequest,
  list,
  watch,
} from '../../fakes/scripted-api-server.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { until } from './until.ts';

const ref = { namespace: 'default', name: 's3-reader' };
const account = { metadata: ref };
const place = 'team/abcl0';

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
  const servers = (allowLoopback: boolean, own: string[] = []) =>
    new ServerAddresses({ allowLoopback, own, resolve: resolverOf() });
  const resync = minutes(5);
  const nowhere = stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  });
  const clusters = (allowed = servers(true)) =>
    new KubeconfigClusters({ signal: stop.signal, servers: allowed, resync });

  test('is reached with its own CA and token, over the same connections while the text is the same', async () => {
    const known = clusters();
    for (let call = 0; call < 10; call++) {
      server.answer(json(account));
      expect(await known.connect(kubeconfig(), place).find(serviceAccounts, ref)).toEqual(account);
    }
    expect(authorization(server.requests[0])).toBe('Bearer first');
    expect(server.connections).toBeLessThan(3);
  });

  test('gets the new token as soon as the text has it', async () => {
    server.answer(json(account), json(account));
    const known = clusters();
    await known.connect(kubeconfig(), place).find(serviceAccounts, ref);
    await known.connect(kubeconfig({ user: { token: 'second' } }), place).find(serviceAccounts, ref);
    expect(server.requests.map(authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('may show a certificate for the name that the kubeconfig gives', async () => {
    server.answer(json(account));
    const text = kubeconfig({ cluster: { 'tls-server-name': 'api.cluster.internal' } });
    expect(await clusters().connect(text, place).find(serviceAccounts, ref)).toEqual(account);
  });

  test('is not reached where its certificate is not of that CA', async () => {
    const text = kubeconfig({ cluster: { 'certificate-authority-data': undefined } });
    expect(isUnreachable(await refusal(clusters().connect(text, place).find(serviceAccounts, ref)))).toBe(true);
    expect(server.requests).toEqual([]);
  });

  test('is not quoted, for whoever wrote the kubeconfig could read through us what answers there', async () => {
    const secret = 'inner-secret';
    server.answer(
      (response) => response.writeHead(403).end(JSON.stringify({ reason: `${secret} `, message: secret })),
      (response) => response.writeHead(200).end(secret),
    );
    const client = clusters().connect(kubeconfig(), place);
    const refused = await refusal(client.find(serviceAccounts, ref));
    expect(refused?.message).toBe('reading ServiceAccount default/s3-reader: Forbidden');
    const unreadable = await refusal(client.patch(serviceAccounts, ref, {}));
    expect(unreadable?.message).toBe('patching ServiceAccount default/s3-reader: Unreachable');
    expect(String(unreadable?.cause)).not.toContain(secret);
  });

  test.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [418, 'Failed'],
    [503, 'Unavailable'],
  ])('that answers %d is told of in one word: %s', async (status, word) => {
    for (let answer = 0; answer < 2; answer++) server.answer(refuse(status, 'SomethingInner'));
    const error = await refusal(clusters().connect(kubeconfig(), place).patch(serviceAccounts, ref, {}));
    expect([error?.status, error?.message]).toEqual([status, `patching ServiceAccount default/s3-reader: ${word}`]);
  });

  test('is told of in the same word whether its port is closed, speaks no TLS, or shows another certificate', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const speaking = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    const unknown = { 'certificate-authority-data': undefined };
    const told = [];
    for (const cluster of [{ server: speaking }, unknown])
      told.push(
        (await refusal(clusters().connect(kubeconfig({ cluster }), place).patch(serviceAccounts, ref, {})))?.message,
      );
    plain.close();
    const closed = kubeconfig({ cluster: { server: speaking } });
    told.push((await refusal(clusters().connect(closed, place).patch(serviceAccounts, ref, {})))?.message);
    expect(new Set(told)).toEqual(new Set(['patching ServiceAccount default/s3-reader: Unreachable']));
  });

  test('is not connected to at an address of our own, unless a setting allows that', () => {
    const refusing = clusters(servers(false));
    expect(() => refusing.connect(kubeconfig(), place)).toThrow(/^server must not be loopback/);
    expect(server.connections).toBe(0);
  });

  test.each<[string, boolean, string[]]>([
    ['loopback', false, []],
    ["the operator's own API server", false, ['127.0.0.1']],
    ['link-local', true, []],
  ])('is not connected to by a name that resolves to %s', async (what, allowLoopback, own) => {
    const port = new URL(server.url).port;
    const named = kubeconfig({ cluster: { server: `https://api.example.com:${port}` } });
    const answers = [
      { address: '10.1.2.3', family: 4 },
      { address: what === 'link-local' ? '169.254.1.1' : '127.0.0.1', family: 4 },
    ];
    const judge = new ServerAddresses({ allowLoopback, own, resolve: () => Promise.resolve(answers) });
    const error = await refusal(clusters(judge).connect(named, place).find(serviceAccounts, ref));
    expect(error).toBeInstanceOf(InvalidKubeconfigError);
    expect(error?.message).toMatch(/^server has a name that resolves to/);
    expect(server.connections).toBe(0);
  });

  test('is not reached by a name that was well when it was looked at, and resolves to loopback when we connect', async () => {
    server.answer(json(account));
    const port = new URL(server.url).port;
    const text = kubeconfig({ cluster: { server: `https://api.example.com:${port}` } });
    const answers = ['127.0.0.1', '127.0.0.1'];
    const judge = (allowLoopback: boolean) =>
      new ServerAddresses({
        allowLoopback,
        own: [],
        resolve: () => Promise.resolve([{ address: answers.shift() ?? '10.1.2.3', family: 4 }]),
      });
    // The address that was judged is the one that is connected to: the name resolves nowhere else.
    expect(await clusters(judge(true)).connect(text, place).find(serviceAccounts, ref)).toEqual(account);
    const error = await refusal(clusters(judge(false)).connect(text, place).find(serviceAccounts, ref));
    expect(error).toBeInstanceOf(InvalidKubeconfigError);
    expect(server.requests).toHaveLength(1);
  });

  describe('that somebody follows', () => {
    const following = (options: { readonly resync?: number } = {}) => {
      const clock = new FakeClock();
      const logger = new FakeLogger();
      const heard: string[] = [];
      const known = new KubeconfigClusters<KubernetesObject, string>({
        signal: stop.signal,
        servers: servers(true),
        clock,
        resync: options.resync ?? resync,
        watch: {
          logger,
          followed: {
            resource: serviceAccountMetadata,
            select: ({ metadata }) => metadata.uid,
            concerns: (_, { name }) => name !== 'of nobody',
            changed: (place, { ref: { name } }) => heard.push(`${place} ${name}`),
          },
        },
      });
      return { clock, heard, known, logger };
    };
    const added = (name: string, resourceVersion: string, annotations = {}) => ({
      type: 'ADDED',
      object: { metadata: { ...ref, name, uid: name, resourceVersion, annotations } },
    });
    /** An empty list and a watch, which sends what the result is given. */
    const quietWatch = async () => {
      const watching = Promise.withResolvers<ServerResponse>();
      server.answer(list('5', []), (response, request) => {
        watch([])(response, request);
        watching.resolve(response);
      });
      const stream = await watching.promise;
      return (event: object) => void stream.write(`${JSON.stringify(event)}\n`);
    };
    /** As many names, so large that all of them are together larger than any answer may be. */
    const large = (count: number) =>
      Array.from({ length: count }, (_, index) => added(`${index}`, `${index + 6}`, { text: 'x'.repeat(15_000) }));

    test('is watched once, for the metadata alone, under the name by which it is called', async () => {
      const { heard, known } = following();
      server.answer(list('5', [{ metadata: { ...ref, uid: 'u', resourceVersion: '4' } }]), watch([added('new', '6')]));
      for (let time = 0; time < 2; time++) known.connect(kubeconfig(), 'team/abcl0');
      await until(() => heard.length === 2);
      expect(heard).toEqual(['team/abcl0 s3-reader', 'team/abcl0 new']);
      expect(server.requests.map(({ headers }) => headers.accept)).toEqual([
        'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
        'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      ]);
    });

    test('is left when nobody used it for a quarter of an hour', async () => {
      const { clock, known } = following();
      server.answer(list('5', []), watch([]));
      known.connect(kubeconfig(), 'team/abcl0');
      await server.received(2);
      await clock.advance(minutes(14));
      known.connect(kubeconfig(), 'team/abcl0');
      await clock.advance(minutes(14));
      expect(server.openConnections).toBeGreaterThan(0);
      await clock.advance(minutes(1));
      await until(() => server.openConnections === 0);
    });

    test('is left after three resyncs where that is longer', async () => {
      const { clock, heard, known } = following({ resync: minutes(20) });
      const sending = quietWatch();
      known.connect(kubeconfig(), 'team/abcl0');
      const send = await sending;
      await clock.advance(minutes(60) - 1);
      send(added('new', '6'));
      await until(() => heard.length === 1);
      await clock.advance(1);
      await until(() => server.openConnections === 0);
    });

    test('is left as soon as its place has another kubeconfig, whatever other places have', async () => {
      const { heard, known } = following();
      const left = Promise.withResolvers<void>();
      server.answer(list('5', []), (response, request) => {
        watch([])(response, request);
        response.on('close', left.resolve);
      });
      known.connect(kubeconfig(), 'team/abcl0');
      await server.received(2);
      const sending = quietWatch();
      known.connect(kubeconfig(), 'other/abcl0');
      const send = await sending;
      // As often as it likes: a place has one cluster.
      for (let change = 0; change < 1001; change++) known.connect(`${nowhere}# ${change}`, 'team/abcl0');
      await left.promise;
      send(added('new', '6'));
      await until(() => heard.length > 0);
      expect(heard).toEqual(['other/abcl0 new']);
      expect(() => known.connect('no kubeconfig', 'other/abcl0')).toThrow(InvalidKubeconfigError);
      await until(() => server.openConnections === 0);
      // A thousand kubeconfigs take longer than jest's five seconds on a machine that is busy.
    }, 30_000);

    test('may have more service accounts than an answer may be large, for they come page by page', async () => {
      const { heard, known } = following();
      const all = large(300).map(({ object }) => object);
      server.answer(
        list('5', all.slice(0, 100), 'a'),
        list('5', all.slice(100, 200), 'b'),
        list('5', all.slice(200)),
        watch([added('new', '400')]),
      );
      known.connect(kubeconfig(), 'team/abcl0');
      await until(() => heard.length === 301);
      expect(server.requests.map(({ query }) => [query['limit'], query['continue']])).toEqual([
        ['100', undefined],
        ['100', 'a'],
        ['100', 'b'],
        [undefined, undefined],
      ]);
    });

    test('may send more changes than an answer may be large: the watch goes on where it was cut off', async () => {
      const { clock, heard, known } = following();
      const all = large(300);
      const goesOn: Answer = (response, request) =>
        watch(all.slice(Number(request.query['resourceVersion']) - 5))(response, request);
      server.answer(list('5', []), goesOn, goesOn, goesOn, goesOn);
      known.connect(kubeconfig(), 'team/abcl0');
      await until(() => {
        void clock.advance(seconds(1));
        return heard.length === 300;
      });
      expect(new Set(heard).size).toBe(300);
    });

    test('tells nothing of a service account that concerns nobody', async () => {
      const { heard, known } = following();
      const nobodys = { metadata: { ...ref, name: 'of nobody', resourceVersion: '4' } };
      server.answer(list('5', [nobodys]), watch([added('of nobody', '6'), added('new', '7')]));
      known.connect(kubeconfig(), 'team/abcl0');
      await until(() => heard.length > 0);
      expect(heard).toEqual(['team/abcl0 new']);
    });

    test('is not watched any more where its list goes on and on, which is logged once, and is asked by passes all the same', async () => {
      const { clock, known, logger } = following();
      server.answer(...Array.from({ length: 200 }, () => list('5', [], 'more')));
      const client = known.connect(kubeconfig(), 'team/abcl0');
      await until(() => logger.lines.length > 0);
      await clock.advance(minutes(10));
      expect(server.requests).toHaveLength(200);
      expect(logger.lines.map(({ level, cluster, message }) => [level, cluster, message])).toEqual([
        ['warn', 'team/abcl0', 'there are too many objects to watch, so changes are seen only at the next look'],
      ]);
      server.answer(json(account));
      expect(await client.find(serviceAccounts, ref)).toEqual(account);
    });

    test('is asked by passes all the same where a page of the list is larger than an answer may be', async () => {
      const { clock, known, logger } = following();
      server.answer(endless(), endless(), endless(), json(account));
      const client = known.connect(kubeconfig(), 'team/abcl0');
      await until(() => {
        if (server.requests.length < 3) void clock.advance(seconds(1));
        return logger.lines.some(({ message }) => message === 'watch broke off');
      });
      expect(await client.find(serviceAccounts, ref)).toEqual(account);
    });
  });

  describe('that does not answer', () => {
    const words = 'patching ServiceAccount default/s3-reader: Unreachable';
    const reached = (timeouts: Partial<Timeouts> = {}) => {
      const clock = new FakeClock();
      const known = new KubeconfigClusters({ signal: stop.signal, servers: servers(true), clock, resync, timeouts });
      const client = known.connect(kubeconfig(), place);
      const fails = async () => {
        const error = await refusal(client.patch(serviceAccounts, ref, {}));
        expect(isUnreachable(error)).toBe(true);
        expect(error?.message).toBe(words);
      };
      return { client, clock, fails };
    };

    test('to a connect is not asked again for a while, and the error stays the same', async () => {
      const { client, clock, fails } = reached();
      await server.close();
      await fails();
      await server.listen();
      await fails();
      expect(server.connections).toBe(0);
      await clock.advance(seconds(30));
      server.answer(json(account));
      expect(await client.find(serviceAccounts, ref)).toEqual(account);
    });

    test.each<[string, Answer]>([
      ['to a call', () => undefined],
      ['with the rest of its answer', stall],
    ])('%s in its time is not asked again for a while', async (_, silence) => {
      const { client, clock, fails } = reached({ call: 200 });
      server.answer(silence, json(account));
      await fails();
      await fails();
      expect(server.requests).toHaveLength(1);
      await clock.advance(seconds(30));
      expect(await client.find(serviceAccounts, ref)).toEqual(account);
    });

    test('is asked by others all the same where only the pass that asked had its time', async () => {
      const { client } = reached();
      const pass = new AbortController();
      const asking = client.during(pass.signal);
      const failing = refusal(asking.find(serviceAccounts, ref));
      await server.received(1);
      pass.abort(new DOMException('not done within 120 s', 'TimeoutError'));
      expect(isUnreachable(await failing)).toBe(true);
      expect(isUnreachable(await refusal(asking.list(serviceAccounts)))).toBe(true);
      server.answer(json(account));
      expect(await client.find(serviceAccounts, ref)).toEqual(account);
      expect(server.requests).toHaveLength(2);
    });

    test('because it resets a connection is asked again at once', async () => {
      const { client, fails } = reached();
      server.answer(json(account));
      await client.find(serviceAccounts, ref);
      const failing = fails();
      await server.received(2);
      await server.close();
      await failing;
      await server.listen();
      server.answer(json(account));
      expect(await client.patch(serviceAccounts, ref, {})).toEqual(account);
    });
  });

  test('cannot fill our memory with an answer that does not end, and is not quoted then either', async () => {
    server.answer(endless(), endless(403));
    const patch = () => refusal(clusters().connect(kubeconfig(), place).patch(serviceAccounts, ref, {}));
    const answered = await patch();
    expect(isUnreachable(answered)).toBe(true);
    expect(answered?.message).toBe('patching ServiceAccount default/s3-reader: Unreachable');
    const refused = await patch();
    expect(refused?.message).toBe('patching ServiceAccount default/s3-reader: Forbidden');
    await until(() => server.openConnections === 0);
  });

  describe('that issues tokens', () => {
    const token = (kid: string) => `${Buffer.from(JSON.stringify({ kid })).toString('base64url')}.payload.signature`;
    const issued = (kid: string) => json({ status: { token: token(kid) } }, 201);
    const asked = () => clusters().connect(kubeconfig(), place);

    test('is asked for each over a connection of its own, which may lead to another server, and which closes then', async () => {
      const client = asked();
      server.answer(json(account));
      await client.find(serviceAccounts, ref);
      const before = server.openConnections;
      server.answer(...['a', 'b', 'c', 'd', 'e'].map(issued));
      const kids = await Promise.all(Array.from({ length: 5 }, () => client.signingKey(ref, 'nobody')));
      expect(kids.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(server.connections - before).toBe(5);
      await until(() => server.openConnections === before);
      expect(server.requests.map(authorization)).toEqual(Array.from({ length: 6 }, () => 'Bearer first'));
    });

    test.each<[string, Answer]>([
      ['that does not end', endless()],
      ['that is large', json({ status: { token: token('a') }, padding: 'a'.repeat(100_000) }, 201)],
      ['that breaks off', (response) => response.writeHead(201).write('{"status":', () => response.destroy())],
      ['of one who is no API server', json(null)],
      ['that holds something else', json({ status: { token: { kid: 'a' } } }, 201)],
      ['whose token names no key', json({ status: { token: 'secret.secret.secret' } }, 201)],
      ['that is not there', (response) => response.destroy()],
    ])('hears of an answer %s as of a closed port, and no connection is left', async (_, answer) => {
      server.answer(answer);
      const failure = await refusal(asked().signingKey(ref, 'nobody'));
      expect(failure?.message).toBe('asking for a token of ServiceAccount default/s3-reader: Unreachable');
      await until(() => server.openConnections === 0);
    });

    test('is left after the time of a call if it does not answer, and so is the connection', async () => {
      server.answer(stall);
      const patient = new KubeconfigClusters({
        signal: stop.signal,
        servers: servers(true),
        resync,
        timeouts: { call: 200 },
      });
      const failure = await refusal(patient.connect(kubeconfig(), place).signingKey(ref, 'nobody'));
      expect(isUnreachable(failure)).toBe(true);
      await until(() => server.openConnections === 0);
    });

    test('is left when whoever asks gives up', async () => {
      const pass = new AbortController();
      const asking = refusal(asked().during(pass.signal).signingKey(ref, 'nobody'));
      await server.received(1);
      pass.abort();
      expect(isUnreachable(await asking)).toBe(true);
      await until(() => server.openConnections === 0);
    });

    test('is not asked while it was silent a moment ago', async () => {
      const client = asked();
      await server.close();
      await refusal(client.find(serviceAccounts, ref));
      await server.listen();
      const failure = await refusal(client.signingKey(ref, 'nobody'));
      expect(failure?.message).toBe('asking for a token of ServiceAccount default/s3-reader: Unreachable');
      expect(server.connections).toBe(0);
    });
  });

  test('has its connections closed when very many others of its namespace were asked for since, and not for those of another', async () => {
    server.answer(json(account));
    const known = clusters();
    const client = known.connect(kubeconfig(), place);
    await client.find(serviceAccounts, ref);
    for (let other = 0; other < 1000; other++) known.connect(nowhere, `other/${other}`);
    server.answer(json(account));
    await client.find(serviceAccounts, ref);
    for (let other = 0; other < 1000; other++) known.connect(nowhere, `team/${other}`);
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

  test('has the connections under its former CA closed when the CA is rotated', async () => {
    const { client, caFile } = await pod();
    const next = await TestCA.create();
    try {
      server.answer(json(account), json(account));
      await client.find(serviceAccounts, ref);
      await writeFile(caFile, `${ca.certificate}\n${next.certificate}`);
      await client.find(serviceAccounts, ref);
      expect(server.connections).toBe(2);
      await until(() => server.openConnections === 1);
    } finally {
      await next.remove();
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
