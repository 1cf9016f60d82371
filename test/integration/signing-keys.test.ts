import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Lab } from '../environment/lab.ts';
import { keySecretOf, modulusOf, publishedModuli, type KeySecret } from '../environment/published-keys.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(120_000);

let lab: Lab;
let tenant: Tenant;
let secret: KeySecret;
beforeAll(async () => {
  lab = await Lab.start();
  await lab.startOperator();
  tenant = await lab.tenant('keyed');
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  secret = await keySecretOf(tenant);
});
afterAll(() => lab?.stop());

const lookAgain = () =>
  tenant.kubectl(['annotate', 'oidcissuer', tenant.name, `look-again=${Date.now()}`, '--overwrite']);

/** What the operator says of a Secret that is gone. */
const missed = () =>
  until('the Secret to be missed', async () => {
    const { conditions = [] } = (await tenant.issuer())?.status ?? {};
    return conditions.find(({ type, reason }) => type === 'SigningKeysReady' && reason === 'SecretNotFound');
  });

async function expectNoOtherKey(): Promise<void> {
  expect(await tenant.kubectl(['get', 'secret', `${tenant.name}-keys`, '--ignore-not-found'])).toBe('');
  expect(await publishedModuli(tenant)).toEqual([modulusOf(secret)]);
}

test('the Secret of a generated key moves with the cluster', () => {
  expect(secret.metadata.labels).toHaveProperty(['clusterctl.cluster.x-k8s.io/move']);
});

test('a generated Secret that was deleted is missed, its key stays published, and no other key is made', async () => {
  await tenant.kubectl(['delete', 'secret', `${tenant.name}-keys`]);
  await lookAgain();
  expect((await missed()).message).toContain('restore the Secret');
  await expectNoOtherKey();
});

test('nor is another key made when the status is lost too and the operator starts anew', async () => {
  await lab.killOperator();
  const patch = ['--subresource=status', '--type=merge', '--patch={"status":null}'];
  await tenant.kubectl(['patch', 'oidcissuer', tenant.name, ...patch]);
  await lab.startOperator();
  await missed();
  await expectNoOtherKey();
});

test('with the Secret restored the issuer is ready, with the same key', async () => {
  const { data } = secret;
  const restored = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${tenant.name}-keys` }, data };
  await tenant.kubectl(['apply', '-f', '-'], JSON.stringify(restored));
  await tenant.ready('oidcissuer');
  expect(await publishedModuli(tenant)).toEqual([modulusOf(secret)]);
});
