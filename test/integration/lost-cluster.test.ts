import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Clients } from '../backends/aws/clients.ts';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import type { Operator } from '../environment/operator.ts';
import { iamServiceAccount, oidcIssuer, serviceAccount } from './objects.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const clusters = [
  { cluster: 'refusing', why: 'cluster refusing refuses us' },
  { cluster: 'garbled', why: 'cluster garbled cannot be reached' },
];

let environment: Environment;
let workspace: Workspace;
let account: Clients;
let operator: Operator;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  account = await workspace.account(ownAccountID);
  operator = await environment.startOperator();
  for (const { cluster } of clusters) {
    await environment.kubectl(['apply', '-f', '-'], await workloadKubeconfig(environment, { namespace, cluster }));
    const kubeconfigSecretRef = { name: `${cluster}-kubeconfig`, key: 'value' };
    await workspace.apply(
      oidcIssuer(cluster, { cluster: { kubeconfigSecretRef } }),
      serviceAccount(cluster),
      iamServiceAccount(cluster, cluster),
    );
  }
  await workspace.ready(...clusters.map(({ cluster }) => `iamserviceaccount/${cluster}`));
  await workspace.patch('secret', 'garbled-kubeconfig', { stringData: { value: 'no kubeconfig' } });
  await environment.kubectl(['delete', 'clusterrolebinding', 'service-account-annotator']);
  await workspace.kubectl(['delete', 'iamserviceaccount', '--all', '--wait=false']);
});
afterAll(() => environment?.stop());

/** Node options under which a process takes the time for so many minutes later. */
function later(minutes: number): string {
  const code = `const Now = Date; globalThis.Date = class extends Now {
    constructor(...given) { super(...(given.length > 0 ? given : [Now.now() + ${minutes * 60_000}])); }
    static now() { return Now.now() + ${minutes * 60_000}; }
  };`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

test.each(clusters)('a deletion waits for a cluster that lets nobody in, and says: $why', async ({ cluster, why }) => {
  const waiting = { type: 'ServiceAccountsReady', reason: 'ClusterUnreachable' };
  expect((await workspace.condition('iamserviceaccount', cluster, waiting)).message).toContain(why);
  expect(counts(await holdings(account))).toMatchObject({ role: 2 });
});

test('eleven minutes later both deletions have ended, and events say what is left', async () => {
  await operator.kill();
  await environment.startOperator({}, { environment: { ...environment.awsEnvironment, NODE_OPTIONS: later(11) } });
  for (const { cluster, why } of clusters) {
    await workspace.gone('iamserviceaccount', cluster);
    const { type, note } = await workspace.event('IAMServiceAccount', cluster, 'AnnotationsLeft');
    expect([type, note]).toEqual(['Warning', expect.stringContaining(`default/${cluster}: ${why}`)]);
  }
  expect(counts(await holdings(account))).not.toHaveProperty('role');
});
