import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { counts } from '../environment/holdings.ts';
import type { Tenant } from '../environment/tenant.ts';
import { Lab } from '../environment/lab.ts';

jest.setTimeout(120_000);

/** Each call after which what the next pass looks for is gone. */
const deletes = [
  'DeleteRole',
  'DeleteOpenIDConnectProvider',
  'DeleteDistribution',
  'DeleteCertificate',
  'DeleteBucket',
];
const nameOf = (operation: string) => operation.toLowerCase().slice(0, 20);

let lab: Lab;
const tenants = new Map<string, Tenant>();

beforeAll(async () => {
  lab = await Lab.start();
  await lab.startOperator();
  for (const operation of deletes) tenants.set(operation, await lab.tenant(nameOf(operation)));
  for (const tenant of tenants.values()) {
    await tenant.applyIssuer();
    await tenant.applyRole();
  }
  for (const tenant of tenants.values()) await tenant.ready('iamserviceaccount');
});
afterAll(() => lab?.stop());

test.each(deletes)(
  'the operator that is killed when %s took effect and was not answered removes the rest after its restart',
  async (operation) => {
    const tenant = tenants.get(operation);
    if (!tenant) throw new Error(`no tenant for ${operation}`);
    await lab.startOperator();
    const killed = lab.killAt(operation);
    await tenant.kubectl(['delete', 'oidcissuer,iamserviceaccount', tenant.name, '--wait=false']);
    await killed;
    expect(await tenant.issuer()).toBeDefined();

    await lab.startOperator();
    await tenant.gone();
    expect(counts(await tenant.holdings())).toEqual({});
  },
);
