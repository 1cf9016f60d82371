import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config.ts';

/** What Kubernetes tells the process of its pod. */
const pod = { POD_NAMESPACE: 'irsa-system' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, content);
  return path;
}

test('installation, region and the namespace of the pod are enough, and the rest has its defaults in milliseconds', () => {
  expect(loadConfig(['--installation', 'alpha', '--region', 'eu-west-1'], pod)).toEqual({
    installation: 'alpha',
    namespace: 'irsa-system',
    takeOver: [],
    region: 'eu-west-1',
    logLevel: 'info',
    concurrency: 32,
    callsPerSecond: {},
    workloadClusters: { allowLoopback: false },
    issuerCheck: { mode: 'Required', nameservers: [] },
    metrics: { port: 8080 },
    network: { proxyEnv: {}, direct: new BlockList(), ca: undefined },
    intervals: {
      certificate: 30_000,
      distribution: 30_000,
      dns: 10_000,
      documents: 10_000,
      dependents: 10_000,
      missing: 30_000,
      propagation: 60_000,
      keyCache: 86_400_000,
      resync: 300_000,
    },
    shutdownGrace: 20_000,
  });
});

test('a flag wins over the environment, which wins over the file', () => {
  const path = file('installation: from-file\nlogLevel: warn\nconcurrency: 2\n');
  const config = loadConfig(['--config', path, '--installation', 'from-flag'], {
    IRSA_OPERATOR_INSTALLATION: 'from-environment',
    IRSA_OPERATOR_LOG_LEVEL: 'debug',
    ...pod,
    AWS_REGION: 'eu-west-1',
  });
  expect(config).toMatchObject({ installation: 'from-flag', logLevel: 'debug', concurrency: 2 });
});

test('the region of the file goes before AWS_REGION, which every SDK on the machine reads', () => {
  const path = file('installation: a\nregion: eu-central-1\n');
  expect(loadConfig(['--config', path], { ...pod, AWS_REGION: 'us-east-1' }).region).toBe('eu-central-1');
  expect(loadConfig(['--installation', 'a'], { ...pod, AWS_REGION: 'us-east-1' }).region).toBe('us-east-1');
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1h30m', 5_400_000],
])('reads the duration %s', (text, milliseconds) => {
  const path = file(`installation: a\nintervals: {resync: ${text}}\n`);
  expect(loadConfig([], { IRSA_OPERATOR_CONFIG: path, ...pod, AWS_REGION: 'eu-west-1' }).intervals).toMatchObject({
    resync: milliseconds,
    dns: 10_000,
  });
});

test.each([
  ['intervals: {resync: 720h}', 'intervals.resync: must be 10ms to 24h'],
  ['intervals: {missing: 0s}', 'intervals.missing: must be 10ms to 24h'],
  ['intervals: {dns: 9ms}', 'intervals.dns: must be 10ms to 24h'],
  ['shutdownGrace: 5m1ms', 'shutdownGrace: must be 0s to 5m'],
  ['concurrency: 0', 'concurrency: Too small: expected number to be >=1'],
  ['concurrency: 65', 'concurrency: Too big: expected number to be <=64'],
  ['callsPerSecond: {iam: 0}', 'callsPerSecond.iam: Too small: expected number to be >=0.1'],
  ['callsPerSecond: {iam: 1001}', 'callsPerSecond.iam: Too big: expected number to be <=1000'],
])('refuses %s, for no timer and no loop can live with it', (line, problem) => {
  const path = file(`installation: a\n${line}\n`);
  expect(() => loadConfig(['--config', path], { ...pod, AWS_REGION: 'eu-west-1' })).toThrow(new ConfigError(problem));
});

test('takes the longest and the shortest durations that it says it takes', () => {
  const path = file('installation: a\nintervals: {resync: 24h, missing: 10ms}\nshutdownGrace: 0s\n');
  expect(loadConfig(['--config', path], { ...pod, AWS_REGION: 'eu-west-1' })).toMatchObject({
    intervals: { resync: 86_400_000, missing: 10 },
    shutdownGrace: 0,
  });
});

test('every problem is listed, each with its name', () => {
  const path = file('logLevel: loud\nintervals: {resync: soon}\ninstalation: typo\n');
  expect.assertions(7);
  try {
    loadConfig(['--config', path], {});
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).toMatch(/^installation: is required/m);
    expect(message).toMatch(/^region: is required/m);
    expect(message).toMatch(/^namespace: is required: set --namespace, or POD_NAMESPACE/m);
    expect(message).toMatch(/^logLevel: /m);
    expect(message).toMatch(/^intervals\.resync: must be a duration such as 500ms, 30s, 5m or 1h30m$/m);
    expect(message).toContain('instalation');
  }
});

test.each([
  ['an unknown flag', ['--verbose'], /verbose/],
  ['a file that is not there', ['--config', '/nonexistent/config.yaml'], /reading \/nonexistent\/config\.yaml/],
])('%s is an error that names it', (_, args, message) => {
  expect(() => loadConfig(args, {})).toThrow(message);
});

test('a file that is no mapping is an error', () => {
  expect(() => loadConfig(['--config', file('- installation')], {})).toThrow(/must be a YAML mapping/);
});

test.each(['Alpha', '-a', 'a_b', 'a'.repeat(33)])('refuses the installation %s', (installation) => {
  expect(() => loadConfig([], { IRSA_OPERATOR_INSTALLATION: installation })).toThrow(/installation: must be/);
});

test('takes over from clusters by the UID of their kube-system, and from nothing else', () => {
  const uid = '5b3c0d8e-7f0e-4a5e-9d5b-0f0f5c1c2d3e';
  const load = (value: string) =>
    loadConfig(['--config', file(`installation: a\n${value}\n`)], { ...pod, AWS_REGION: 'eu-west-1' });
  expect(load(`takeOver: [${uid}]`).takeOver).toEqual([uid]);
  expect(() => load('takeOver: [old-cluster]')).toThrow(/^takeOver\.0: must be the UID of namespace kube-system/);
});

test('names what it does not understand of the environment beside all other problems', () => {
  const environment = { ...pod, HTTPS_PROXY: 'socks5://proxy.corp:1080', NO_PROXY: '10.0.0.0/64' };
  expect(() => loadConfig(['--installation', 'Alpha', '--region', 'eu-west-1'], environment)).toThrow(
    /^installation: .*\nHTTPS_PROXY: .*\nNO_PROXY: .*$/,
  );
});

test.each(['9.9.9.9', '9.9.9.9:5353', '2620:fe::fe', '[2620:fe::fe]:53'])('takes %s for a nameserver', (server) => {
  const config = file(`issuerCheck: {nameservers: ["${server}"], mode: Skip}`);
  const { issuerCheck } = loadConfig(['--config', config, '--installation', 'alpha', '--region', 'eu-west-1'], pod);
  expect(issuerCheck).toEqual({ nameservers: [server], mode: 'Skip' });
});

test.each(['dns.example.com', '9.9.9', '9.9.9.9:99999', '[9.9.9.9', 'fe::fe]:53', ''])(
  'refuses the nameserver "%s"',
  (server) => {
    const config = file(`issuerCheck: {nameservers: ["${server}"]}`);
    expect(() => loadConfig(['--config', config, '--installation', 'alpha', '--region', 'eu-west-1'], pod)).toThrow(
      'issuerCheck.nameservers.0: must be an address',
    );
  },
);

test.each([0, 65, 1.5])('refuses a concurrency of %p', (concurrency) => {
  const config = file(`concurrency: ${concurrency}`);
  expect(() => loadConfig(['--config', config, '--installation', 'alpha', '--region', 'eu-west-1'], pod)).toThrow(
    'concurrency: ',
  );
});
