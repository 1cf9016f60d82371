import type { Distribution } from './distributions.ts';
import type { FrontState } from './state.ts';

/** Where a host name leads. */
export interface Site {
  readonly distribution: Distribution;
  /** The name on the certificate that the edge shows. */
  readonly certificateName: string;
}

/** The certificate of distributions without one of their own; no alias is among its names. */
const cloudFrontsOwn = '*.cloudfront.net';

/**
 * Finds the distribution that a host name leads to: by its own domain name, or by an alias that is listed on it and
 * points at its domain name in a public hosted zone. Undefined means that nobody answers under this name.
 */
export async function findSite(state: FrontState, host: string): Promise<Site | undefined> {
  const distributions = [...state.distributions.values()];
  const own = distributions.find(({ domainName }) => domainName === host);
  if (own) return { distribution: own, certificateName: cloudFrontsOwn };
  const targets = await resolve(state, host);
  const distribution = distributions.find(
    ({ aliases, domainName }) => aliases.includes(host) && targets.has(domainName),
  );
  return distribution && { distribution, certificateName: covers(state, distribution, host) ? host : cloudFrontsOwn };
}

/** What a name is an alias or a CNAME of, without the dot at the end. */
async function resolve(state: FrontState, host: string): Promise<ReadonlySet<string>> {
  const types = ['A', 'AAAA', 'CNAME'];
  const records = (await Promise.all(types.map((type) => state.dns.lookup(host, type)))).flat();
  const targets = records.flatMap(({ type, values, aliasTarget }) => [
    ...(aliasTarget ? [aliasTarget.dnsName] : []),
    ...(type === 'CNAME' ? values : []),
  ]);
  return new Set(targets.map((target) => target.replace(/\.$/, '').toLowerCase()));
}

function covers(state: FrontState, distribution: Distribution, host: string): boolean {
  const certificate = state.certificates.get(distribution.certificateARN ?? '');
  return certificate?.issuedAt !== undefined && certificate.covers(host);
}
