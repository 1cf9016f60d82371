import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Lab } from '../environment/lab.ts';
import { until } from '../environment/wait.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterEach(() => lab?.environment.access.restore());
afterAll(() => lab?.stop());

test('an action that the policy of config/iam lacks is reported by its name, and the rest goes on once it is there', async () => {
  const tenant = await lab.tenant('lacking');
  lab.environment.access.withhold('iam:TagRole');
  await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.applyRole();
  const condition = await until('the role to be denied', async () => {
    const conditions = (await tenant.role())?.status?.conditions ?? [];
    return conditions.find(({ type, reason }) => type === 'RoleReady' && reason === 'AccessDenied');
  });
  expect(condition.message).toContain('iam:TagRole');
  lab.environment.access.restore();
  await lab.startOperator();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
});
