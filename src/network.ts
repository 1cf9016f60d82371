import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates } from 'node:tls';

/** The way to everything but Kubernetes API servers. */
export interface Network {
  /** In the form that Node's agents take. */
  readonly proxyEnv: { readonly HTTPS_PROXY?: string; readonly NO_PROXY?: string };
  /** Addresses that are reached without the proxy. Node's agents know no ranges of IPv6 addresses. */
  readonly direct: BlockList;
  /** PEM. Undefined: Node's own certificates alone. */
  readonly ca: string[] | undefined;
}

/** Milliseconds. Longer than any caller waits for a connection, so that each fails with its own error. */
const tunnelTimeout = 10_000;

/** The agent of all connections. */
export const agentOf = (network: Network, timeout = tunnelTimeout): Agent =>
  new NetworkAgent(network, { keepAlive: true, maxSockets: 50 }, timeout);

/**
 * Goes the network's way, and ends tunnels that a proxy, or who stands behind it, does not finish in time. A request that is given
 * up ends its own connection, but one through a proxy has none before the tunnel is finished, and Node would leave a tunnel to a
 * silent proxy open for ever.
 */
export class NetworkAgent extends Agent {
  private readonly direct: Agent;

  constructor(
    private readonly network: Network,
    options: AgentOptions = {},
    private readonly timeout = tunnelTimeout,
  ) {
    const { proxyEnv, ca } = network;
    const trusting = { ...options, ...(ca && { ca }) };
    super({ ...trusting, proxyEnv });
    this.direct = new Agent(trusting);
  }

  override createConnection(options: RequestOptions, done?: (error: Error | null, socket: Duplex) => void) {
    const host = options.host ?? '';
    if (this.network.direct.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'))
      return this.direct.createConnection(options, done);
    const socket = super.createConnection(options, (error, made) => {
      clearTimeout(timer);
      done?.(error, made);
    });
    const timer = setTimeout(() => {
      if (!this.#isHandedOut(socket)) socket?.destroy(new Error(`no tunnel within ${this.timeout} ms`));
    }, this.timeout);
    timer.unref();
    return socket;
  }

  /** A connection without a proxy is handed out while it is being made. */
  #isHandedOut(socket: unknown): boolean {
    return [this.sockets, this.freeSockets].some((byName) =>
      Object.values(byName).some((sockets) => sockets?.some((each) => each === socket)),
    );
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the proxy as curl does (https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY; no_proxy, NO_PROXY), and AWS_CA_BUNDLE. Node's own
 * reading ignores what it does not understand, and calls would go another way than somebody meant.
 * https://everything.curl.dev/usingcurl/proxies/env.html
 * @returns the problems too, each with the name of its variable and without the password that may be in it
 */
export function readNetwork(environment: Environment): { readonly network: Network; readonly problems: string[] } {
  const problems: string[] = [];
  const attempt = <T>(variable: Variable | undefined, read: (value: string) => T): T | undefined => {
    if (!variable) return undefined;
    try {
      return read(variable.value);
    } catch (error) {
      problems.push(`${variable.name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const proxy = attempt(first(environment, ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']), proxyOf);
  const bypass = attempt(first(environment, ['no_proxy', 'NO_PROXY']), bypassOf);
  const direct = new BlockList();
  for (const { address, bits } of bypass?.ranges ?? [])
    direct.addSubnet(address, bits, isIPv6(address) ? 'ipv6' : 'ipv4');
  const bundle = attempt(first(environment, ['AWS_CA_BUNDLE']), bundleOf);
  const proxyEnv = {
    ...(proxy !== undefined && { HTTPS_PROXY: proxy }),
    ...(bypass !== undefined && { NO_PROXY: bypass.hosts.join(',') }),
  };
  return {
    network: { proxyEnv, direct, ca: bundle === undefined ? undefined : [...getCACertificates('default'), bundle] },
    problems,
  };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** An empty variable counts as absent. */
function first(environment: Environment, names: readonly string[]): Variable | undefined {
  return names.map((name) => ({ name, value: environment[name]?.trim() ?? '' })).find(({ value }) => value !== '');
}

function proxyOf(text: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch {
    throw new Error('must be a proxy such as proxy.example.com:3128 or http://user:password@proxy.example.com:3128');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`a proxy of type ${url.protocol.slice(0, -1)} is not supported: name one of http or https`);
  }
  return url.href;
}

interface Range {
  readonly address: string;
  readonly bits: number;
}

function bypassOf(text: string): { readonly hosts: readonly string[]; readonly ranges: readonly Range[] } {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  const isRange = (entry: string) => entry.includes('/');
  return {
    hosts: entries.filter((entry) => !isRange(entry)).flatMap((entry) => hostsOf(entry.toLowerCase())),
    ranges: entries.filter(isRange).map(rangeOf),
  };
}

/** A name counts for the names below it too. A name with a port, which curl does not know, counts for that name alone. */
function hostsOf(entry: string): readonly string[] {
  const address = entry.replace(/^\[(.*)\]$/, '$1');
  if (entry === '*' || isIPv4(entry)) return [entry];
  if (isIPv6(address)) return [address, `[${address}]`];
  const [, name = '', port] =
    /^(?:\*?\.)?((?:[a-z0-9_]|[a-z0-9_][a-z0-9_.-]*[a-z0-9_]))\.?(?::(\d+))?$/.exec(entry) ?? [];
  if (name === '') throw new Error(`${entry} is not a name, an address, a range such as 10.0.0.0/8, or *`);
  return port === undefined ? [`.${name}`] : [`${name}:${port}`];
}

function rangeOf(entry: string): Range {
  const [address = '', length = ''] = entry.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (!/^\d+$/.test(length) || Number(length) > bits) {
    throw new Error(`${entry} is not a range of addresses such as 10.0.0.0/8 or fd00::/8`);
  }
  return { address, bits: Number(length) };
}

function bundleOf(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${file} holds no certificate in PEM`);
  return text;
}
