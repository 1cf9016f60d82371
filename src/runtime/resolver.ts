import { readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

export interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; of one family, if it says 4 or 6. */
export type Resolve = (hostname: string, options: { readonly family?: number }) => Promise<readonly Resolved[]>;

export interface ResolverOptions {
  /** Addresses, with a port if it is not 53: `9.9.9.9`, `[2620:fe::fe]:53`. Absent: the machine's own. */
  readonly nameservers?: readonly string[];
  /** Tried in this order after a name that does not exist as it is written. Absent: none. */
  readonly searchDomains?: readonly string[];
}

/** Milliseconds that one question to one server may take. */
const patience = 1_000;

/**
 * Resolves names that tenants write, by asking name servers directly. The C library would do it in one of the process's few
 * threads, which it blocks for as long as the servers of a name are silent: names of one tenant could keep all others, and AWS's,
 * from being resolved. https://nodejs.org/api/dns.html#implementation-considerations. It does not read /etc/hosts.
 */
export function resolverOf({ nameservers = [], searchDomains = [] }: ResolverOptions = {}): Resolve {
  const resolver = new Resolver({ timeout: patience, tries: 2 });
  if (nameservers.length > 0) resolver.setServers(nameservers);
  const ask = async (name: string, family: number): Promise<readonly Resolved[]> => {
    const questions = [
      ...(family === 6 ? [] : [resolver.resolve4(name).then((all) => all.map((address) => ({ address, family: 4 })))]),
      ...(family === 4 ? [] : [resolver.resolve6(name).then((all) => all.map((address) => ({ address, family: 6 })))]),
    ];
    const answers = await Promise.allSettled(questions);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    throw errors.find((error) => !isUnknown(error)) ?? errors[0];
  };
  return async (hostname, { family = 0 }) => {
    if (isLocalName(hostname)) return loopback.filter((each) => family === 0 || each.family === family);
    const names = hostname.endsWith('.')
      ? [hostname]
      : [hostname, ...searchDomains.map((each) => `${hostname}.${each}`)];
    let unknown: unknown;
    for (const name of names) {
      try {
        return await ask(name, family);
      } catch (error) {
        if (!isUnknown(error)) throw error;
        unknown ??= error;
      }
    }
    throw unknown;
  };
}

/** What DNS says of a name. */
export interface NameAnswer {
  /** Undefined: the name is no alias of another. */
  readonly cname: string | undefined;
  /** Of a name without CNAME. Empty: it has none, or does not exist. */
  readonly addresses: readonly string[];
}

/** Undefined if no name server answers, which says nothing of the name. */
export type LookUp = (name: string) => Promise<NameAnswer | undefined>;

/** For records that somebody else makes. */
export function lookUpOf({ nameservers = [] }: Pick<ResolverOptions, 'nameservers'> = {}): LookUp {
  const resolver = new Resolver({ timeout: patience, tries: 2 });
  if (nameservers.length > 0) resolver.setServers(nameservers);
  const answered = (question: Promise<string[]>) =>
    question.catch((error: unknown) => {
      if (isUnknown(error)) return [];
      throw error;
    });
  return async (name) => {
    try {
      const [cname] = await answered(resolver.resolveCname(name));
      if (cname !== undefined) return { cname, addresses: [] };
      const [four, six] = await Promise.all([resolver.resolve4(name), resolver.resolve6(name)].map(answered));
      return { cname, addresses: [...(four ?? []), ...(six ?? [])] };
    } catch {
      return undefined;
    }
  };
}

/** For a socket. */
export const lookupBy =
  (resolve: Resolve): LookupFunction =>
  (hostname, { all, family }, done) => {
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0);
    void resolve(hostname, { family: wanted }).then(
      (found) => (all ? done(null, [...found]) : done(null, found[0]!.address, found[0]!.family)),
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };

/** The search domains of the machine, by which pods reach services with short names. The last line counts: resolv.conf(5) */
export function searchDomainsOf(file = '/etc/resolv.conf'): readonly string[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const last = lines.findLast((line) => /^(search|domain)\s/.test(line)) ?? '';
    return last
      .split(/\s+/)
      .slice(1)
      .filter((domain) => domain !== '' && domain !== '.');
  } catch {
    return [];
  }
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
export const isLocalName = (host: string): boolean => /(^|\.)localhost\.?$/i.test(host);

const loopback: readonly Resolved[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** https://nodejs.org/api/dns.html#error-codes */
const isUnknown = (error: unknown) => ['ENOTFOUND', 'ENODATA'].includes(String((error as { code?: unknown }).code));
