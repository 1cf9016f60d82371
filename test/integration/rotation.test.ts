import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { Balancer } from './balancer.ts';
import { Rolling } from './rolling.ts';

jest.setTimeout(180_000);

let environment: Environment;
let tenant: Tenant;
let rolling: Rolling;
let balancer: Balancer;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  await environment.startOperator({ intervals: { keyCache: '3s', resync: '500ms' } });
  tenant = await Tenant.create(environment, 'rotating');
  balancer = await Balancer.start(environment.controlPlane.url);
  const { name } = tenant;
  const place = { namespace: name, cluster: name, server: balancer.url };
  await tenant.kubectl(['apply', '-f', '-'], await workloadKubeconfig(environment, place));
  await tenant.applyIssuer({ cluster: { kubeconfigSecretRef: { name: `${name}-kubeconfig`, key: 'value' } } });
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  rolling = await Rolling.start(environment, tenant);
  for (const { url } of rolling.servers.slice(1)) balancer.add(url);
  await rolling.roll();
  await rolling.stream();
});

afterAll(async () => {
  await rolling?.stop();
  await balancer?.stop();
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

const told = async (words: string) =>
  until(`SigningKeysReady to say: ${words}`, async () => {
    const conditions = (await tenant.issuer())?.status?.conditions ?? [];
    return conditions.find(({ type, message }) => type === 'SigningKeysReady' && message.includes(words));
  });

test('a cluster of two API servers rotates by what it shows itself, under a stream of tokens of which none fails', async () => {
  const before = new Set(rolling.kids);
  await annotate('rotate', 'by-itself');
  const kid = await reached('AwaitingPromotion');
  await rolling.roll();
  expect(await reached('AwaitingRetirement')).toBe(kid);
  expect(rolling.kids).toEqual(before);
  await rolling.rollAdded();
  expect(rolling.kids).toEqual(new Set([...before, kid]));
  await told('still signs tokens with key');
  expect((await tenant.issuer())?.status?.rotation).not.toHaveProperty('signedSince');
  const lastBegan = Math.floor(Date.now() / 1000) * 1000;
  await rolling.roll();
  await reached('Retiring');
  const { signedSince = '', since = '' } = (await tenant.issuer())?.status?.rotation ?? {};
  expect(Date.parse(signedSince)).toBeGreaterThanOrEqual(lastBegan);
  expect(Date.parse(since) - Date.parse(signedSince)).toBeGreaterThanOrEqual(3000);
  expect((await tenant.issuer())?.metadata.annotations).not.toHaveProperty('irsa.giantswarm.io/rotation-signing');
  await rolling.rounds(2);
  expect(rolling.failures).toEqual([]);
  await retire();
  rolling.forgetTokens();
});

test('a cluster that the operator does not reach rotates by what people say, and no token fails', async () => {
  const before = new Set(rolling.kids);
  await tenant.kubectl(['patch', 'oidcissuer', tenant.name, '--type=merge', '--patch={"spec":{"cluster":null}}']);
  await annotate('rotate', 'by-word');
  const kid = await reached('AwaitingPromotion');
  await rolling.roll();
  await annotate('rotation-confirmed', kid);
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
