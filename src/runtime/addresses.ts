import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { AddressRanges, ownRanges } from './address-ranges.ts';
import { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

type Range = keyof typeof ownRanges;

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
      const range = this.#refused.find(address);
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

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost');

/** Compares addresses of both families by their meaning, not by their spelling. */
function isSameHost(a: string, b: string): boolean {
  if (isIP(a) === 0 || isIP(b) === 0) return a === b;
  const list = new BlockList();
  list.addAddress(a, isIPv4(a) ? 'ipv4' : 'ipv6');
  return list.check(b, isIPv4(b) ? 'ipv4' : 'ipv6');
}
