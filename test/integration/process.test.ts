import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inClone } from '../environment/environment.ts';
import { Lab } from '../environment/lab.ts';
import type { Operator } from '../environment/operator.ts';
import { until } from '../environment/wait.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start(['resting', 'stalled', 'early', 'rolled', 'cautious', 'first']);
}, 60_000);
afterAll(() => lab?.stop());

const ended = (operator: Operator) => until('the operator to end', () => operator.exited || undefined);
const said = (operator: Operator, message: string) =>
  until(`the log to say: ${message}`, () => operator.log().find((line) => line.message === message));

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = Date.now();
  await work();
  return Date.now() - started;
}

test('a configuration that is wrong in several ways ends the process with code 2, and all of them are said', async () => {
  const operator = await lab.startOperator({ installation: 'Upper Case', logLevel: 'loud', concurency: 3 });
  await ended(operator);
  expect(await operator.terminate()).toBe(2);
  expect(operator.output()).toContain('installation: must be');
  expect(operator.output()).toContain('logLevel: ');
  expect(operator.output()).toContain('concurency');
});

test('at rest SIGTERM ends it at once, with code 0', async () => {
  const tenant = await lab.tenant('resting');
  const operator = await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  const took = await millisecondsOf(async () => expect(await operator.terminate()).toBe(0));
  expect(took).toBeLessThan(2_000);
}, 30_000);

test('SIGTERM gives a call that hangs its grace, aborts it, and ends with code 0', async () => {
  const tenant = await lab.tenant('stalled');
  const operator = await lab.startOperator({ shutdownGrace: '1s' });
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const then = () => (reached.resolve(), held.promise);
  lab.environment.front.fail('CreateBucket', { kind: 'tookEffect', then });
  try {
    await tenant.applyIssuer();
    await reached.promise;
    const took = await millisecondsOf(async () => expect(await operator.terminate()).toBe(0));
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(4_000);
  } finally {
    held.resolve();
  }
  const { conditions = [] } = (await tenant.issuer())?.status ?? {};
  expect(conditions).toEqual([]);
}, 30_000);

test('it waits for an API server that is down when it starts', async () => {
  const tenant = await lab.tenant('early');
  const { controlPlane } = lab.environment;
  await tenant.applyIssuer();
  await controlPlane.stopApiServer();
  const operator = await lab.startOperator();
  await said(operator, 'watch broke off');
  await controlPlane.restartApiServer({});
  await tenant.ready('oidcissuer');
  expect(operator.exited).toBe(false);
}, 60_000);

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
}, 60_000);

test('it makes a signing key only where it may, and says what lets it', async () => {
  const tenant = await lab.tenant('cautious');
  await tenant.kubectl(['delete', '-k', inClone('config/components/secrets')]);
  await lab.startOperator();
  await tenant.applyIssuer();
  const condition = await until('the refusal', async () => {
    const { conditions = [] } = (await tenant.issuer())?.status ?? {};
    return conditions.find(({ reason }) => reason === 'SecretForbidden');
  });
  expect(condition.message).toContain('apply config/components/secrets in namespace cautious');
  await tenant.kubectl(['apply', '-k', inClone('config/components/secrets')]);
  await tenant.ready('oidcissuer');
}, 60_000);

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
  await environment.kubectl(['apply', '-f', inClone('config/samples/awscluster.yaml')]);
  const annotation = 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts=';
  await environment.kubectl(['annotate', 'awscluster', 'abcl0', '-n', 'org-acme', annotation]);
  await until('the issuer of the AWSCluster', async () => {
    const found = await environment.kubectl(['get', 'oidcissuer', 'abcl0', '-n', 'org-acme', '--ignore-not-found']);
    return found.includes('abcl0') || undefined;
  });
}, 60_000);
