import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { inClone } from '../environment/environment.ts';
import type { Holding } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { ReadLog } from './read-log.ts';
import { passesOverRoles } from './workspace.ts';

jest.setTimeout(120_000);

let lab: Lab;
let tenant: Tenant;
let objects: Awaited<ReturnType<typeof bothObjects>>;
let holdings: Holding[];
beforeAll(async () => {
  lab = await Lab.start();
  await lab.startOperator();
  tenant = await lab.tenant('living');
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  objects = await bothObjects();
  holdings = await tenant.holdings();
});
afterAll(() => lab?.stop());

/** What must not change: that they are the same, that nobody deletes them, and what they ask for. */
async function bothObjects() {
  return [await tenant.issuer(), await tenant.role()].map((object) => {
    const { uid, deletionTimestamp, finalizers } = object?.metadata ?? {};
    return { uid, deletionTimestamp, finalizers, spec: object?.spec };
  });
}

test('uninstalling ends while objects live, and leaves them and all that is on AWS', async () => {
  lab.environment.front.clearCalls();
  // The operator still runs, as a Deployment's pods do while the rest is deleted.
  await lab.environment.kubectl(['delete', '-k', inClone('config/default'), '--timeout=60s']);
  await lab.killOperator();
  expect(await lab.environment.kubectl(['get', 'namespace', 'irsa-system', '--ignore-not-found'])).toBe('');
  expect(await bothObjects()).toEqual(objects);
  expect(lab.environment.front.writes()).toEqual([]);
  expect(await tenant.holdings()).toEqual(holdings);
});

test('installed again as another installation it does not start, for it would make every role anew', async () => {
  const { front } = lab.environment;
  await lab.environment.install();
  front.clearCalls();
  const operator = await lab.startOperator({ installation: 'other' });
  await until('the operator to end', () => operator.exited || undefined);
  expect(await operator.terminate()).toBe(2);
  expect(operator.output()).toContain(
    `of IAMServiceAccount ${tenant.name}/${tenant.name} was made by another installation`,
  );
  expect(front.calls).toEqual([]);
});

test('installed again it goes on with the same objects, and changes nothing on AWS that it was not asked to', async () => {
  const { front } = lab.environment;
  await lab.environment.install();
  front.clearCalls();
  const reads = new ReadLog(front);
  const { next } = await lab.environment.controlPlane.audit();
  await lab.startOperator({ intervals: { resync: '1s' } });
  const looks = async () =>
    Math.min(
      reads.issuerPasses(tenant.accountID).length,
      reads.sweeps(tenant.accountID).length,
      (await passesOverRoles(lab.environment, next, [tenant.name])) - 1,
    );
  await until('a whole look at each object', async () => (await looks()) >= 1 || undefined, 60);
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  expect(front.writes()).toEqual([]);
  expect(await bothObjects()).toEqual(objects);
  expect(await tenant.holdings()).toEqual(holdings);

  await tenant.applyRole({ tags: { installed: 'again' } });
  await until('the new tag', () => front.writes().length > 0 || undefined);
  expect(front.writes().map(({ operation }) => operation)).toEqual(['TagRole']);
});
