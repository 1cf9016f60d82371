import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Lab } from '../environment/lab.ts';
import type { Operator } from '../environment/operator.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { passesOverRoles } from './workspace.ts';

jest.setTimeout(120_000);

let lab: Lab;
let operator: Operator;
const tenants: Record<'own' | 'workload', Tenant> = {} as Record<'own' | 'workload', Tenant>;

beforeAll(async () => {
  lab = await Lab.start();
  // Nobody lives to see the second look of the polling.
  operator = await lab.startOperator({ intervals: { missing: '1h', resync: '1h' } });
  tenants.own = await lab.tenant('watched-here');
  tenants.workload = await lab.tenant('watched-afar');
  const cluster = { namespace: 'watched-afar', cluster: 'watched-afar' };
  await tenants.workload.kubectl(['apply', '-f', '-'], await workloadKubeconfig(lab.environment, cluster));
  await tenants.own.applyIssuer();
  const kubeconfigSecretRef = { name: 'watched-afar-kubeconfig', key: 'value' };
  await tenants.workload.applyIssuer({ cluster: { kubeconfigSecretRef } });
  for (const tenant of Object.values(tenants)) await tenant.applyRole();
  for (const tenant of Object.values(tenants)) await tenant.ready('iamserviceaccount');
});
afterAll(() => lab?.stop());

beforeEach(() => lab.environment.front.clearCalls());

const roleKey = 'eks.amazonaws.com/role-arn';

async function annotation(tenant: Tenant): Promise<string | undefined> {
  const json = await tenant.kubectl(['get', 'serviceaccount', tenant.name, '--ignore-not-found', '-o', 'json']);
  return json === ''
    ? undefined
    : (JSON.parse(json) as { metadata: { annotations?: Record<string, string> } }).metadata.annotations?.[roleKey];
}

const annotated = (tenant: Tenant) =>
  until(`the annotation of ${tenant.name}`, async () => {
    const { roleARN } = (await tenant.role())?.status ?? {};
    return roleARN !== undefined && (await annotation(tenant)) === roleARN ? true : undefined;
  });

test.each(['own', 'workload'] as const)(
  'in the operator’s %s cluster, a service account that is made anew, or loses its annotation, has it again at once',
  async (where) => {
    const tenant = tenants[where];
    await annotated(tenant);
    await tenant.kubectl(['delete', 'serviceaccount', tenant.name]);
    await tenant.kubectl(['create', 'serviceaccount', tenant.name]);
    await annotated(tenant);
    await tenant.kubectl(['annotate', 'serviceaccount', tenant.name, `${roleKey}-`]);
    await annotated(tenant);
  },
);

test.each(['own', 'workload'] as const)(
  'in the operator’s %s cluster, a service account that comes later than the role that waits for it is annotated at once',
  async (where) => {
    const tenant = tenants[where];
    const subjects = [tenant.name, 'later'].map((name) => ({ namespace: tenant.name, name }));
    await tenant.applyRole({ subjects });
    await until('the wait for the service account', async () => {
      const { conditions = [] } = (await tenant.role())?.status ?? {};
      return conditions.find(({ reason }) => reason === 'ServiceAccountNotFound');
    });
    await tenant.kubectl(['create', 'serviceaccount', 'later']);
    await tenant.ready('iamserviceaccount');
  },
);

test('what the operator writes itself sets off no look', async () => {
  const tenant = tenants.own;
  const { next } = await lab.environment.controlPlane.audit();
  await tenant.kubectl(['annotate', 'serviceaccount', tenant.name, `${roleKey}-`]);
  await annotated(tenant);
  // Whatever the write set off would have begun before the next change is acted on.
  await tenant.kubectl(['annotate', 'serviceaccount', tenant.name, `${roleKey}-`]);
  await annotated(tenant);
  expect(await passesOverRoles(lab.environment, next, [tenant.name])).toBe(2);
});

test('where the watch is refused it is quiet, and looks go on', async () => {
  const { environment } = lab;
  const rules = JSON.stringify([{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'patch'] }]);
  const patch = ['patch', 'clusterrole', 'irsa-operator-in-cluster', '--type=json', '-p'];
  await environment.kubectl([...patch, `[{"op":"replace","path":"/rules","value":${rules}}]`]);
  operator = await lab.startOperator({ intervals: { missing: '500ms' } });
  const tenant = tenants.own;
  await until('the refusal', () => operator.log().find(({ resource }) => resource === 'serviceaccounts'));
  await tenant.kubectl(['delete', 'serviceaccount', tenant.name]);
  await tenant.kubectl(['label', 'iamserviceaccount', tenant.name, 'look=again']);
  await until('the wait for the service account', async () => {
    const { conditions = [] } = (await tenant.role())?.status ?? {};
    return conditions.find(({ reason }) => reason === 'ServiceAccountNotFound');
  });
  await tenant.kubectl(['create', 'serviceaccount', tenant.name]);
  await annotated(tenant);
  const complaints = operator
    .log()
    .filter(({ level, resource }) => level !== 'debug' && resource === 'serviceaccounts');
  expect(complaints.map(({ message }) => message)).toEqual(['the kind may not be read, and so is left alone']);
});
