import { describe, expect, test } from '@jest/globals';
import { ServerAddresses } from '../../../src/runtime/addresses.ts';
import { InvalidKubeconfigError } from '../../../src/runtime/untrusted-kubeconfig.ts';
import type { Resolve } from '../../../src/runtime/resolver.ts';

const addresses = (own: readonly string[] = [], allowLoopback = false) =>
  new ServerAddresses({ allowLoopback, own, resolve });

const resolve: Resolve = async (name) => {
  if (name === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
  throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
};

function refusal(host: string, judge = addresses()): string | undefined {
  try {
    judge.check(`https://${host}:6443/`);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidKubeconfigError);
    return (error as Error).message;
  }
  return undefined;
}

describe('a server is refused that is', () => {
  test.each<[string, string[]]>([
    [
      'loopback',
      [
        ...[
          '127.0.0.1',
          '127.1',
          '127.255.255.254',
          '0x7f.1',
          '0x7f000001',
          '2130706433',
          '017700000001',
          '0177.0.0.1',
        ],
        ...['127.0.0.1.', '127%2e0.0.1', '１２７.0.0.1', 'localhost', 'LocalHost.', 'api.localhost'],
        ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:7F00:0001]'],
        ...['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[::ffff:0:127.0.0.1]', '[2002:7f00:1::]'],
      ],
    ],
    ['unspecified', ['0.0.0.0', '0', '0x0', '0.1.2.3', '[::]', '[::ffff:0.0.0.0]', '[::7f00:1]', '[::10.0.0.1]']],
    [
      'link-local',
      [
        ...['169.254.169.254', '169.254.170.2', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.16689662'],
        ...['[fe80::1]', '[febf:ffff::1]', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]'],
        '[2002:a9fe:a9fe::1]',
      ],
    ],
    [
      'a metadata service',
      ['[fd00:ec2::254]', '[fd00:0ec2:0:0::23]', '168.63.129.16', '100.100.100.200', '192.0.0.192'],
    ],
    ['multicast', ['224.0.0.1', '239.255.255.255', '[ff02::1]', '[::ffff:224.0.0.1]']],
    ['reserved', ['255.255.255.255', '240.0.0.1']],
  ])('%s', (range, hosts) => {
    const refused = hosts.map((host) => [host, refusal(host)]);
    const message = `server must not be ${range}: it is an address of the operator's own`;
    expect(refused).toEqual(hosts.map((host) => [host, message]));
  });

  test.each([
    ['10.96.0.1', '10.96.0.1'],
    ['0x0a600001', '10.96.0.1'],
    ['[::ffff:10.96.0.1]', '10.96.0.1'],
    ['10.96.0.1', '::ffff:10.96.0.1'],
    ['[FD12::0001]', 'fd12::1'],
    ['API.mc.example.com.', 'api.mc.example.com'],
    ['[fd12::1]', '[fd12::1]'],
  ])("the operator's own: %s where that is %s", (host, own) => {
    expect(refusal(host, addresses([own]))).toContain('spec.cluster.inCluster');
  });
});

test.each(['10.0.0.1', '192.168.1.10', '52.1.2.3', '100.64.0.1', '[fd12::1]', '[2a05:d018::1]', '[64:ff9b::52.1.2.3]'])(
  'a server at %s is one like any other',
  (host) => expect(refusal(host, addresses(['10.96.0.1', 'api.mc.example.com']))).toBeUndefined(),
);

test('a name is one like any other, until it is resolved', () => {
  for (const host of ['api.example.com', 'localhost.example.com', '127.0.0.1.nip.io'])
    expect(refusal(host, addresses(['api.mc.example.com']))).toBeUndefined();
});

test('a setting allows loopback, and nothing else', () => {
  const demo = addresses(['127.0.0.1'], true);
  for (const host of ['127.0.0.1', '[::1]', 'localhost', '[::ffff:127.0.0.1]'])
    expect(refusal(host, demo)).toBeUndefined();
  for (const host of ['169.254.169.254', '0.0.0.0', '[fe80::1]', '224.0.0.1'])
    expect(refusal(host, demo)).toBeDefined();
});

describe('what a socket is to connect to', () => {
  const look = (judge: ServerAddresses, all: boolean) =>
    new Promise<unknown>((resolve, reject) =>
      judge.lookup('localhost', { all }, (error, found) => (error ? reject(error) : resolve(found))),
    );

  test.each([true, false])('is refused where a name resolves to an address that is (all: %s)', async (all) => {
    const judged = look(addresses(), all);
    await expect(judged).rejects.toThrow(InvalidKubeconfigError);
    await expect(judged).rejects.toThrow(/^server has a name that resolves to an address of the operator's own$/);
  });

  test('is handed on as it was judged', async () => {
    expect(await look(addresses([], true), true)).toContainEqual({ address: '127.0.0.1', family: 4 });
    expect(await look(addresses([], true), false)).toMatch(/^(127\.0\.0\.1|::1)$/);
  });

  test('that does not resolve is no refusal', async () => {
    const judged = new Promise((_, reject) => addresses().lookup('name.invalid', {}, reject));
    await expect(judged).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
