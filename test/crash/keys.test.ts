import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { counts } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import { keySecretOf, modulusOf, publishedModuli } from '../environment/published-keys.ts';

jest.setTimeout(120_000);

/** One a test: an operator that starts also calls AWS for the tenants of earlier tests, and would be killed at such a call. */
let lab: Lab;
beforeEach(async () => {
  lab = await Lab.start();
});
afterEach(() => lab?.stop());

test('the key of a Secret that was created right before the operator was killed is the one that is published', async () => {
  const tenant = await lab.tenant('keyed');
  await lab.startOperator();
  // The look at the bucket is the first call after the Secret's creation.
  const killed = lab.killBefore('GetBucketTagging');
  await tenant.applyIssuer();
  await killed;
  const secret = await keySecretOf(tenant);
  expect((await tenant.issuer())?.metadata.finalizers).toEqual(['irsa.giantswarm.io/finalizer']);
  expect(counts(await tenant.holdings())).toEqual({});

  await lab.startOperator();
  await tenant.ready('oidcissuer');
  expect(await keySecretOf(tenant)).toEqual(secret);
  expect(await publishedModuli(tenant)).toEqual([modulusOf(secret)]);
});

test('the key of a key set that was written right before the operator was killed stays the only one', async () => {
  const tenant = await lab.tenant('keyed');
  await lab.startOperator();
  const killed = lab.killAt('PutObject');
  await tenant.applyIssuer();
  await killed;
  const secret = await keySecretOf(tenant);
  expect(await publishedModuli(tenant)).toEqual([modulusOf(secret)]);

  await lab.startOperator();
  await tenant.ready('oidcissuer');
  expect(await keySecretOf(tenant)).toEqual(secret);
  expect(await publishedModuli(tenant)).toEqual([modulusOf(secret)]);
});

test('an object that was deleted while the operator lay dead between finalizer and first write goes, and nothing is made', async () => {
  const tenant = await lab.tenant('keyed');
  await lab.startOperator();
  const killed = lab.killBefore('CreateBucket');
  await tenant.applyIssuer();
  await killed;
  await tenant.kubectl(['delete', 'oidcissuer', tenant.name, '--wait=false']);
  expect((await tenant.issuer())?.metadata.finalizers).toEqual(['irsa.giantswarm.io/finalizer']);

  lab.environment.front.clearCalls();
  await lab.startOperator();
  await tenant.gone('oidcissuer');
  const changes = lab.environment.front.writes().map(({ operation }) => operation);
  expect(changes.filter((operation) => operation !== 'AssumeRole')).toEqual([]);
});
