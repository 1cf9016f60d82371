import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AddressRanges, ownRanges, privateRanges } from './address-ranges.ts';

/**
 * Resolves names to the addresses that the world reaches, and keeps silent about all others: a name that has none of those does
 * not exist, so that nobody can use a name of theirs to learn what is inside our network. The answer that was judged is the one
 * that is used, so a name that changes its answer between two looks helps nobody.
 */
export function publicOnly(lookup: LookupFunction): LookupFunction {
  const inside = new AddressRanges({ ...ownRanges, ...privateRanges });
  return (hostname, options, done) =>
    lookup(hostname, { ...options, all: true }, (error, answer, family = 0) => {
      if (error) return done(error, '');
      const found: readonly LookupAddress[] = typeof answer === 'string' ? [{ address: answer, family }] : answer;
      const open = found.filter(({ address }) => inside.find(address) === undefined);
      const [first] = open;
      if (!first) return done(noAddress(hostname), '');
      if (options.all) return done(null, open);
      done(null, first.address, first.family);
    });
}

/** As the resolver says of a name without addresses. https://nodejs.org/api/dns.html#error-codes */
export const noAddress = (hostname: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${hostname} has no public address`), { code: 'ENODATA' });
