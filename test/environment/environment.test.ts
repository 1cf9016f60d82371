import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startAws } from '../backends/aws/edge-start.ts';
import { Edge } from '../backends/aws/edge.ts';
import { AwsFront } from '../backends/aws/front.ts';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { TestCA } from '../backends/test-ca.ts';
import { Environment } from './environment.ts';
import { Lab } from './lab.ts';

const variables = { ...process.env };
afterEach(() => {
  process.env = { ...variables };
  jest.restoreAllMocks();
  stop.mockClear();
});

/** For each thing of a test that would have to be stopped. */
const stop = jest.fn(async () => {});
const fake = <T>(parts: object = {}) => ({ ...parts, stop }) as unknown as T;

describe('what has started is stopped', () => {
  test('where the control plane does not start', async () => {
    jest.spyOn(ControlPlane, 'start').mockRejectedValue(new Error('no etcd'));
    const front = jest.spyOn(AwsFront.prototype, 'stop');
    await expect(Environment.start()).rejects.toThrow('no etcd');
    expect(front).toHaveBeenCalledTimes(1);
  });

  test('where AWS does not start', async () => {
    jest.spyOn(ControlPlane, 'start').mockResolvedValue(fake<ControlPlane>());
    process.env['IRSA_TEST_AWS_ENDPOINT'] = 'http://127.0.0.1:1';
    await expect(Environment.start()).rejects.toThrow('no moto answers there');
    expect(stop).toHaveBeenCalledTimes(1);
  });

  test('where the edge of AWS does not start', async () => {
    jest.spyOn(Edge, 'start').mockRejectedValue(new Error('no port'));
    const stops = [jest.spyOn(AwsFront.prototype, 'stop'), jest.spyOn(TestCA.prototype, 'remove')];
    await expect(startAws()).rejects.toThrow('no port');
    for (const stop of stops) expect(stop).toHaveBeenCalledTimes(1);
  });

  test('where the operator’s kinds cannot be installed', async () => {
    const install = jest.fn<Environment['install']>().mockRejectedValue(new Error('no such kind'));
    const environment = fake<Environment>({ install, front: { state: { timing: {} } } });
    jest.spyOn(Environment, 'start').mockResolvedValue(environment);
    await expect(Lab.start()).rejects.toThrow('no such kind');
    expect(stop).toHaveBeenCalledTimes(1);
  });
});
