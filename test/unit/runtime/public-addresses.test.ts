import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect, test } from '@jest/globals';
import { publicOnly } from '../../../src/runtime/public-addresses.ts';

const open = ['18.64.0.1', '2600:9000:2000::1', '64:ff9b::1240:1'];

const familyOf = (address: string) => (address.includes(':') ? 6 : 4);
const answering =
  (...addresses: string[]): LookupFunction =>
  (_, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: familyOf(address) }));
    if (all) done(null, found);
    else done(null, found[0]!.address, found[0]!.family);
  };

const resolve = (lookup: LookupFunction, options: { readonly all?: boolean } = { all: true }) =>
  new Promise<string | LookupAddress[]>((done, fail) => {
    publicOnly(lookup)('irsa.example.com', options, (error, answer) => (error ? fail(error) : done(answer)));
  });

test.each([
  ['loopback', ['127.0.0.1', '::1', '::ffff:127.0.0.1']],
  ['unspecified', ['0.0.0.0', '::']],
  ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0']],
  ['a metadata service', ['fd00:ec2::254', '168.63.129.16']],
  ['private', ['10.0.0.7', '172.16.0.1', '172.31.255.254', '192.168.1.1', '::ffff:10.0.0.7', '64:ff9b::a00:7']],
  ['shared by a provider’s customers or for benchmarks', ['100.64.0.1', '198.18.0.1']],
  ['unique-local or site-local', ['fc00::1', 'fd12:3456::1', 'fec0::1']],
  ['multicast', ['224.0.0.1', 'ff02::1']],
  ['reserved', ['240.0.0.1', '255.255.255.255']],
])('an address that is %s is not there', async (_, addresses) => {
  for (const address of addresses) {
    await expect(resolve(answering(address))).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolve(answering(address, ...open))).resolves.toEqual(
      open.map((each) => ({ address: each, family: familyOf(each) })),
    );
  }
});

test('gives one address to whoever asks for one: the first public one', async () => {
  await expect(resolve(answering('10.0.0.7', ...open), {})).resolves.toBe(open[0]);
});

test('takes the answer of a lookup that knows only one address', async () => {
  const one =
    (address: string): LookupFunction =>
    (_, __, done) =>
      done(null, address, 4);
  await expect(resolve(one('18.64.0.1'))).resolves.toEqual([{ address: '18.64.0.1', family: 4 }]);
  await expect(resolve(one('10.0.0.7'))).rejects.toMatchObject({ code: 'ENODATA' });
});

test('passes on why a name does not resolve', async () => {
  const failing: LookupFunction = (_, __, done) => done(Object.assign(new Error('silent'), { code: 'ETIMEOUT' }), '');
  await expect(resolve(failing)).rejects.toMatchObject({ code: 'ETIMEOUT' });
});
