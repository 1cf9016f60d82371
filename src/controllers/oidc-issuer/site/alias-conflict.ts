import type { ObservedRecord } from '../../../aws/dns.ts';
import { isAccessDenied } from '../../../aws/errors.ts';
import { plainName } from '../../../aws/names.ts';
import { TerminalError } from '../../explain.ts';
import type { AcceptedSite } from '../context.ts';
import { addressRecords, pointsAt } from './dns-records.ts';

/**
 * Why CloudFront refuses the alias to our distribution. It gives the same answer for two causes, and neither proves that somebody
 * else answers. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html
 * @param id our distribution, which has the certificate of the alias. Undefined: there is none that could be asked
 */
export async function aliasTaken(
  context: AcceptedSite,
  id: string | undefined,
  cause: unknown,
): Promise<TerminalError> {
  const { alias } = context.site;
  const records = await recordsInTheWay(context);
  const shown = records.length > 0 ? `: in our zone it is ${records.map(describe).join(' and ')}` : '';
  const message = `CloudFront refuses alias ${alias}: ${await whoHas(context, id)}${shown}`;
  return new TerminalError('AliasTaken', message, { cause });
}

const recordElsewhere = "the name's DNS record (also a wildcard) points at another distribution";

const eitherCause = (advice: string) =>
  `another distribution, maybe of another account, lists it or a wildcard of it${advice}, or ${recordElsewhere}`;

/** If nobody can be asked, both causes are named: the refusal matters more. */
async function whoHas({ account, site, pass }: AcceptedSite, id: string | undefined): Promise<string> {
  if (id === undefined) return eitherCause('');
  try {
    const holders = await account.distributions.listAliasHolders(id, site.alias);
    const named = holders.map(
      ({ alias, distribution, account: itsAccount }) =>
        `distribution ${distribution} of account ${itsAccount} lists ${alias === site.alias ? 'it' : alias}`,
    );
    if (named.length > 0) return `${named.join(' and ')}, or ${recordElsewhere}`;
    return `no standard distribution lists it or a wildcard of it, so ${recordElsewhere}, or a distribution tenant has it`;
  } catch (error) {
    pass.signal.throwIfAborted();
    const advice = isAccessDenied(error) ? ' (cloudfront:ListConflictingAliases would tell which)' : '';
    return eitherCause(advice);
  }
}

/** The records of the name, or of a wildcard that answers for it. If they cannot be read, none is shown: the refusal matters more. */
async function recordsInTheWay(context: AcceptedSite): Promise<readonly ObservedRecord[]> {
  const { site, pass } = context;
  try {
    const place = await context.records();
    if (place.kept !== 'inZone') return [];
    const known = place.zone;
    const wildcards = wildcardsOf(site.alias, plainName(known.zone.name));
    const answers = [...addressRecords(known.records, site.alias)];
    for (const name of wildcards) {
      answers.push(...addressRecords((await known.dns.findRecords(known.zone, name)) ?? [], name));
    }
    const own = site.entry.distribution?.domainName;
    return answers.filter((record) => own === undefined || !pointsAt(record, own));
  } catch {
    pass.signal.throwIfAborted();
    return [];
  }
}

/** `*.b.c` and `*.c` of `a.b.c` in zone `c`. */
function wildcardsOf(alias: string, zone: string): readonly string[] {
  const labels = plainName(alias).split('.');
  const parents = labels.map((_, index) => labels.slice(index + 1).join('.'));
  return parents.filter((parent) => parent === zone || parent.endsWith(`.${zone}`)).map((parent) => `*.${parent}`);
}

const describe = ({ name, type, alias, values }: ObservedRecord) =>
  `${type} ${name} to ${alias?.dnsName ?? values.join(', ')}`;
