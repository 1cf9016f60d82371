import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { HttpKubeClient } from '../../src/runtime/http-kube-client.ts';
import { KubeTransport } from '../../src/runtime/kube-transport.ts';
import { OperatorAccess } from '../../src/runtime/operator-access.ts';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { FakeKube } from '../fakes/kube.ts';
import { established } from '../environment/wait.ts';
import { transcript } from '../fakes/kube/transcript.ts';

let controlPlane: ControlPlane;
const stop = new AbortController();

beforeAll(async () => {
  controlPlane = await ControlPlane.start();
  await controlPlane.kubectl(['apply', '-k', 'crds']);
  await established((args) => controlPlane.kubectl(args), '--all');
});

afterAll(async () => {
  stop.abort();
  await controlPlane?.stop();
});

test('the fake API server of the reconciler tests tells the same story as the real one', async () => {
  const config = new KubeConfig();
  config.loadFromFile(controlPlane.kubeconfig);
  const transport = new KubeTransport({ access: new OperatorAccess(() => config), signal: stop.signal });
  const real = await transcript(new HttpKubeClient(transport), 'default');
  expect(real.length).toBeGreaterThan(10);
  expect(await transcript(new FakeKube(), 'default')).toEqual(real);
});
