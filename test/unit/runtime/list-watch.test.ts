import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import type { Access } from '../../../src/runtime/access.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { ListWatch } from '../../../src/runtime/list-watch.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { list, refuse, ScriptedApiServer, watch } from '../../fakes/scripted-api-server.ts';

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

function run(access: () => Promise<Access>): void {
  const listWatch = new ListWatch({
    transport: new KubeTransport({ access: { get: access, renew: () => {} }, signal: stop.signal }),
    resource: oidcIssuers,
    handler: { changed: () => {}, deleted: () => {}, listing: () => {}, listed: () => {} },
    logger,
    clock,
    signal: stop.signal,
    random: () => 1,
  });
  running = listWatch.run();
}

async function backingOff(): Promise<void> {
  while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('back-offs are jittered, so that not all that watch come back at once', async () => {
  server.answer(refuse(403, 'Forbidden'));
  run(async () => ({ server: server.url, headers: {}, tls: {} }));
  await backingOff();
  await clock.advance(seconds(0.55) - 1);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  expect(clock.pending).toBe(0);
  await server.received(2);
});

test('a watch goes on where it ended when its credentials can be read again, with a back-off until then', async () => {
  const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '6' } } };
  server.answer(list('5', []), watch([bookmark], 'close'), watch([]));
  let reads = 0;
  const unreadable = [3, 4];
  run(async () => {
    reads++;
    if (unreadable.includes(reads)) throw new Error('EACCES: permission denied');
    return { server: server.url, headers: {}, tls: {} };
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
