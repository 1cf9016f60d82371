import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Lab } from '../environment/lab.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(180_000);

/** Two clusters with one AWS, each with an operator of the same installation: one was restored from the other's backup. */
let original: Lab;
let copy: Lab;
beforeAll(async () => {
  original = await Lab.start();
  copy = await original.another();
});
afterAll(async () => {
  await copy?.stop();
  await original?.stop();
});

/** What of the calls since the last clearCalls changes something, and was not refused. */
const changes = async () =>
  original.environment.front
    .writes()
    .map(({ operation }) => operation)
    .filter((operation) => !/^(AssumeRole|Create)/.test(operation))
    .sort();

const refused = (tenant: Tenant) =>
  until('the issuer to be refused', async () =>
    (await tenant.issuer())?.status?.conditions?.find(({ reason }) => reason === 'OwnedByAnotherCluster'),
  );

/** Applies what the tenant has in the other cluster, as a backup of it would: with the Secret, and without the status. */
async function restore(from: Tenant, to: Tenant): Promise<void> {
  const secret = await from.kubectl(['get', 'secret', `${from.name}-keys`, '-o', 'json']);
  const { data, type, metadata } = JSON.parse(secret) as Record<string, Record<string, unknown>>;
  const restored = { apiVersion: 'v1', kind: 'Secret', type, data, metadata: { name: metadata?.['name'] } };
  await to.kubectl(['apply', '-f', '-'], JSON.stringify(restored));
  await to.applyIssuer();
  await to.applyRole();
}

test('a copy is refused and its deletion touches nothing; a declared move takes over; then the old home is refused', async () => {
  const [home, otherHome] = [await original.home(), await copy.home()];
  const { front } = original.environment;
  const here = await original.tenant('moved');
  await original.startOperator();
  await here.applyIssuer();
  await here.applyRole();
  await here.ready('oidcissuer');
  await here.ready('iamserviceaccount');
  const held = await here.holdings();
  for (const { tags } of held) if (tags) expect(tags).toMatchObject({ 'irsa.giantswarm.io/home': home });

  const there = await here.movedTo(copy.environment);
  await copy.startOperator();
  front.clearCalls();
  await restore(here, there);
  const condition = await refused(there);
  expect(condition).toMatchObject({ type: 'Accepted', status: 'False' });
  expect(condition.message).toContain(home);
  await there.kubectl(['delete', 'iamserviceaccount,oidcissuer', there.name, '--timeout=60s']);
  expect(await changes()).toEqual([]);
  expect(await here.holdings()).toEqual(held);
  await here.ready('iamserviceaccount');

  await original.killOperator();
  await copy.startOperator({ takeOver: [home] });
  front.clearCalls();
  await restore(here, there);
  await there.ready('oidcissuer');
  await there.ready('iamserviceaccount');
  expect(await changes()).toEqual([
    'AddTagsToCertificate',
    'PutBucketTagging',
    'TagOpenIDConnectProvider',
    'TagResource',
    'TagRole',
  ]);
  const moved = held.map(({ tags, ...rest }) => ({
    ...rest,
    ...(tags && { tags: { ...tags, 'irsa.giantswarm.io/home': otherHome } }),
  }));
  expect(await there.holdings()).toEqual(moved);

  await original.startOperator();
  front.clearCalls();
  expect((await refused(here)).message).toContain(otherHome);
  await here.kubectl(['annotate', 'oidcissuer', here.name, 'irsa.giantswarm.io/allow-deletion=true']);
  await here.kubectl(['delete', 'iamserviceaccount,oidcissuer', here.name, '--timeout=60s']);
  expect(await changes()).toEqual([]);
  expect(await there.holdings()).toEqual(moved);
  await there.ready('oidcissuer');
  await there.ready('iamserviceaccount');
});
