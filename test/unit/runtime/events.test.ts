import { expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { KubeEvents } from '../../../src/runtime/events.ts';
import type { DesiredObject } from '../../../src/runtime/kube-client.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { FakeLogger } from '../../fakes/logger.ts';

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

test('an event that was lost can be said again at once, and no log is louder than debug', async () => {
  const { events, kube, logger, object } = world();
  kube.failNext('create', new KubeError('no answer', undefined, undefined));
  events.record(object, denied);
  await events.flushed();
  expect(kube.events).toEqual([]);
  expect(logger.lines).toMatchObject([{ level: 'debug', message: 'lost an event', reason: 'AccessDenied' }]);
  events.record(object, denied);
  expect(kube.events).toHaveLength(1);
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
  await events.flushed();
  expect(kube.events).toHaveLength(64);

  events.record(object, denied);
  for (let index = 0; index < 4096; index++) {
    events.record(object, { ...denied, message: `slow ${index}` });
    await events.flushed();
  }
  await clock.advance(minutes(1));
  const before = kube.created.length;
  events.record(object, denied);
  expect(kube.created).toHaveLength(before + 1);
});
