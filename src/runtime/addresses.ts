import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

/** The addresses that a tenant's kubeconfig may not name: they lead to the operator's own machine, node or network. */
const refused = {
  loopback: ['127.0.0.0/8', '::1/128'],
  // 0.0.0.0/8 reaches this machine on Linux; addresses of the form ::a.b.c.d are IPv4 in disguise.
  unspecified: ['0.0.0.0/8', '::/96'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // Beside link-local: those of AWS, Google Cloud, Azure, Alibaba Cloud and Oracle Cloud.
  'a metadata service': ['fd00:ec2::/32', 'fd20:ce::/64', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  reserved: ['240.0.0.0/4'],
} as const;
type Range = keyof typeof refused;

/** IPv6 that a gateway turns into IPv4 (NAT64, SIIT, 6to4), and the group of the address with which that begins. */
const carriers = [
  { subnets: ['64:ff9b::/96', '::ffff:0:0:0/96'], group: 6 },
  { subnets: ['2002::/16'], group: 1 },
];

const listOf = (subnets: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list;
};

export interface ServerAddressesOptions {
  /** For clusters on the same machine, as in a demo. */
  readonly allowLoopback: boolean;
  /** Hosts of the operator's own API server, names or addresses. */
  readonly own: readonly string[];
  /** All addresses of a name. Absent: as the machine resolves it. */
  readonly resolve?: (hostname: string, options: { readonly family?: number }) => Promise<readonly Resolved[]>;
}

interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** Which servers a tenant's kubeconfig may name. */
export class ServerAddresses {
  readonly #ranges = Object.entries(refused).map(([name, subnets]) => [name as Range, listOf(subnets)] as const);
  readonly #carriers = carriers.map(({ subnets, group }) => ({ list: listOf(subnets), group }));

  constructor(private readonly options: ServerAddressesOptions) {}

  /**
   * Judges what the URL itself says. A name is judged again by what it resolves to, in lookup.
   * @throws InvalidKubeconfigError naming `server`
   */
  check(server: string): void {
    // The URL parser writes every spelling of an IPv4 address, as 0x7f.1 or 2130706433, with four decimal numbers.
    const host = hostOf(new URL(server).hostname);
    const range = isIP(host) !== 0 ? this.#rangeOf(host) : isLocalName(host) ? 'loopback' : undefined;
    if (range !== undefined && !this.#isAllowed(range)) {
      throw new InvalidKubeconfigError(`server must not be ${range}: it is an address of the operator's own`);
    }
    if (range === undefined && this.options.own.some((own) => isSameHost(hostOf(own), host))) throw ownServer();
  }

  /**
   * For the socket: resolves a name and connects to no refused address. The answer that was judged is the one that is used, so
   * a name that changes its answer between two looks helps nobody.
   */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    void this.#resolveAllowed(hostname, familyOf(options.family)).then(
      (found) => (options.all ? done(null, [...found]) : done(null, found[0]!.address, found[0]!.family)),
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };

  async #resolveAllowed(hostname: string, family: number): Promise<readonly Resolved[]> {
    const found = await this.#resolve(hostname, family);
    const own = await this.#ownAddresses();
    for (const { address } of found) {
      const range = this.#rangeOf(address);
      if (range !== undefined && this.#isAllowed(range)) continue;
      // The sentence is always the same, so that nobody can use a name to learn which addresses exist.
      if (range !== undefined || own.some((other) => isSameHost(other, address)))
        throw new InvalidKubeconfigError("server has a name that resolves to an address of the operator's own");
    }
    return found;
  }

  #resolve(hostname: string, family = 0): Promise<readonly Resolved[]> {
    return this.options.resolve?.(hostname, { family }) ?? lookup(hostname, { all: true, family });
  }

  async #ownAddresses(): Promise<string[]> {
    const hosts = this.options.own.map(hostOf);
    const resolved = await Promise.all(
      // A name of our own that does not resolve has no address to refuse.
      hosts.filter((host) => isIP(host) === 0).map((host) => this.#resolve(host).catch(() => [])),
    );
    return [...hosts.filter((host) => isIP(host) !== 0), ...resolved.flat().map(({ address }) => address)];
  }

  #isAllowed(range: Range): boolean {
    return range === 'loopback' && this.options.allowLoopback;
  }

  #rangeOf(address: string): Range | undefined {
    const plain = address.split('%')[0] ?? '';
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
    // BlockList compares an IPv4-mapped address as the IPv4 address that it is.
    const found = this.#ranges.find(([, list]) => list.check(plain, family))?.[0];
    if (found !== undefined || family === 'ipv4') return found;
    const carrier = this.#carriers.find(({ list }) => list.check(plain, family));
    return carrier && this.#rangeOf(carriedIPv4(plain, carrier.group));
  }
}

const ownServer = () =>
  new InvalidKubeconfigError(
    "server must not be the operator's own API server: that is reached by spec.cluster.inCluster",
  );

const hostOf = (hostname: string) =>
  hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();

const familyOf = (family: number | 'IPv4' | 'IPv6' | undefined) =>
  family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0);

function carriedIPv4(address: string, group: number): string {
  // The URL parser writes the last groups as hexadecimal too, with one run of zeros left out.
  const [head = '', tail = ''] = hostOf(new URL(`http://[${address}]`).hostname).split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((each) => each !== ''));
  const zeros = Array<string>(8 - before!.length - after!.length).fill('0');
  const numbers = [...before!, ...zeros, ...after!].slice(group, group + 2).map((each) => parseInt(each, 16));
  return numbers.flatMap((each) => [each >> 8, each & 255]).join('.');
}

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost');

/** Compares addresses of both families by their meaning, not by their spelling. */
function isSameHost(a: string, b: string): boolean {
  if (isIP(a) === 0 || isIP(b) === 0) return a === b;
  const list = new BlockList();
  list.addAddress(a, isIPv4(a) ? 'ipv4' : 'ipv6');
  return list.check(b, isIPv4(b) ? 'ipv4' : 'ipv6');
}
