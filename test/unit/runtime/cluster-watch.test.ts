import { expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { serviceAccountMetadata } from '../../../src/api/resources.ts';
import { ClusterWatch } from '../../../src/runtime/cluster-watch.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { list, ScriptedApiServer, watch } from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

test('each who follows a cluster hears under its own name, until nobody called it by that name for a quarter of an hour', async () => {
  const server = await ScriptedApiServer.start();
  const { signal, abort } = bound(new AbortController());
  const clock = new FakeClock();
  const heard: string[] = [];
  const clusterWatch = new ClusterWatch({
    transport: new KubeTransport({
      access: { get: () => Promise.resolve({ server: server.url, headers: {}, tls: {} }), renew: () => undefined },
      signal,
    }),
    followed: {
      resource: serviceAccountMetadata,
      select: ({ metadata }) => metadata.resourceVersion,
      concerns: (place) => place.startsWith('team/'),
      changed: (place, { ref: { name } }) => heard.push(`${place} ${name}`),
    },
    logger: new FakeLogger(),
    clock,
    signal,
    resync: minutes(5),
  });
  const opened = Promise.withResolvers<ServerResponse>();
  server.answer(list('5', []), (response, request) => {
    watch([])(response, request);
    opened.resolve(response);
  });
  for (const place of ['team/abcl0', 'team/former']) clusterWatch.follow(place);
  const stream = await opened.promise;
  const send = (name: string) =>
    stream.write(
      `${JSON.stringify({ type: 'ADDED', object: { metadata: { namespace: 'n', name, resourceVersion: '6' } } })}\n`,
    );
  send('first');
  await until(() => heard.length === 2);
  await clock.advance(minutes(14));
  clusterWatch.follow('team/abcl0');
  await clock.advance(minutes(1));
  send('second');
  await until(() => heard.length === 3);
  expect(heard).toEqual(['team/abcl0 first', 'team/former first', 'team/abcl0 second']);
  expect(server.requests).toHaveLength(2);
  abort();
  await server.close();
});

const bound = (controller: AbortController) => ({ signal: controller.signal, abort: () => controller.abort() });
