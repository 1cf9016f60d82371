import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Environment } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, oidcIssuer, serviceAccount } from './objects.ts';
import { ownAccountID, passesOverRoles, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const roleKey = 'eks.amazonaws.com/role-arn';
const subjects = [{ namespace: 'default', name: 'shared' }];

let environment: Environment;
let workspace: Workspace;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, 'org-acme');
  await workspace.account(ownAccountID);
  await environment.startOperator({ intervals: { resync: '1s' } });
  await workspace.apply(oidcIssuer('abcl0', { cluster: { inCluster: {} } }), serviceAccount('shared'));
  await workspace.ready('oidcissuer/abcl0');
});

afterAll(() => environment?.stop());

async function sharedServiceAccount() {
  const json = await environment.kubectl(['--namespace=default', 'get', 'serviceaccount', 'shared', '--output=json']);
  const { metadata } = JSON.parse(json) as {
    metadata: { resourceVersion: string; uid: string; annotations?: Record<string, string> };
  };
  return { ...metadata, role: metadata.annotations?.[roleKey] };
}

async function passesOverBoth(): Promise<void> {
  const { next } = await environment.controlPlane.audit();
  const passes = () => passesOverRoles(environment, next, ['older', 'another']);
  await until('three passes over each', async () => (await passes()) > 3 || undefined);
}

test('a service account of two objects stays with the older one, also made anew, and nobody rewrites it', async () => {
  await workspace.apply(iamServiceAccount('older', 'abcl0', { subjects }));
  await workspace.ready('iamserviceaccount/older');
  // The API server counts the age of objects in seconds; the name alone would give it to the other one.
  const since = Date.now();
  await until('another second', () => Date.now() - since > 1000 || undefined);
  await workspace.apply(iamServiceAccount('another', 'abcl0', { subjects }));
  const conflict = { type: 'ServiceAccountsReady', reason: 'AnnotationConflict' };
  const holder = 'held by IAMServiceAccount org-acme/older, which is older';
  expect((await workspace.condition('iamserviceaccount', 'another', conflict)).message).toContain(holder);

  const before = await sharedServiceAccount();
  await environment.kubectl(['--namespace=default', 'delete', 'serviceaccount', 'shared']);
  await workspace.apply(serviceAccount('shared'));
  const { status } = await workspace.get<{ roleARN: string }>('iamserviceaccount', 'older');
  const anew = await until('the older one to annotate it', async () => {
    const found = await sharedServiceAccount();
    return found.role === undefined ? undefined : found;
  });
  expect(anew.role).toBe(status?.roleARN);
  expect(anew.uid).not.toBe(before.uid);

  await passesOverBoth();
  expect((await sharedServiceAccount()).resourceVersion).toBe(anew.resourceVersion);
  await workspace.ready('iamserviceaccount/older');
  expect((await workspace.condition('iamserviceaccount', 'another', conflict)).message).toContain(holder);
});
