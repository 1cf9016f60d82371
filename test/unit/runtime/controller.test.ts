import { expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { iamServiceAccounts, oidcIssuers, type NamespacedName, type Resource } from '../../../src/api/resources.ts';
import { Controller } from '../../../src/runtime/controller.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import { Informer } from '../../../src/runtime/informer.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import type { Reconcile } from '../../../src/runtime/reconciler.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { list, ScriptedApiServer, watch, type Named } from '../../fakes/scripted-api-server.ts';
import { until } from './until.ts';

type Account = KubernetesObject & { readonly spec: { readonly issuer: string } };

async function world(reconcile: Reconcile, concurrency = 1) {
  const server = await ScriptedApiServer.start();
  const stop = new AbortController();
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const access = { get: async () => ({ server: server.url, headers: {}, tls: {} }), renew: () => {} };
  const transport = new KubeTransport({ access, signal: stop.signal });
  const ran: string[] = [];
  const counting: Reconcile = (ref, turn) => {
    ran.push(ref.name);
    return reconcile(ref, turn);
  };
  const controller = new Controller({ name: 'OIDCIssuer', reconcile: counting, concurrency, clock, logger });
  const informer = <O extends KubernetesObject>(resource: Resource) =>
    new Informer<O>({ transport, resource, logger, clock, signal: stop.signal });
  return {
    clock,
    controller,
    informer,
    logger,
    ran,
    server,
    async [Symbol.asyncDispose]() {
      const stopped = controller.stop(0);
      await clock.advance(seconds(10));
      await stopped;
      stop.abort();
      await transport.close();
      await server.close();
    },
  };
}

const object = (name: string, more: { readonly metadata?: object; readonly [field: string]: unknown } = {}): Named => ({
  status: { observedGeneration: 1 },
  ...more,
  metadata: { name, namespace: 'org', generation: 1, resourceVersion: '1', ...more.metadata },
});

test('after a start, what is new, changed or leaving goes before what only needs a resync', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  await using it = await world(async () => {
    await gate;
    return {};
  });
  const issuers = it.informer(oidcIssuers);
  it.controller.watch(issuers);
  it.server.answer(
    list('5', [
      object('first'),
      object('well'),
      object('new', { status: { observedGeneration: -1 } }),
      object('edited', { metadata: { generation: 2 } }),
      object('leaving', { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }),
    ]),
  );
  issuers.start();
  // The watch comes after the list, of which the first object is under way and the others wait.
  await it.server.received(2);
  release();
  await until(() => it.ran.length === 5);
  expect(it.ran).toEqual(['first', 'new', 'edited', 'leaving', 'well']);
});

test('what a reconciler writes itself, status and finalizer, sets off no other pass; a label does', async () => {
  await using it = await world(async () => ({}));
  const issuers = it.informer(oidcIssuers);
  it.controller.watch(issuers);
  const modified = (name: string, more: Parameters<typeof object>[1]) => ({
    type: 'MODIFIED',
    object: object(name, more),
  });
  it.server.answer(
    list('5', [object('a', { status: undefined })]),
    watch([
      modified('a', { metadata: { finalizers: ['x'], resourceVersion: '6' } }),
      modified('a', { status: { observedGeneration: 1, conditions: [] } }),
      modified('a', { metadata: { labels: { b: 'c' } } }),
      { type: 'DELETED', object: object('a') },
      modified('last', {}),
    ]),
  );
  issuers.start();
  await until(() => it.ran.includes('last') && it.ran.length >= 4);
  expect(it.ran.toSorted()).toEqual(['a', 'a', 'a', 'last']);
});

test('a change of a related object reconciles those that depend on it', async () => {
  await using it = await world(async () => ({}));
  const accounts = it.informer<Account>(iamServiceAccounts);
  const issuers = it.informer<KubernetesObject & { readonly status?: { readonly url?: string } }>(oidcIssuers);
  const issuerOf = accounts.on({ select: (account) => account.spec.issuer, changed: () => {} });
  it.controller.watchRelated(issuers, {
    select: (issuer) => issuer.status?.url,
    affected: function* ({ name }): Iterable<NamespacedName> {
      for (const [account, issuer] of issuerOf) if (issuer === name) yield account;
    },
  });
  it.server.answer(list('5', [object('one', { spec: { issuer: 'i' } }), object('two', { spec: { issuer: 'j' } })]));
  it.server.answer(watch([]));
  accounts.start();
  await it.server.received(2);
  it.server.answer(list('5', [object('i', { status: { url: 'https://i' } })]));
  issuers.start();
  await until(() => it.ran.length === 1);
  expect(it.ran).toEqual(['one']);
});

test('a change of what an object refers to reconciles what it left, and what it came to', async () => {
  await using it = await world(async () => ({}));
  const accounts = it.informer<Account>(iamServiceAccounts);
  it.controller.watchRelated(accounts, {
    select: ({ spec }) => spec.issuer,
    affected: (_, issuer) => [{ namespace: 'org', name: issuer }],
  });
  it.server.answer(
    list('5', [object('one', { spec: { issuer: 'i' } })]),
    watch([{ type: 'MODIFIED', object: object('one', { spec: { issuer: 'j' }, metadata: { resourceVersion: '6' } }) }]),
  );
  accounts.start();
  await until(() => it.ran.includes('j'));
  expect(it.ran).toEqual(['i', 'i', 'j']);
});

test('a pass that rejects is logged with its object, once, and tried again after a back-off', async () => {
  let broken = true;
  await using it = await world(async () => {
    if (broken) throw new Error('the API server is away');
    return {};
  });
  it.controller.add({ namespace: 'org', name: 'abcl0' });
  await until(() => it.logger.lines.length === 1);
  expect(it.logger.lines).toMatchObject([
    { level: 'error', message: 'reconciling failed', kind: 'OIDCIssuer', namespace: 'org', name: 'abcl0' },
  ]);
  broken = false;
  await it.clock.advance(seconds(2));
  expect(it.ran).toEqual(['abcl0', 'abcl0']);
  expect(it.logger.lines).toHaveLength(1);
});

test('a new value of an annotation makes a pass at once, before the back-off is over, and the same value none', async () => {
  await using it = await world(async () => ({ failed: true }));
  const issuers = it.informer(oidcIssuers);
  it.controller.watch(issuers);
  const asked = (resourceVersion: string, value: string) => ({
    type: 'MODIFIED',
    object: object('a', { metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': value }, resourceVersion } }),
  });
  it.server.answer(
    list('5', [object('a')]),
    watch([asked('6', 'now'), asked('7', 'now'), { type: 'MODIFIED', object: object('last') }]),
  );
  issuers.start();
  await until(() => it.ran.includes('last') && it.ran.length >= 3);
  expect(it.ran.toSorted()).toEqual(['a', 'a', 'last']);
});

test('a stop aborts what runs after the grace, without a complaint', async () => {
  let aborted = false;
  await using it = await world(
    (_ref, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new Error('aborted'));
        });
      }),
  );
  it.controller.add({ namespace: 'org', name: 'abcl0' });
  const stopped = it.controller.stop(seconds(20));
  await it.clock.advance(seconds(19));
  expect(aborted).toBe(false);
  await it.clock.advance(seconds(1));
  await stopped;
  expect(aborted).toBe(true);
  expect(it.logger.lines).toEqual([]);
});
