import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Environment, operatorNamespace } from '../environment/environment.ts';
import type { Operator } from '../environment/operator.ts';
import { until } from '../environment/wait.ts';
import { ListGate } from './list-gate.ts';
import { domain, iamServiceAccount, type Manifest, oidcIssuer, serviceAccount } from './objects.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const ours = (plural: string) => `/apis/irsa.giantswarm.io/v1alpha1/${plural}`;
const lists = { guardrails: ours('guardrails'), roles: ours('iamserviceaccounts'), namespaces: '/api/v1/namespaces' };

/** None of the others allows anything here, and a list that breaks off names them first. */
const guardrails = ['a', 'b', 'z'].map((name): Manifest => ({
  apiVersion: 'irsa.giantswarm.io/v1alpha1',
  kind: 'Guardrail',
  metadata: { name },
  spec: {
    accounts: ['Own'],
    ...(name === 'z'
      ? { namespaceSelector: { matchLabels: { team: 'a' } } }
      : { namespaces: [name === 'a' ? 'zz-team' : 'elsewhere'] }),
    issuers: { aliases: [`*.${domain}`], inCluster: true },
    roles: { maximum: 1, subjectNamespaces: ['default'] },
  },
}));

let environment: Environment;
let team: Workspace;
let gate: ListGate;
let operator: Operator;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  await environment.kubectl(['delete', 'guardrail', '--all']);
  // The last of all, so that a list that breaks off does not name it.
  team = await Workspace.create(environment, 'zz-team');
  await environment.kubectl(['label', 'namespace', 'zz-team', 'team=a']);
  (await team.account(ownAccountID)).destroy();
  await team.apply(
    ...guardrails,
    oidcIssuer('abcl0', { cluster: { inCluster: {} } }),
    ...['zoe', 'amy'].map(serviceAccount),
    iamServiceAccount('zoe', 'abcl0'),
  );
  operator = await environment.startOperator();
  await team.ready('oidcissuer/abcl0', 'iamserviceaccount/zoe');
  await team.apply(iamServiceAccount('amy', 'abcl0'));
  await team.condition('iamserviceaccount', 'amy', { type: 'Accepted', reason: 'NotAllowed' });
  await operator.terminate();
});
afterAll(() => environment?.stop());

beforeEach(async () => {
  gate = await ListGate.before(await environment.controlPlane.kubeconfigFor(operatorNamespace, 'irsa-operator'));
});
afterEach(async () => {
  await operator.terminate();
  gate.stop();
});

const start = async (config: Readonly<Record<string, unknown>> = {}) =>
  (operator = await environment.startOperator(config, { kubeconfig: gate.kubeconfig }));
const edit = (name: string, description: string) =>
  team.patch('iamserviceaccount', name, { spec: { role: { description } } });
const objectsRead = () => gate.requests.filter((each) => each.includes('/namespaces/zz-team/'));

test('nothing is judged before all Guardrails and namespaces are known, however slowly they come', async () => {
  await edit('zoe', 'changed while the operator was away');
  gate.fail(lists.guardrails, 2);
  const letGuardrailsCome = gate.hold(lists.guardrails, { after: 2 });
  const letNamespacesCome = gate.hold(lists.namespaces, { after: 2 });
  await start();
  const listed = (path: string, times: number) =>
    until(
      `${path} to be listed`,
      () => gate.requests.filter((each) => each === `GET ${path}`).length >= times || undefined,
    );
  // The two that failed, the two pages that came and the one that waits.
  await Promise.all([listed(lists.guardrails, 5), listed(lists.namespaces, 3)]);
  letGuardrailsCome();
  await listed(lists.guardrails, 6);
  await sleep(500);
  expect(objectsRead()).toEqual([]);
  letNamespacesCome();
  await team.ready('oidcissuer/abcl0', 'iamserviceaccount/zoe');
  expect(operator.log().filter(({ reason, name }) => reason === 'NotAllowed' && name !== 'amy')).toEqual([]);
});

test('no younger object takes a place while the list of the older ones is read to the half', async () => {
  await edit('amy', 'changed while the operator was away');
  const letOlderCome = gate.hold(lists.roles, { after: 1 });
  await start();
  await until(
    'the list to be read to the half',
    () => gate.requests.filter((each) => each === `GET ${lists.roles}`)[1],
  );
  await sleep(500);
  letOlderCome();
  await team.condition('iamserviceaccount', 'amy', { type: 'Accepted', reason: 'NotAllowed' });
  expect((await team.get('iamserviceaccount', 'amy')).status).not.toHaveProperty('roleName');
});

/** Kubernetes kills a container 30 s after SIGTERM, and the grace is 20 s as delivered. Other tests would not see the difference. */
test('a stop needs only seconds more than its grace although the API server is silent', async () => {
  const readZoe = () => gate.requests.filter((each) => each.endsWith('/iamserviceaccounts/zoe')).length;
  const more = (than: number) => until('a pass to read the object', () => readZoe() > than || undefined);
  const editSeen = async (description: string) => {
    const before = readZoe();
    await edit('zoe', description);
    await more(before);
  };
  await start({ shutdownGrace: '1s' });
  await more(0);
  // Its watch stands: what comes next comes without a new request.
  await editSeen('changed before the API server is silent');
  await team.ready('iamserviceaccount/zoe');
  gate.fallSilent();
  await editSeen('changed while the API server is silent');
  expect(await operator.terminate()).toBe(0);
}, 60_000);
