import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { AddressRanges, ownRanges } from './address-ranges.ts';
import { isLocalName, lookupBy, type Resolve } from './resolver.ts';
import { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

type Range = keyof typeof ownRanges;

export interface ServerAddressesOptions {
  /** For clusters on the same machine, as in a demo. */
  readonly allowLoopback: boolean;
  /** Hosts of the operator's own API server, names or addresses. */
  readonly own: readonly string[];
  /** For names that tenants write. */
  readonly resolve: Resolve;
  /** For our own names. Absent: as the machine resolves them. */
  readonly resolveOwn?: Resolve;
}

/** Which servers a tenant's kubeconfig may name. */
export class ServerAddresses {
  readonly #refused = new AddressRanges<Range>(ownRanges);

  constructor(private readonly options: ServerAddressesOptions) {}

  /**
   * Judges what the URL itself says. A name is judged again by what it resolves to, in lookup.
   * @throws InvalidKubeconfigError naming `server`
   */
  check(server: string): void {
    // The URL parser writes every spelling of an IPv4 address, as 0x7f.1 or 2130706433, with four decimal numbers.
    const host = hostOf(new URL(server).hostname);
    const range = isIP(host) !== 0 ? this.#refused.find(host) : isLocalName(host) ? 'loopback' : undefined;
    if (range !== undefined && !this.#isAllowed(range)) {
      throw new InvalidKubeconfigError(`server must not be ${range}: it is an address of the operator's own`);
    }
    if (range === undefined && this.options.own.some((own) => isSameHost(hostOf(own), host))) throw ownServer();
  }

  /**
   * For the socket: resolves a name and connects to no refused address. The answer that was judged is the one that is used, so
   * a name that changes its answer between two looks helps nobody.
   */
  readonly lookup: LookupFunction = lookupBy(async (hostname, { family = 0 }) => {
    const found = await this.options.resolve(hostname, { family });
    const own = await this.#ownAddresses();
    for (const { address } of found) {
      const range = this.#refused.find(address);
      if (range !== undefined && this.#isAllowed(range)) continue;
      // The sentence is always the same, so that nobody can use a name to learn which addresses exist.
      if (range !== undefined || own.some((other) => isSameHost(other, address)))
        throw new InvalidKubeconfigError("server has a name that resolves to an address of the operator's own");
    }
    return found;
  });

  async #ownAddresses(): Promise<string[]> {
    const hosts = this.options.own.map(hostOf);
    const { resolveOwn = (host) => lookup(host, { all: true }) } = this.options;
    const resolved = await Promise.all(
      // A name of our own that does not resolve has no address to refuse.
      hosts.filter((host) => isIP(host) === 0).map((host) => resolveOwn(host, {}).catch(() => [])),
    );
    return [...hosts.filter((host) => isIP(host) !== 0), ...resolved.flat().map(({ address }) => address)];
  }

  #isAllowed(range: Range): boolean {
    return range === 'loopback' && this.options.allowLoopback;
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

/** Compares addresses of both families by their meaning, not by their spelling. */
function isSameHost(a: string, b: string): boolean {
  if (isIP(a) === 0 || isIP(b) === 0) return a === b;
  const list = new BlockList();
  list.addAddress(a, isIPv4(a) ? 'ipv4' : 'ipv6');
  return list.check(b, isIPv4(b) ? 'ipv4' : 'ipv6');
}
