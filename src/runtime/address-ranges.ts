import { BlockList, isIPv4 } from 'node:net';

/** In the form 10.0.0.0/8. */
export type Subnets = readonly string[];

/** They lead to the operator's own machine, node or network: no name of a tenant's may stand for one of them. */
export const ownRanges = {
  loopback: ['127.0.0.0/8', '::1/128'],
  // 0.0.0.0/8 reaches this machine on Linux; addresses of the form ::a.b.c.d are IPv4 in disguise.
  unspecified: ['0.0.0.0/8', '::/96'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // Beside link-local: those of AWS, Google Cloud, Azure, Alibaba Cloud and Oracle Cloud.
  'a metadata service': ['fd00:ec2::/32', 'fd20:ce::/64', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  reserved: ['240.0.0.0/4'],
} as const;

/** Networks that the world does not reach: private, shared by a provider's customers, for benchmarks, unique-local, site-local. */
export const privateRanges = {
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', 'fec0::/10'],
} as const;

/** IPv6 that a gateway turns into IPv4 (NAT64, SIIT, 6to4), and the group of the address with which that begins. */
const carriers = [
  { subnets: ['64:ff9b::/96', '::ffff:0:0:0/96'], group: 6 },
  { subnets: ['2002::/16'], group: 1 },
];

const listOf = (subnets: Subnets): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list;
};

/** Ranges of addresses with a name each. */
export class AddressRanges<Name extends string> {
  readonly #ranges: readonly (readonly [Name, BlockList])[];
  readonly #carriers = carriers.map(({ subnets, group }) => ({ list: listOf(subnets), group }));

  constructor(ranges: Readonly<Record<Name, Subnets>>) {
    const entries = Object.entries(ranges) as [Name, Subnets][];
    this.#ranges = entries.map(([name, subnets]) => [name, listOf(subnets)]);
  }

  /** The range that the address is in, also as an IPv6 address that stands for it. */
  find(address: string): Name | undefined {
    const plain = address.split('%')[0] ?? '';
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
    // BlockList compares an IPv4-mapped address as the IPv4 address that it is.
    const found = this.#ranges.find(([, list]) => list.check(plain, family))?.[0];
    if (found !== undefined || family === 'ipv4') return found;
    const carrier = this.#carriers.find(({ list }) => list.check(plain, family));
    return carrier && this.find(carriedIPv4(plain, carrier.group));
  }
}

function carriedIPv4(address: string, group: number): string {
  // The URL parser writes the last groups as hexadecimal too, with one run of zeros left out.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((each) => each !== ''));
  const zeros = Array<string>(8 - before!.length - after!.length).fill('0');
  const numbers = [...before!, ...zeros, ...after!].slice(group, group + 2).map((each) => parseInt(each, 16));
  return numbers.flatMap((each) => [each >> 8, each & 255]).join('.');
}
