import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  awsClusters,
  clusters,
  iamServiceAccounts,
  oidcIssuers,
  olderClusters,
  secrets,
  serviceAccounts,
} from '../../../src/api/resources.ts';
import type { AccessSource } from '../../../src/runtime/access.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import { HttpKubeClient } from '../../../src/runtime/http-kube-client.ts';
import {
  isConflict,
  isForbidden,
  isNotFound,
  isNotServed,
  isUnauthorized,
  isUnreachable,
  type KubeError,
} from '../../../src/runtime/kube-error.ts';
import { KubeTransport, type Timeouts } from '../../../src/runtime/kube-transport.ts';
import { watchStream } from '../../../src/runtime/watch-stream.ts';
import { FakeClock } from '../../fakes/clock.ts';
import {
  json,
  list,
  notServed,
  refuse,
  reset,
  ScriptedApiServer,
  stall,
  truncate,
  watch,
} from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

const ref = { namespace: 'org', name: 'abcl0' };
const named = (name: string) => ({ metadata: { namespace: 'org', name, resourceVersion: '5' } });
const issuer = { metadata: { ...ref, resourceVersion: '7' }, spec: {} };

let server: ScriptedApiServer;
let stop: AbortController;
const transports: KubeTransport[] = [];

beforeEach(async () => {
  server = await ScriptedApiServer.start();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(transports.splice(0).map((transport) => transport.close()));
  await server.close();
});

interface Options {
  readonly access?: AccessSource;
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: Clock;
}

function transportWith(options: Options = {}) {
  const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
  const transport = new KubeTransport({ access, signal: stop.signal, ...options });
  transports.push(transport);
  return transport;
}
const connect = (options?: Options) => new HttpKubeClient(transportWith(options));
const refusal = async (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as KubeError,
  );

describe('requests', () => {
  test('hundreds of calls go over few connections', async () => {
    const client = connect();
    for (let call = 0; call < 200; call++) {
      server.answer(json(issuer));
      await client.find(oidcIssuers, ref);
    }
    expect(server.requests).toHaveLength(200);
    expect(server.connections).toBeLessThan(5);
  });

  test('of several watches and many calls go over one pool: a connection for each watch, and few for all calls', async () => {
    const transport = transportWith();
    const client = new HttpKubeClient(transport);
    const [watches, atOnce] = [4, 8];
    const following = Array.from({ length: watches }, async () => {
      server.answer(watch([]));
      const events = watchStream(transport, oidcIssuers, { resourceVersion: '5', signal: stop.signal });
      await refusal(events.next());
    });
    await server.received(watches);
    const caller = async () => {
      for (let call = 0; call < 25; call++) {
        server.answer(json(issuer));
        await client.find(oidcIssuers, ref);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, caller));
    expect(server.requests).toHaveLength(watches + atOnce * 25);
    // A connection is free again only a moment after its call.
    expect(server.connections).toBeLessThanOrEqual(watches + 2 * atOnce);
    stop.abort();
    await Promise.all(following);
  });

  test('say what the API server needs: paths, content types and our field manager', async () => {
    const client = connect();
    const object = { metadata: ref, spec: { region: 'eu-central-1' } };
    server.answer(...Array.from({ length: 6 }, () => json(object)));
    await client.create(serviceAccounts, object);
    await client.apply(oidcIssuers, object, { force: true });
    await client.patch(oidcIssuers, ref, { spec: { suspend: null } });
    await client.patch(oidcIssuers, ref, { status: {} }, { subresource: 'status' });
    await client.delete(oidcIssuers, ref, { uid: 'u-1' });
    await client.find(secrets, { namespace: 'org', name: 'a/b' });

    const issuers = '/apis/irsa.giantswarm.io/v1alpha1/namespaces/org/oidcissuers';
    expect(server.requests.map(({ method, path, headers }) => [method, path, headers['content-type']])).toEqual([
      ['POST', '/api/v1/namespaces/org/serviceaccounts', 'application/json'],
      ['PATCH', `${issuers}/abcl0`, 'application/apply-patch+yaml'],
      ['PATCH', `${issuers}/abcl0`, 'application/merge-patch+json'],
      ['PATCH', `${issuers}/abcl0/status`, 'application/merge-patch+json'],
      ['DELETE', `${issuers}/abcl0`, 'application/json'],
      ['GET', '/api/v1/namespaces/org/secrets/a%2Fb', undefined],
    ]);
    expect(server.requests.map((request) => request.query)).toEqual([
      { fieldManager: 'irsa-operator' },
      { fieldManager: 'irsa-operator', force: 'true' },
      { fieldManager: 'irsa-operator' },
      { fieldManager: 'irsa-operator' },
      {},
      {},
    ]);
    expect(JSON.parse(server.requests[1]!.body)).toEqual({
      apiVersion: 'irsa.giantswarm.io/v1alpha1',
      kind: 'OIDCIssuer',
      ...object,
    });
    expect(server.requests[2]!.body).toBe('{"spec":{"suspend":null}}');
    expect(JSON.parse(server.requests[4]!.body)).toEqual({ preconditions: { uid: 'u-1' } });
  });

  test('keep the path of a server behind a gateway', async () => {
    const access = { get: async () => ({ server: `${server.url}/k8s/c1/`, headers: {}, tls: {} }), renew: () => {} };
    server.answer(json(issuer));
    await connect({ access }).find(serviceAccounts, ref);
    expect(server.requests[0]!.path).toBe('/k8s/c1/api/v1/namespaces/org/serviceaccounts/abcl0');
  });

  test('do not go through the proxy of the environment', async () => {
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' });
    try {
      server.answer(json(issuer));
      expect(await connect().find(oidcIssuers, ref)).toEqual(issuer);
    } finally {
      process.env = before;
    }
  });
});

test('a deletion can be of one version only', async () => {
  server.answer(json({}));
  await connect().delete(oidcIssuers, ref, { uid: 'u-1', resourceVersion: '7' });
  expect(JSON.parse(server.requests[0]!.body)).toEqual({ preconditions: { uid: 'u-1', resourceVersion: '7' } });
});

describe('reads', () => {
  test.each([
    ['has it', json({ resources: [{ name: 'oidcissuers/status' }, { name: 'oidcissuers' }] }), true],
    ['has others', json({ resources: [{ name: 'oidcissuers/status' }, null] }), false],
    ['is nonsense', json({ resources: 7 }), false],
    ['is not there', notServed, false],
  ])('tell whether a kind is served: the list of its version %s', async (_, answer, expected) => {
    server.answer(answer);
    expect(await connect().serves(oidcIssuers)).toBe(expected);
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/apis/irsa.giantswarm.io/v1alpha1' });
  });

  test('give the key set as the API server publishes it, in the only type that it serves it in', async () => {
    server.answer(json({ keys: [{ kid: 'a' }] }));
    expect(await connect().keySet()).toEqual({ keys: [{ kid: 'a' }] });
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/openid/v1/jwks' });
    expect(server.requests[0]?.headers.accept).toContain('application/jwk-set+json');
  });

  test('give the key that signs tokens now, by a token for ten minutes that is for nobody', async () => {
    const token = `${Buffer.from('{"alg":"RS256","kid":"a"}').toString('base64url')}.payload.signature`;
    server.answer(json({ kind: 'TokenRequest', status: { token } }, 201));
    expect(await connect().signingKey(ref, 'nobody')).toBe('a');
    const [{ method, path, body } = { method: '', path: '', body: '' }] = server.requests;
    expect([method, path]).toEqual(['POST', '/api/v1/namespaces/org/serviceaccounts/abcl0/token']);
    expect(JSON.parse(body)).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['nobody'], expirationSeconds: 600 },
    });
  });

  test('tell nothing of a token that comes in an answer that cannot be read', async () => {
    const half = (response: ServerResponse) => response.writeHead(201).end('{"status":{"token":"secret"');
    server.answer(half, refuse(403, 'Forbidden'));
    for (const expected of [/^asking for a token of ServiceAccount org\/abcl0: \w+$/, /token .*: 403 Forbidden$/]) {
      expect((await refusal(connect().signingKey(ref, 'nobody')))?.message).toMatch(expected);
    }
  });

  test('of an object that is not there give nothing', async () => {
    server.answer(refuse(404, 'NotFound'));
    expect(await connect().find(oidcIssuers, ref)).toBeUndefined();
  });

  test.each([
    ['in plain text', notServed],
    ['as a Status', refuse(404, 'NotFound')],
  ])('of a kind that need not be installed, and is not, give nothing: told %s', async (_how, answer) => {
    const client = connect();
    for (const kind of [awsClusters, clusters, olderClusters]) {
      server.answer(answer, answer);
      expect(await client.find(kind, ref)).toBeUndefined();
      expect(await client.list(kind)).toEqual([]);
    }
  });

  test('of a server that does not serve what it must are errors: nothing there looks gone', async () => {
    const client = connect();
    server.answer(notServed, notServed, refuse(404, 'NotFound'));
    const found = await refusal(client.find(serviceAccounts, ref));
    expect([isNotServed(found), isNotFound(found)]).toEqual([true, false]);
    expect(isNotServed(await refusal(client.list(iamServiceAccounts)))).toBe(true);
    expect((await refusal(client.list(iamServiceAccounts)))?.status).toBe(404);
    expect(server.requests).toHaveLength(3);
  });

  test('of a list take all pages, and say of each item what it is', async () => {
    server.answer(list('9', [named('a')], 'next'), list('9', [named('b')]));
    const items = await connect().list(oidcIssuers, { namespace: 'org' });
    expect(items.map((item) => [item.kind, item.metadata.name])).toEqual([
      ['OIDCIssuer', 'a'],
      ['OIDCIssuer', 'b'],
    ]);
    expect(server.requests.map((request) => request.query)).toEqual([
      { limit: '100' },
      { limit: '100', continue: 'next' },
    ]);
  });

  test('of a list are given only if they are to be kept', async () => {
    server.answer(list('9', [named('a'), named('b')], 'next'), list('9', [named('c'), named('a2')]));
    const items = await connect().list(oidcIssuers, { keep: ({ metadata }) => metadata.name.startsWith('a') });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'a2']);
  });

  test('of a list that expired half-way start again', async () => {
    server.answer(list('9', [named('a')], 'next'), refuse(410, 'Expired'));
    server.answer(list('9', [named('a')]));
    expect(await connect().list(oidcIssuers)).toHaveLength(1);
  });

  test.each([
    ['a reset', reset],
    ['a truncated body', truncate],
    ['a 500', refuse(500, 'InternalError')],
    ['a 429', refuse(429, 'TooManyRequests')],
  ])('are tried again after %s', async (_name, failure) => {
    server.answer(failure, json(issuer));
    expect(await connect().find(oidcIssuers, ref)).toEqual(issuer);
  });

  test('wait as long as the server asks', async () => {
    server.answer(refuse(429, 'TooManyRequests', { 'retry-after': '20' }), json(issuer));
    const clock = new FakeClock();
    const found = connect({ clock }).find(oidcIssuers, ref);
    await until(() => clock.pending > 0);
    await clock.advance(seconds(20) - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await found).toEqual(issuer);
  });

  test('wait no longer than the operator runs', async () => {
    server.answer(refuse(429, 'TooManyRequests', { 'retry-after': '20' }));
    const clock = new FakeClock();
    const error = refusal(connect({ clock }).find(oidcIssuers, ref));
    await until(() => clock.pending > 0);
    stop.abort();
    expect((await error)?.status).toBe(429);
    expect(clock.pending).toBe(0);
  });

  test('give up after three times', async () => {
    server.answer(...Array.from({ length: 4 }, () => refuse(503, 'ServiceUnavailable')));
    const error = await refusal(connect().find(oidcIssuers, ref));
    expect(error?.status).toBe(503);
    expect(server.requests).toHaveLength(3);
  });

  test('end at the deadline where the body stalls', async () => {
    server.answer(stall);
    const error = await refusal(connect({ timeouts: { call: 200 } }).find(oidcIssuers, ref));
    expect(isUnreachable(error)).toBe(true);
    expect(error?.message).toContain('reading OIDCIssuer org/abcl0');
  });

  test('end at the deadline where nothing is answered', async () => {
    expect(isUnreachable(await refusal(connect({ timeouts: { call: 200 } }).find(oidcIssuers, ref)))).toBe(true);
  });

  test.each([{}, [], 'hello', null, { metadata: 'none' }])(
    'answered by %j are of a server that is not there',
    async (answer) => {
      server.answer(json(answer), json(answer));
      for (const call of [connect().find(oidcIssuers, ref), connect().patch(oidcIssuers, ref, {})]) {
        const error = await refusal(call);
        expect(isUnreachable(error)).toBe(true);
        expect(error?.message).toMatch(/^(reading|patching) OIDCIssuer org\/abcl0: Unreachable$/);
      }
    },
  );

  test('of a server that is not there are unreachable', async () => {
    await server.close();
    expect(isUnreachable(await refusal(connect().find(oidcIssuers, ref)))).toBe(true);
  });
});

describe('a server that takes connections and says nothing, not even TLS', () => {
  test.each([
    ['the deadline', (call: Promise<unknown>) => call, 200],
    [
      'the end of the operator',
      async (call: Promise<unknown>) => {
        stop.abort();
        return call;
      },
      60_000,
    ],
  ] as const)('holds no call longer than %s, which comes before the connect has its time', async (_what, end, call) => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const access = {
      get: async () => ({ server: `https://127.0.0.1:${port}`, headers: {}, tls: {} }),
      renew: () => {},
    };
    const client = connect({ access, timeouts: { connect: 60_000, call } });
    const error = await refusal(end(client.find(oidcIssuers, ref)));
    expect(isUnreachable(error)).toBe(true);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('writes', () => {
  test('are not sent twice', async () => {
    const client = connect();
    server.answer(refuse(500, 'InternalError'), reset);
    expect((await refusal(client.create(oidcIssuers, issuer)))?.status).toBe(500);
    expect(isUnreachable(await refusal(client.patch(oidcIssuers, ref, {})))).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  test('are refused in a way that callers can tell apart', async () => {
    const client = connect();
    server.answer(refuse(409, 'Conflict'), refuse(403, 'Forbidden'), refuse(404, 'NotFound'), notServed);
    expect(isConflict(await refusal(client.patch(oidcIssuers, ref, {})))).toBe(true);
    const forbidden = await refusal(client.create(oidcIssuers, issuer));
    expect(isForbidden(forbidden)).toBe(true);
    expect(forbidden?.message).toBe('creating OIDCIssuer org/abcl0: 403 Forbidden Forbidden by the script');
    await client.delete(oidcIssuers, ref);
    expect(isNotServed(await refusal(client.delete(oidcIssuers, ref)))).toBe(true);
  });

  test('of a Secret leave no word of the server in the error, which may quote it', async () => {
    server.answer(json({ reason: 'Invalid', message: 'invalid value: "-----BEGIN PRIVATE KEY"' }, 422));
    const error = await refusal(connect().create(secrets, { metadata: ref, data: { key: 'c2VjcmV0' } }));
    expect(error?.message).toBe('creating Secret org/abcl0: 422 Invalid');
  });

  test('end when the operator stops', async () => {
    const call = refusal(connect().create(oidcIssuers, issuer));
    await server.received(1);
    stop.abort();
    expect(isUnreachable(await call)).toBe(true);
  });
});

describe('credentials', () => {
  function rotating(tokens: string[]): AccessSource {
    let current = tokens.shift();
    return {
      get: async () => ({ server: server.url, headers: { Authorization: `Bearer ${current}` }, tls: {} }),
      renew: () => (current = tokens.shift()),
    };
  }

  test('that do not come hold no call longer than the operator runs', async () => {
    const access: AccessSource = { get: () => new Promise(() => {}), renew: () => {} };
    const call = refusal(connect({ access }).create(oidcIssuers, issuer));
    stop.abort();
    expect(isUnreachable(await call)).toBe(true);
  });

  test('that are not accepted are read again once, for writes too', async () => {
    server.answer(refuse(401, 'Unauthorized'), json({}));
    await connect({ access: rotating(['old', 'new']) }).create(oidcIssuers, issuer);
    expect(server.requests.map((request) => request.headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  test('that are still not accepted end the call, and stand in no error', async () => {
    server.answer(refuse(401, 'Unauthorized'), refuse(401, 'Unauthorized'));
    const error = await refusal(connect({ access: rotating(['old', 'new', 'newer']) }).find(oidcIssuers, ref));
    expect(isUnauthorized(error)).toBe(true);
    expect(server.requests).toHaveLength(2);
    expect(JSON.stringify([error?.message, error])).not.toMatch(/Bearer|old|new/);
  });

  test('that cannot be read are an error of the call', async () => {
    const access = {
      get: () => Promise.reject(new Error('ENOENT: no such file, open token')),
      renew: () => {},
    };
    const error = await refusal(connect({ access }).create(oidcIssuers, issuer));
    expect(error?.message).toBe('creating OIDCIssuer org/abcl0: ENOENT: no such file, open token');
  });
});
