import { Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Milliseconds that one question to one server may take. */
const patience = 1_500;

/**
 * Resolves names by these servers instead of the machine's own, which may see another zone of the name than the world does.
 * @param nameservers addresses, with a port if it is not 53: `9.9.9.9`, `[2620:fe::fe]:53`
 */
export function lookupBy(nameservers: readonly string[]): LookupFunction {
  const resolver = new Resolver({ timeout: patience, tries: 1 });
  resolver.setServers(nameservers);
  return (hostname, { all }, done) => {
    const answer = (family: 4 | 6, addresses: readonly string[]) => {
      if (all)
        done(
          null,
          addresses.map((address) => ({ address, family })),
        );
      else done(null, addresses[0] ?? '', family);
    };
    resolver.resolve4(hostname, (_, four = []) => {
      if (four.length > 0) return answer(4, four);
      resolver.resolve6(hostname, (error, six = []) => {
        if (error) done(error, '');
        else answer(6, six);
      });
    });
  };
}
