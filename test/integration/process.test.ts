import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { inClone } from '../environment/environment.ts';
import { Lab } from '../environment/lab.ts';
import type { Operator } from '../environment/operator.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(120_000);

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab?.stop());

const ended = (operator: Operator) => until('the operator to end', () => operator.exited || undefined);
const said = (operator: Operator, message: string) =>
  until(`the log to say: ${message}`, () => operator.log().find((line) => line.message === message));

/** Lets the tenant's bucket be created, and the operator wait for the answer until `letGo`. */
async function hangAtCreateBucket(tenant: Tenant): Promise<{ letGo: () => void }> {
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const then = () => (reached.resolve(), held.promise);
  lab.environment.front.fail('CreateBucket', { kind: 'tookEffect', then });
  await tenant.applyIssuer();
  await reached.promise;
  return { letGo: held.resolve };
}

/** What the operator last found out about the tenant's issuer. */
const conditionsOf = async (tenant: Tenant) => (await tenant.issuer())?.status?.conditions ?? [];

test('a configuration that is wrong in several ways ends the process with code 2, and all of them are said', async () => {
  const operator = await lab.startOperator({ installation: 'Upper Case', logLevel: 'loud', concurency: 3 });
  await ended(operator);
  expect(await operator.terminate()).toBe(2);
  expect(operator.output()).toContain('installation: must be');
  expect(operator.output()).toContain('logLevel: ');
  expect(operator.output()).toContain('concurency');
});

test('a start as another installation ends the process with code 2, changes nothing, and says what to do', async () => {
  const tenant = await lab.tenant('renamed');
  await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.ready('iamserviceaccount');
  const held = await tenant.holdings();
  lab.environment.front.clearCalls();

  const operator = await lab.startOperator({ installation: 'other' });
  await ended(operator);
  expect(await operator.terminate()).toBe(2);
  expect(operator.output()).toContain('ConfigMap irsa-system/irsa-operator-installation');
  expect(operator.output()).toContain('Set it to demo again');
  expect(lab.environment.front.calls).toEqual([]);
  expect(await tenant.holdings()).toEqual(held);

  const configMap = ['--namespace', 'irsa-system', 'configmap', 'irsa-operator-installation'];
  const edit = lab.environment.kubectl([
    'patch',
    ...configMap,
    '--type=merge',
    '-p',
    '{"data":{"installation":"other"}}',
  ]);
  await expect(edit).rejects.toThrow('immutable');
  await lab.startOperator();
  await tenant.ready('iamserviceaccount');
});

/** A grace that no test lives to see end. */
const endless = { shutdownGrace: '5m' };

test('at rest SIGTERM ends it without waiting for its grace to be over, with code 0', async () => {
  const tenant = await lab.tenant('resting');
  const operator = await lab.startOperator(endless);
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  expect(await operator.terminate()).toBe(0);
});

test('SIGTERM lets a pass that runs end, which stores what it found, and ends with code 0', async () => {
  const tenant = await lab.tenant('graced');
  const operator = await lab.startOperator(endless);
  const { letGo } = await hangAtCreateBucket(tenant);
  const code = operator.terminate();
  await said(operator, 'stopping');
  expect(await conditionsOf(tenant)).toEqual([]);
  letGo();
  expect(await code).toBe(0);
  expect(await conditionsOf(tenant)).toContainEqual(expect.objectContaining({ type: 'BucketReady', status: 'True' }));
});

test('SIGTERM aborts a call that hangs when its grace is over, and ends with code 0', async () => {
  const tenant = await lab.tenant('stalled');
  const operator = await lab.startOperator({ shutdownGrace: '1s' });
  const { letGo } = await hangAtCreateBucket(tenant);
  expect(await operator.terminate()).toBe(0);
  letGo();
  expect(await conditionsOf(tenant)).toEqual([]);
});

test('it waits for an API server that is down when it starts', async () => {
  const tenant = await lab.tenant('early');
  const { controlPlane } = lab.environment;
  await tenant.applyIssuer();
  await controlPlane.stopApiServer();
  const operator = await lab.startOperator();
  await said(operator, 'not yet');
  await controlPlane.restartApiServer({});
  await tenant.ready('oidcissuer');
  expect(operator.exited).toBe(false);
});

test('it lives through an API server that is restarted again and again', async () => {
  const tenant = await lab.tenant('rolled');
  const operator = await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  for (const managed of ['AmazonS3ReadOnlyAccess', 'AWSXrayWriteOnlyAccess']) {
    await lab.environment.controlPlane.restartApiServer({});
    await tenant.applyRole({ policies: { managed: [managed] } });
    const generation = (await tenant.role())?.metadata.generation;
    await until('the change to be seen', async () => {
      const { observedGeneration } = (await tenant.role())?.status ?? {};
      return observedGeneration === generation || undefined;
    });
    await tenant.ready('iamserviceaccount');
  }
  expect(operator.exited).toBe(false);
  expect(operator.output()).not.toMatch(/unhandled/i);
});

test('it makes a signing key only where it may, and says what lets it', async () => {
  const tenant = await lab.tenant('cautious');
  await tenant.kubectl(['delete', '-k', inClone('config/components/secrets')]);
  await lab.startOperator();
  await tenant.applyIssuer();
  const condition = await until('the refusal', async () => {
    const { conditions = [] } = (await tenant.issuer())?.status ?? {};
    return conditions.find(({ reason }) => reason === 'SecretForbidden');
  });
  expect(condition.message).toContain('kubectl apply --namespace cautious -k config/components/secrets');
  await tenant.kubectl(['apply', '-k', inClone('config/components/secrets')]);
  await tenant.ready('oidcissuer');
});

test('without the CRD of AWSClusters all else works, and they are seen soon after it is installed', async () => {
  const { environment } = lab;
  await environment.kubectl(['delete', 'crd', 'awsclusters.infrastructure.giantswarm.io']);
  const tenant = await lab.tenant('first');
  const operator = await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  expect(await said(operator, 'the kind is not installed')).toMatchObject({ level: 'warn', resource: 'awsclusters' });

  await environment.install();
  await environment.kubectl(['create', 'namespace', 'org-acme']);
  await environment.kubectl(['apply', '-n', 'org-acme', '-k', inClone('config/components/secrets')]);
  await environment.kubectl(['apply', '-f', inClone('config/samples/awscluster.yaml')]);
  const annotation = 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts=';
  await environment.kubectl(['annotate', 'awscluster', 'abcl0', '-n', 'org-acme', annotation]);
  await until('the issuer of the AWSCluster', async () => {
    const found = await environment.kubectl(['get', 'oidcissuer', 'abcl0', '-n', 'org-acme', '--ignore-not-found']);
    return found.includes('abcl0') || undefined;
  });
});
