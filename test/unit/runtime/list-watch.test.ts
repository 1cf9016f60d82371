import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { awsClusters, guardrails, oidcIssuers, type Resource } from '../../../src/api/resources.ts';
import type { Access } from '../../../src/runtime/access.ts';
import { hours, minutes, seconds } from '../../../src/runtime/duration.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { ListWatch } from '../../../src/runtime/list-watch.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { type Answer, json, list, refuse, ScriptedApiServer, watch } from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

let server: ScriptedApiServer;
let stop: AbortController;
let clock: FakeClock;
let logger: FakeLogger;
let running: Promise<void>;

beforeEach(async () => {
  server = await ScriptedApiServer.start();
  stop = new AbortController();
  clock = new FakeClock();
  logger = new FakeLogger();
});
afterEach(async () => {
  stop.abort();
  await running;
  await server.close();
});

let changed: KubernetesObject[];

function run(access: () => Promise<Access>, resource: Resource = oidcIssuers, act: () => void = () => undefined): void {
  changed = [];
  const listWatch = new ListWatch<KubernetesObject>({
    transport: new KubeTransport({ access: { get: access, renew: () => {} }, signal: stop.signal }),
    resource,
    handler: {
      changed: (object) => {
        changed.push(object);
        act();
      },
      deleted: () => {},
      listing: () => {},
      listed: () => {},
    },
    logger,
    clock,
    signal: stop.signal,
    random: () => 1,
  });
  running = listWatch.run();
}

const backingOff = () => until(() => clock.pending > 0);
const reachable = async () => ({ server: server.url, headers: {}, tls: {} });

test('back-offs are jittered, so that not all that watch come back at once', async () => {
  server.answer(refuse(403, 'Forbidden'));
  run(reachable);
  await backingOff();
  await clock.advance(seconds(0.55) - 1);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  expect(clock.pending).toBe(0);
  await server.received(2);
});

test('a kind that need not be installed, and that the operator may not read, is complained about once and asked for again', async () => {
  server.answer(refuse(403, 'Forbidden'), refuse(403, 'Forbidden'), list('5', []), watch([]));
  run(reachable, awsClusters);
  for (let answers = 1; answers <= 2; answers++) {
    await backingOff();
    await clock.advance(minutes(1));
  }
  await server.received(4);
  const complaints = logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(complaints).toEqual(['the kind may not be read, and so is left alone']);
});

test('a watch goes on where it ended when its credentials can be read again, with a back-off until then', async () => {
  server.answer(list('5', []), watch([bookmark('6')], 'close'), watch([]));
  let reads = 0;
  const unreadable = [3, 4];
  run(async () => {
    reads++;
    if (unreadable.includes(reads)) throw new Error('EACCES: permission denied');
    return reachable();
  });
  for (const read of unreadable) {
    await backingOff();
    expect(reads).toBe(read);
    await clock.advance(seconds(2));
  }
  await server.received(3);
  expect(server.requests[2]?.query).toMatchObject({ watch: 'true', resourceVersion: '6' });
  expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'warn watch broke off',
    'debug watch broke off',
  ]);
});

test('a server that asks for a day is asked again after a minute', async () => {
  const day = String(hours(24) / 1000);
  server.answer(list('5', []), refuse(503, 'ServiceUnavailable', { 'retry-after': day }), watch([]));
  run(reachable);
  await backingOff();
  await clock.advance(minutes(1) - 1);
  expect(server.requests).toHaveLength(2);
  await clock.advance(1);
  await server.received(3);
});

const bookmark = (resourceVersion: string) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };

test('a server that ends each watch after one event is asked again after more and more time', async () => {
  server.answer(list('5', []));
  for (let version = 6; version < 11; version++) server.answer(watch([bookmark(`${version}`)], 'close'));
  run(reachable);
  // The first end of a watch is nothing special, so a second watch follows at once.
  await server.received(3);
  for (const wait of [1.1, 2.2, 4.4]) {
    await backingOff();
    await clock.advance(seconds(wait) - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
  }
  await server.received(6);
});

test('a server that says after one event that the version is too old is asked for a list after more and more time', async () => {
  for (let round = 0; round < 5; round++) server.answer(list('5', []), watch([bookmark('6'), expired]));
  run(reachable);
  await server.received(4);
  for (const wait of [1.1, 2.2, 4.4]) {
    await backingOff();
    await clock.advance(seconds(wait) - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
  }
  await server.received(10);
});

test('a watch that stood for a while before it ended is followed by the next at once, whatever was before', async () => {
  const [good, next] = [Promise.withResolvers<ServerResponse>(), Promise.withResolvers<ServerResponse>()];
  const open =
    ({ resolve }: PromiseWithResolvers<ServerResponse>): Answer =>
    (response, request) => {
      watch([])(response, request);
      resolve(response);
    };
  server.answer(
    list('5', []),
    watch([bookmark('6')], 'close'),
    watch([bookmark('7')], 'close'),
    open(good),
    open(next),
  );
  run(reachable);
  await backingOff();
  await clock.advance(seconds(1.1));
  const response = await good.promise;
  response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  await until(() => changed.length === 1);
  await clock.advance(seconds(5));
  response.end();
  await next.promise;
});

const object = { metadata: { namespace: 'org', name: 'a', resourceVersion: '6' } };
const without = (field: string) => ({ metadata: { ...object.metadata, [field]: undefined } });

test.each([
  ['null', 'null'],
  ['a number', '5'],
  ['a list', '[{"type":"ADDED"}]'],
  ['an event without an object', '{"type":"ADDED"}'],
  ['an event without a type', JSON.stringify({ object })],
  ['an event of a type that is none', { type: 'RENAMED', object }],
  ['an error without an object', { type: 'ERROR', object: null }],
  ['an object without metadata', { type: 'MODIFIED', object: {} }],
  ['an object whose metadata is null', { type: 'ADDED', object: { metadata: null } }],
  ['an object without a version', { type: 'ADDED', object: without('resourceVersion') }],
  ['an object without a name', { type: 'MODIFIED', object: without('name') }],
  ['an object without a namespace', { type: 'DELETED', object: without('namespace') }],
  ['a bookmark without a version', { type: 'BOOKMARK', object: { metadata: {} } }],
])('%s in a watch, again and again, is followed by a list after more and more time', async (_what, line) => {
  for (let round = 0; round < 4; round++) server.answer(list('5', []), watch([line]));
  run(reachable);
  for (const wait of [0.55, 1.1, 2.2]) {
    await backingOff();
    await clock.advance(seconds(wait) - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
  }
  await server.received(8);
  expect(server.requests.map(({ query }) => (query['watch'] ? 'watch' : 'list'))).toEqual(
    Array.from({ length: 4 }, () => ['list', 'watch']).flat(),
  );
  await backingOff();
  expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test.each([
  ['objects without anything', Array.from({ length: 100 }, () => ({}))],
  ['more objects than were asked for', Array.from({ length: 101 }, () => object)],
  ['an object without a name among others', [object, without('name')]],
  ['an object without a namespace', [without('namespace')]],
  [
    'an object with a name as long as nobody can give it',
    [{ metadata: { ...object.metadata, name: 'x'.repeat(254) } }],
  ],
  ['what is no object', [null]],
  ['what is no list', 'text'],
])(
  'a page of %s is refused as a whole: one line of the log, and a list after more and more time',
  async (_what, items) => {
    for (let round = 0; round < 3; round++) server.answer(json({ metadata: { resourceVersion: '5' }, items }));
    run(reachable);
    for (const wait of [0.55, 1.1]) {
      await backingOff();
      await clock.advance(seconds(wait) - 1);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
    }
    await server.received(3);
    await backingOff();
    expect(changed).toEqual([]);
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn watch broke off',
      'debug watch broke off',
      'debug watch broke off',
    ]);
  },
);

test('a listener that fails for each object of a list is told of once, and hears of all', async () => {
  const all = ['a', 'b', 'c'].map((name) => ({ metadata: { ...object.metadata, name } }));
  server.answer(list('5', all.slice(0, 2), 'more'), list('5', all.slice(2)), watch([{ type: 'ADDED', object }]));
  const fails = () => {
    throw new Error('by the test');
  };
  run(reachable, oidcIssuers, fails);
  await until(() => changed.length === 4);
  await until(() => logger.lines.length > 1);
  expect(logger.lines.map(({ message }) => message)).toEqual(['a listener failed', 'a listener failed']);
});

test('a watch of a cluster-scoped kind brings its objects, which are in no namespace', async () => {
  const guardrail = { metadata: { name: 'team-a', resourceVersion: '6' } };
  server.answer(list('5', []), watch([{ type: 'ADDED', object: guardrail }]));
  run(reachable, guardrails);
  await until(() => changed.length > 0);
  expect(changed.map(({ metadata }) => metadata.name)).toEqual(['team-a']);
  expect(logger.lines).toEqual([]);
});

test("kubectl's copy of an object and the managers of its fields are left out of lists and watches, and nothing else", async () => {
  const copied = (name: string, managedFields?: object[]) => ({
    metadata: {
      namespace: 'org',
      name,
      resourceVersion: '6',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'a' },
      ...(managedFields && { managedFields }),
      labels: { tier: 'front' },
    },
    spec: { region: 'eu-central-1' },
  });
  const managed = [{ manager: 'kubectl' }];
  server.answer(
    list('5', [copied('listed', managed), copied('managed by nobody')]),
    watch([{ type: 'ADDED', object: copied('watched', managed) }]),
  );
  run(reachable);
  await until(() => changed.length === 3);
  expect(changed.map(({ metadata, ...rest }) => ({ metadata, spec: 'spec' in rest && rest.spec }))).toEqual(
    ['listed', 'managed by nobody', 'watched'].map((name) => ({
      metadata: { namespace: 'org', name, resourceVersion: '6', annotations: { team: 'a' }, labels: { tier: 'front' } },
      spec: { region: 'eu-central-1' },
    })),
  );
});
