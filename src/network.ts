import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import { isIPv4, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates } from 'node:tls';

/** The way to everything but Kubernetes API servers, in the forms that Node's agents take. */
export interface Network {
  readonly proxyEnv: { readonly HTTPS_PROXY?: string; readonly NO_PROXY?: string };
  /** PEM. Undefined: Node's own certificates alone. */
  readonly ca: string[] | undefined;
}

/** Milliseconds. Longer than any caller waits for a connection, so that each fails with its own error. */
const tunnelTimeout = 10_000;

/** The agent of all connections. */
export function agentOf({ proxyEnv, ca }: Network, timeout = tunnelTimeout): Agent {
  return new TunnelAgent(timeout, { keepAlive: true, maxSockets: 50, proxyEnv, ...(ca && { ca }) });
}

/**
 * Ends tunnels that a proxy, or who stands behind it, does not finish in time. A request that is given up ends its own connection,
 * but one through a proxy has none before the tunnel is finished, and Node would leave a tunnel to a silent proxy open for ever.
 */
class TunnelAgent extends Agent {
  constructor(
    private readonly timeout: number,
    options: AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: RequestOptions, done?: (error: Error | null, socket: Duplex) => void) {
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
  const bundle = attempt(first(environment, ['AWS_CA_BUNDLE']), bundleOf);
  const proxyEnv = {
    ...(proxy !== undefined && { HTTPS_PROXY: proxy }),
    ...(bypass !== undefined && { NO_PROXY: bypass }),
  };
  return {
    network: { proxyEnv, ca: bundle === undefined ? undefined : [...getCACertificates('default'), bundle] },
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

/** A name counts for the names below it too. */
function bypassOf(text: string): string {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.flatMap((entry) => bypassEntries(entry.toLowerCase())).join(',');
}

function bypassEntries(entry: string): readonly string[] {
  const address = entry.replace(/^\[(.*)\]$/, '$1');
  if (entry === '*' || isIPv4(entry)) return [entry];
  if (isIPv6(address)) return [address, `[${address}]`];
  if (entry.includes('/')) return [rangeOf(entry)];
  const [, name = '', port] =
    /^(?:\*?\.)?((?:[a-z0-9_]|[a-z0-9_][a-z0-9_.-]*[a-z0-9_]))\.?(?::(\d+))?$/.exec(entry) ?? [];
  if (name === '') throw new Error(`${entry} is not a name, an address, a range such as 10.0.0.0/8, or *`);
  return port === undefined ? [`.${name}`] : [`${name}:${port}`];
}

/** Node takes a range by its ends. */
function rangeOf(entry: string): string {
  const [address = '', length = ''] = entry.split('/');
  const bits = Number(length);
  if (!isIPv4(address) || !/^\d+$/.test(length) || bits > 32) {
    throw new Error(`${entry} is not a range of IPv4 addresses such as 10.0.0.0/8, and no others are supported`);
  }
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - bits);
  const from = Math.floor(start / size) * size;
  return `${dotted(from)}-${dotted(from + size - 1)}`;
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

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
