import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Environment } from '../environment/environment.ts';
import { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { Rolling } from './rolling.ts';

jest.setTimeout(180_000);

let environment: Environment;
let tenant: Tenant;
let rolling: Rolling;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  await environment.startOperator({ intervals: { keyCache: '3s', resync: '500ms' } });
  tenant = await Tenant.create(environment, 'rotating');
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  rolling = await Rolling.start(environment, tenant);
  await rolling.roll();
  await rolling.stream();
});

afterAll(async () => {
  await rolling?.stop();
  await environment?.stop();
});

const annotate = (name: string, value: string) =>
  tenant.kubectl(['annotate', 'oidcissuer', tenant.name, `irsa.giantswarm.io/${name}=${value}`, '--overwrite']);

/** Gives the key that takes over. */
const reached = (stage: string) =>
  until(`a rotation to be ${stage}`, async () => {
    const { rotation } = (await tenant.issuer())?.status ?? {};
    return rotation?.stage === stage ? rotation.kid : undefined;
  });

/** 26 hours go by, as far as the operator can tell. */
async function retire(): Promise<void> {
  const since = new Date(Date.now() - 26 * 3_600_000).toISOString();
  const patch = `--patch=${JSON.stringify({ status: { rotation: { since } } })}`;
  await tenant.kubectl(['patch', 'oidcissuer', tenant.name, '--subresource=status', '--type=merge', patch]);
  await until('the rotation to be done', async () => {
    const { rotation, observedGeneration } = (await tenant.issuer())?.status ?? {};
    return (observedGeneration !== undefined && rotation === undefined) || undefined;
  });
}

const noCluster = ['--type=merge', '--patch={"spec":{"cluster":null}}'];

test.each<[string, { prepare(): Promise<unknown>; confirm(kid: string): Promise<unknown> }]>([
  ['its own key set lists the next key', { prepare: async () => {}, confirm: async () => {} }],
  [
    'somebody says that all API servers have the next key',
    {
      prepare: () => tenant.kubectl(['patch', 'oidcissuer', tenant.name, ...noCluster]),
      confirm: (kid) => annotate('rotation-confirmed', kid),
    },
  ],
])('a cluster of two API servers rotates when %s, under a stream of tokens of which none fails', async (way, acts) => {
  const before = new Set(rolling.kids);
  await acts.prepare();
  await annotate('rotate', way.replaceAll(' ', '-'));
  const kid = await reached('AwaitingPromotion');
  await rolling.roll();
  await acts.confirm(kid);
  expect(await reached('AwaitingRetirement')).toBe(kid);
  expect(rolling.kids).toEqual(before);
  await rolling.roll();
  await rolling.rounds(2);
  expect(rolling.kids).toEqual(new Set([...before, kid]));
  await annotate('rotation-signing', kid);
  await reached('Retiring');
  await rolling.rounds(2);
  expect(rolling.failures).toEqual([]);
  await retire();
  rolling.forgetTokens();
});

test('API servers that read the Secret after that verify with the last key alone, while the others stay published for their time', async () => {
  await rolling.roll();
  expect(rolling.failures).toEqual([]);
  const { keys = [] } = (await tenant.issuer())?.status ?? {};
  const [last = ''] = [...rolling.kids].toReversed();
  expect(keys.map(({ kid, missingSince }) => [kid, missingSince !== undefined])).toEqual(
    [...rolling.kids].map((kid) => [kid, kid !== last]),
  );
  expect(rolling.made).toBeGreaterThan(20);
});
