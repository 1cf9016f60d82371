import { expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { hours, minutes, seconds } from '../../../src/runtime/duration.ts';
import { KubeEvents } from '../../../src/runtime/events.ts';
import type { DesiredObject } from '../../../src/runtime/kube-client.ts';
import { HttpKubeClient } from '../../../src/runtime/http-kube-client.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { json, ScriptedApiServer } from '../../fakes/scripted-api-server.ts';

const ref = { namespace: 'org', name: 'abcl0' };
const denied = { type: 'Warning', reason: 'AccessDenied', message: 'iam:CreateRole is missing' } as const;

class RecordingKube extends FakeKube {
  readonly created: DesiredObject[] = [];
  override async create(...[resource, object]: Parameters<FakeKube['create']>) {
    this.created.push(object);
    await super.create(resource, object);
  }
}

function world() {
  const clock = new FakeClock('2030-01-01T00:00:00.123Z');
  const kube = new RecordingKube(clock);
  const logger = new FakeLogger();
  const events = new KubeEvents({ client: kube, clock, logger, instance: 'irsa-operator-0' });
  const object = kube.seed(oidcIssuers, { metadata: ref, spec: {} });
  return { clock, events, kube, logger, object };
}

test('an event has all that events.k8s.io/v1 asks for, its time in microseconds', async () => {
  const { events, kube, object } = world();
  events.record(object, denied);
  await events.flushed();
  expect(kube.created).toEqual([
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'org', name: expect.stringMatching(/^abcl0\.[0-9a-f]{16}$/) },
      eventTime: '2030-01-01T00:00:00.123000Z',
      type: 'Warning',
      reason: 'AccessDenied',
      action: 'Reconcile',
      note: 'iam:CreateRole is missing',
      regarding: {
        apiVersion: 'irsa.giantswarm.io/v1alpha1',
        kind: 'OIDCIssuer',
        ...ref,
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      reportingController: 'irsa-operator',
      reportingInstance: 'irsa-operator-0',
    },
  ]);
});

test('the same words about the same object are sent once an hour, other words at once', async () => {
  const { clock, events, kube, object } = world();
  events.record(object, denied);
  events.record(object, denied);
  events.record(object, { ...denied, message: 'iam:TagRole is missing' });
  expect(kube.events).toHaveLength(2);
  await clock.advance(hours(1) - 1);
  events.record(object, denied);
  expect(kube.events).toHaveLength(2);
  await clock.advance(1);
  events.record(object, denied);
  expect(kube.events).toHaveLength(3);
});

test('its time and the rest reach the API server as they stand', async () => {
  const server = await ScriptedApiServer.start();
  const stop = new AbortController();
  const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
  const transport = new KubeTransport({ access, signal: stop.signal });
  try {
    const { clock, logger, object } = world();
    const client = new HttpKubeClient(transport);
    const events = new KubeEvents({ client, clock, logger, instance: 'irsa-operator-0' });
    server.answer(json({}, 201));
    events.record(object, denied);
    await events.flushed();
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/org/events' });
    const body = JSON.parse(request!.body) as Readonly<Record<string, unknown>>;
    expect(body).toMatchObject({ apiVersion: 'events.k8s.io/v1', kind: 'Event', eventTime: expect.any(String) });
    // MicroTime has exactly six digits: 2006-01-02T15:04:05.000000Z07:00
    expect(body['eventTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  } finally {
    stop.abort();
    await transport.close();
    await server.close();
  }
});

test('an event that fails in passing is sent again, under the same name and with its own time', async () => {
  const { clock, events, kube, object } = world();
  for (const status of [undefined, 500, 429]) kube.failNext('create', new KubeError('in passing', status, undefined));
  events.record(object, denied);
  await clock.advance(seconds(8));
  expect(kube.created).toHaveLength(1);
  await clock.advance(seconds(40));
  expect(kube.events).toMatchObject([{ reason: 'AccessDenied' }]);
  expect(kube.created).toHaveLength(4);
  for (const again of kube.created) expect(again).toEqual(kube.created[0]);
  expect(clock.pending).toBe(0);
});

test('an event that arrived, and whose answer did not, is sent once', async () => {
  const { clock, events, kube, logger, object } = world();
  kube.failNext('create', new KubeError('no answer', undefined, undefined), { tookEffect: true });
  events.record(object, denied);
  await clock.advance(minutes(5));
  expect(kube.created).toHaveLength(2);
  expect(kube.events).toHaveLength(1);
  expect(logger.lines).toEqual([]);
});

test('an event is given up after a minute, can be said again then, and no log is louder than debug', async () => {
  const { clock, events, kube, logger, object } = world();
  for (let attempt = 0; attempt < 6; attempt++) kube.failNext('create', new KubeError('away', 503, undefined));
  events.record(object, denied);
  await clock.advance(minutes(5));
  expect(kube.created).toHaveLength(6);
  expect(kube.events).toEqual([]);
  expect(logger.lines).toMatchObject([{ level: 'debug', message: 'lost an event', reason: 'AccessDenied' }]);
  events.record(object, denied);
  expect(kube.events).toHaveLength(1);
});

test.each([403, 404, 422])('an event that is refused with %i is lost at once', async (status) => {
  const { clock, events, kube, logger, object } = world();
  kube.failNext('create', new KubeError('refused', status, undefined));
  events.record(object, denied);
  await clock.advance(minutes(5));
  expect(kube.created).toHaveLength(1);
  expect(logger.lines).toMatchObject([{ message: 'lost an event' }]);
});

test('at the end nothing waits: what would be sent again later is sent now, once', async () => {
  const { events, kube, logger, object } = world();
  kube.failNext('create', new KubeError('away', 503, undefined));
  events.record(object, denied);
  await settled();
  kube.failNext('create', new KubeError('still away', 503, undefined));
  await events.flushed();
  expect(kube.created).toHaveLength(2);
  expect(logger.lines).toMatchObject([{ message: 'lost an event' }]);
});

test('a namespace that is going away takes no events, and nobody minds', async () => {
  const { events, kube, object } = world();
  kube.terminateNamespace('org');
  events.record(object, denied);
  await events.flushed();
  expect(kube.events).toEqual([]);
});

test('a long note is cut between two characters', async () => {
  const { events, kube, object } = world();
  events.record(object, { ...denied, message: 'ü'.repeat(1000) });
  const note = kube.events[0]!.note;
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
  expect(note).toBe(`${'ü'.repeat(510)}…`);
});

test('a flood is bounded, and what is remembered too', async () => {
  const { clock, events, kube, object } = world();
  for (let index = 0; index < 100; index++) events.record(object, { ...denied, message: `flood ${index}` });
  await settled();
  expect(kube.events).toHaveLength(64);

  events.record(object, denied);
  for (let index = 0; index < 4096; index++) {
    events.record(object, { ...denied, message: `slow ${index}` });
    if (index % 32 === 0) await settled();
  }
  await clock.advance(minutes(1));
  const before = kube.created.length;
  events.record(object, denied);
  expect(kube.created).toHaveLength(before + 1);
});
