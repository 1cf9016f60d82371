import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { type NamespacedName, oidcIssuers } from '../../../src/api/resources.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import { Informer, type Change } from '../../../src/runtime/informer.ts';
import { KubeTransport, type Timeouts } from '../../../src/runtime/kube-transport.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import {
  json,
  list,
  notServed,
  refuse,
  reset,
  ScriptedApiServer,
  truncate,
  watch,
  type Answer,
  type Named,
} from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

type Issuer = KubernetesObject & { readonly spec?: { readonly region?: string } };

let server: ScriptedApiServer;
let stop: AbortController;
let clock: FakeClock;
let logger: FakeLogger;
let ended: (() => Promise<void>)[];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

beforeEach(async () => {
  server = await ScriptedApiServer.start();
  stop = new AbortController();
  clock = new FakeClock();
  logger = new FakeLogger();
  ended = [];
  unhandled.length = 0;
  process.on('unhandledRejection', onUnhandled);
});
afterEach(async () => {
  stop.abort();
  await Promise.all(ended.map((end) => end()));
  await server.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const issuer = (name: string, resourceVersion: string, region = 'eu-central-1'): Named => ({
  metadata: { name, namespace: 'org', resourceVersion, generation: 1 },
  spec: { region },
});
const added = (object: Named) => ({ type: 'ADDED', object });
const modified = (object: Named) => ({ type: 'MODIFIED', object });
const removed = (object: Named) => ({ type: 'DELETED', object });
const bookmark = (resourceVersion: string) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };

/** An informer with one trigger that looks at the region. */
function start(timeouts: Partial<Timeouts> = {}, concerns: (ref: NamespacedName) => boolean = () => true) {
  const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
  const transport = new KubeTransport({ access, signal: stop.signal, timeouts: { call: 2000, ...timeouts } });
  const informer = new Informer<Issuer>({ transport, resource: oidcIssuers, logger, clock, signal: stop.signal });
  const changes: string[] = [];
  const tell = ({ ref, selected, kind }: Change<unknown>) =>
    changes.push(`${kind} ${ref.namespace}/${ref.name} ${String(selected)}`);
  const known = informer.on({ select: (object) => object.spec?.region ?? '', changed: tell, concerns });
  informer.start();
  ended.push(async () => {
    await informer.stopped();
    await transport.close();
  });
  return { informer, changes, known };
}

/** Lets back-offs pass until the server has heard that many requests. */
async function requests(count: number) {
  await until(() => {
    if (server.requests.length < count && clock.pending > 0) void clock.advance(seconds(40));
    return server.requests.length >= count;
  });
  return server.requests.map(({ query }) => (query['watch'] ? `watch ${query['resourceVersion']}` : 'list'));
}

describe('following a kind', () => {
  test('tells what is there, page by page, then what changes, and keeps only what was selected', async () => {
    server.answer(list('5', [issuer('a', '3')], 'more'), list('5', [issuer('b', '4')]));
    server.answer(watch([added(issuer('c', '6')), modified(issuer('a', '7', 'us-east-1')), removed(issuer('b', '8'))]));
    const { changes, known } = start();
    await until(() => changes.length === 5);
    expect(changes).toEqual([
      'initial org/a eu-central-1',
      'initial org/b eu-central-1',
      'changed org/c eu-central-1',
      'changed org/a us-east-1',
      'deleted org/b eu-central-1',
    ]);
    expect([...known]).toEqual([
      [{ namespace: 'org', name: 'a' }, 'us-east-1'],
      [{ namespace: 'org', name: 'c' }, 'eu-central-1'],
    ]);
    const [first, second, third] = server.requests.map((request) => request.query);
    expect(first).toEqual({ limit: '100' });
    expect(second).toEqual({ limit: '100', continue: 'more' });
    expect(third).toMatchObject({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '5' });
  });

  test('keeps nothing of objects that do not concern the trigger, also of one that concerned it before', async () => {
    const concerned = new Set(['a']);
    server.answer(list('5', [issuer('a', '3'), issuer('b', '4')]));
    const events = Promise.withResolvers<ServerResponse>();
    server.answer((response, request) => {
      watch([])(response, request);
      events.resolve(response);
    });
    const { changes, known } = start({}, ({ name }) => concerned.has(name));
    const response = await events.promise;
    const send = (object: Named) => response.write(`${JSON.stringify(modified(object))}\n`);
    expect([...known].map(([{ name }]) => name)).toEqual(['a']);
    concerned.delete('a');
    concerned.add('b');
    send(issuer('a', '6', 'us-east-1'));
    send(issuer('b', '7'));
    await until(() => changes.length === 2);
    expect(changes).toEqual(['initial org/a eu-central-1', 'changed org/b eu-central-1']);
    expect([...known].map(([{ name }]) => name)).toEqual(['b']);
  });

  test('drops events that change nothing of what was selected', async () => {
    server.answer(list('5', [issuer('a', '3')]), watch([modified(issuer('a', '6')), added(issuer('z', '7'))]));
    const { changes } = start();
    await until(() => changes.includes('changed org/z eu-central-1'));
    expect(changes).toHaveLength(2);
  });

  test('tells which objects ask for something: what is new, what is to go, and what its status does not answer', async () => {
    const of = (name: string, observedGeneration?: number, deletionTimestamp?: string): Named => ({
      metadata: { name, namespace: 'org', resourceVersion: '5', generation: 2, deletionTimestamp },
      status: { observedGeneration },
    });
    server.answer(
      list('5', [
        // The API server gives each object of our kinds a status from the beginning.
        of('untouched', -1),
        of('edited', 1),
        of('well', 2),
        of('leaving', 2, '2030-01-01T00:00:00Z'),
        of('not ours'),
        of('not ours and leaving', undefined, '2030-01-01T00:00:00Z'),
      ]),
      watch([
        modified(of('well', 2)),
        modified(of('not ours')),
        modified(of('well', 1)),
        added(of('new and not ours')),
        modified(of('new and not ours')),
        modified(of('not ours', undefined, '2030-01-01T00:00:00Z')),
        added(of('last', -1)),
      ]),
    );
    const pending: string[] = [];
    const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
    const transport = new KubeTransport({ access, signal: stop.signal });
    const informer = new Informer<Issuer>({ transport, resource: oidcIssuers, logger, clock, signal: stop.signal });
    let count = 0;
    informer.on({
      // Each event is told.
      select: () => ++count,
      changed: (change) => void (change.pending && pending.push(change.ref.name)),
    });
    informer.start();
    ended.push(() => informer.stopped());
    await until(() => pending.includes('last'));
    const listed = ['untouched', 'edited', 'leaving', 'not ours and leaving'];
    expect(pending).toEqual([...listed, 'well', 'new and not ours', 'not ours', 'last']);
  });

  test('takes an event that arrives in pieces, and characters cut in two', async () => {
    const line = `${JSON.stringify(added(issuer('a', '6', 'zürich')))}\n`;
    const bytes = Buffer.from(line);
    const cut = bytes.indexOf(Buffer.from('ü')) + 1;
    const slow: Answer = (response) => {
      response.writeHead(200).write(bytes.subarray(0, cut));
      setTimeout(() => response.write(bytes.subarray(cut)), 30);
    };
    server.answer(list('5', []), slow);
    const { changes } = start();
    await until(() => changes.length === 1);
    expect(changes).toEqual(['changed org/a zürich']);
  });

  test('a bookmark moves the version from which the next watch goes on', async () => {
    server.answer(list('5', []), watch([bookmark('90')], 'close'), watch([]));
    start();
    expect(await requests(3)).toEqual(['list', 'watch 5', 'watch 90']);
  });

  test('goes on from the last event after a clean close, without a new list', async () => {
    server.answer(list('5', []), watch([added(issuer('a', '6'))], 'close'), watch([]));
    start();
    expect(await requests(3)).toEqual(['list', 'watch 5', 'watch 6']);
  });

  test('one trigger that throws keeps neither the watch nor another trigger from going on', async () => {
    server.answer(list('5', [issuer('a', '3')]), watch([added(issuer('b', '6'))]));
    const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
    const transport = new KubeTransport({ access, signal: stop.signal });
    const informer = new Informer<Issuer>({ transport, resource: oidcIssuers, logger, clock, signal: stop.signal });
    const heard: string[] = [];
    informer.on({
      select: () => 1,
      changed: () => {
        throw new Error('listener bug');
      },
    });
    informer.on({ select: () => 1, changed: ({ ref }) => heard.push(ref.name) });
    informer.start();
    ended.push(() => informer.stopped());
    await until(() => heard.length === 2);
    expect(heard).toEqual(['a', 'b']);
    expect(logger.lines.filter((line) => line.message === 'a listener failed')).toHaveLength(2);
  });
});

describe('trouble', () => {
  test.each([
    ['as HTTP status', refuse(410, 'Expired')],
    ['as an event', watch([expired])],
  ])(
    'a version that is too old, told %s, leads to a new list, which tells what went meanwhile',
    async (_how, answer) => {
      server.answer(list('5', [issuer('a', '3'), issuer('b', '4')]), answer, list('9', [issuer('b', '4')]), watch([]));
      const { changes } = start();
      expect(await requests(4)).toEqual(['list', 'watch 5', 'list', 'watch 9']);
      expect(changes.slice(2)).toEqual(['deleted org/a eu-central-1']);
    },
  );

  test('what came with a watch, or with a list that broke off, and went unseen is told by the next list', async () => {
    server.answer(list('5', []), watch([added(issuer('a', '6')), expired]));
    server.answer(list('7', [issuer('b', '7')], 'more'), refuse(410, 'Expired'));
    server.answer(list('9', []), watch([]));
    const { changes } = start();
    await requests(6);
    expect(changes).toEqual([
      'changed org/a eu-central-1',
      'changed org/b eu-central-1',
      'deleted org/a eu-central-1',
      'deleted org/b eu-central-1',
    ]);
  });

  test.each<[string, Answer]>([
    ['a 500', refuse(500, 'InternalError')],
    ['a 403', refuse(403, 'Forbidden')],
    ['a reset before the answer', reset],
    ['a reset in the middle', watch([bookmark('5')], 'reset')],
    ['another ERROR event', watch([{ type: 'ERROR', object: { code: 500, reason: 'InternalError' } }])],
  ])('%s is followed by a new watch from the same version, after a back-off', async (_what, failure) => {
    server.answer(list('5', []), failure, watch([added(issuer('a', '6'))]));
    const { changes } = start();
    await until(() => clock.pending > 0);
    expect(server.requests).toHaveLength(2);
    expect(await requests(3)).toEqual(['list', 'watch 5', 'watch 5']);
    await until(() => changes.length === 1);
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn watch broke off',
      'info watching again',
    ]);
  });

  test('a line that is no JSON is followed by a list, for it would come again, after a back-off', async () => {
    server.answer(list('5', []), watch(['{"type":"ADDED","obj']), list('6', [issuer('a', '6')]), watch([]));
    const { changes } = start();
    await until(() => clock.pending > 0);
    expect(server.requests).toHaveLength(2);
    expect(await requests(4)).toEqual(['list', 'watch 5', 'list', 'watch 6']);
    expect(changes).toEqual(['changed org/a eu-central-1']);
  });

  test('a list that fails is tried again, and nobody is told of deletions', async () => {
    server.answer(list('5', [issuer('a', '3')]), refuse(410, 'Expired'));
    server.answer(list('7', [], 'more'), truncate, truncate, truncate);
    server.answer(list('8', [issuer('a', '3')]), watch([]));
    const { changes } = start();
    expect(await requests(8)).toEqual(['list', 'watch 5', 'list', 'list', 'list', 'list', 'list', 'watch 8']);
    expect(changes).toEqual(['initial org/a eu-central-1']);
  });

  test('a watch that falls silent is given up', async () => {
    server.answer(list('5', []), watch([]), watch([]));
    start({ silence: 100 });
    expect(await requests(3)).toEqual(['list', 'watch 5', 'watch 5']);
  });

  test('a watch that only bookmarks keep alive outlives the deadline of a call and the time of silence', async () => {
    const chatty: Answer = (response) => {
      response.writeHead(200);
      let version = 5;
      const timer = setInterval(() => {
        const last = ++version === 25;
        const event = last ? added(issuer('a', String(version))) : bookmark(String(version));
        response.write(`${JSON.stringify(event)}\n`);
        if (last) clearInterval(timer);
      }, 125);
    };
    server.answer(list('5', []), chatty);
    const { changes } = start({ call: 2000, silence: 2000 });
    await until(() => changes.length === 1);
    expect(server.requests).toHaveLength(2);
    expect(logger.lines).toEqual([]);
  });

  test('a server that closes at once, again and again, is left more and more time', async () => {
    server.answer(list('5', []), ...Array.from({ length: 6 }, () => watch([], 'close')));
    start();
    const waits: number[] = [];
    for (let count = 3; count <= 7; count++) {
      await until(() => clock.pending > 0);
      const before = clock.now().getTime();
      while (server.requests.length < count && clock.pending > 0) await clock.advance(50);
      waits.push(clock.now().getTime() - before);
      await until(() => server.requests.length >= count);
    }
    for (const [index, wait] of waits.slice(1).entries()) expect(wait).toBeGreaterThan(waits[index]! * 1.5);
  });

  test('a 429 is left alone as long as it asks', async () => {
    server.answer(list('5', []), refuse(429, 'TooManyRequests', { 'retry-after': '20' }), watch([]));
    start();
    await until(() => clock.pending > 0);
    await clock.advance(seconds(19));
    // What it waits for is still to come, so nothing was sent.
    expect(clock.pending).toBe(1);
    expect(server.requests).toHaveLength(2);
    await clock.advance(seconds(1));
    await server.received(3);
  });

  test.each([
    ['in plain text', notServed],
    ['as a Status', refuse(404, 'NotFound')],
  ])(
    'a kind that is not installed, told %s, is asked for ever less often, and complained about once',
    async (_how, answer) => {
      const refusals = 10;
      for (let refused = 0; refused < refusals; refused++) server.answer(answer);
      server.answer(list('5', [issuer('a', '3')]), watch([]));
      const { changes } = start();
      for (let asked = 1; asked <= refusals; asked++) {
        await server.received(asked);
        await until(() => clock.pending > 0);
        if (asked === refusals) {
          await clock.advance(seconds(20));
          expect(server.requests).toHaveLength(refusals);
        }
        await clock.advance(seconds(40));
      }
      await until(() => changes.length === 1);
      expect(logger.lines.filter((line) => line.level === 'warn').map((line) => line.message)).toEqual([
        'the kind is not installed',
      ]);
    },
  );

  test('the API server goes away and comes back', async () => {
    server.answer(list('5', []), watch([]));
    const { changes } = start();
    await server.received(2);
    await server.close();
    await until(() => clock.pending > 0);
    await clock.advance(seconds(40));
    await server.listen();
    server.answer(watch([added(issuer('a', '6'))]));
    expect(await requests(3)).toEqual(['list', 'watch 5', 'watch 5']);
    await until(() => changes.length === 1);
  });
});

describe('stopping', () => {
  test('during a list opens no watch', async () => {
    const { informer } = start();
    await server.received(1);
    stop.abort();
    await informer.stopped();
    expect(server.requests).toHaveLength(1);
    expect(logger.lines).toEqual([]);
  });

  test('during a watch closes it', async () => {
    server.answer(list('5', []), watch([]));
    const { informer } = start();
    await server.received(2);
    stop.abort();
    await informer.stopped();
    await until(() => server.openConnections <= 1);
    expect(server.requests).toHaveLength(2);
  });

  test('during a back-off ends it', async () => {
    server.answer(list('5', []), refuse(500, 'InternalError'));
    const { informer } = start();
    await until(() => clock.pending > 0);
    stop.abort();
    await informer.stopped();
    expect(clock.pending).toBe(0);
    expect(server.requests).toHaveLength(2);
  });
});

test('a list of another shape is an error like any other', async () => {
  server.answer(json({ hello: 'world' }), list('5', []), watch([]));
  start();
  expect(await requests(3)).toEqual(['list', 'list', 'watch 5']);
});
