import type { DnsRecord } from '../../../aws/certificates.ts';
import { plainName } from '../../../aws/names.ts';
import type { LookUp } from '../../../runtime/resolver.ts';
import type { Outcome } from '../../../runtime/step.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { tellRecords, toldRecords } from './told-records.ts';

/** A record that somebody else has to make, as DNS shows it. */
export interface ByHand {
  readonly isThere: boolean;
  /** Undefined if no name server answers. */
  readonly isShown: boolean | undefined;
  /** What has to be done, for messages. */
  readonly request: string;
  readonly look: () => Promise<Look>;
}

interface Look {
  /** Undefined: no name server answers, which says nothing. */
  readonly isThere: boolean | undefined;
  /** What DNS shows, for messages. */
  readonly shown: string;
}

/** Looks for the record that proves the domain to ACM. */
export function lookForRecord(context: AcceptedSite, record: DnsRecord): Promise<ByHand> {
  return told(context, record, {
    purpose: `and keep it, because ACM issues and renews the certificate by it`,
    look: () => lookForCNAME(context.services.lookUp, record),
  });
}

/** Looks for the record that points the alias at the distribution. */
export function lookForAlias(context: AcceptedSite, domainName: string): Promise<ByHand> {
  const record = { name: context.site.alias, type: 'CNAME' as const, value: domainName };
  return told(context, record, {
    purpose: `(at the apex of a zone, where no CNAME can be: the ALIAS or ANAME record of your DNS provider)`,
    look: () => lookForTarget(context.services.lookUp, record),
  });
}

/** A look without an answer changes nothing of what the status says. */
async function told(
  { status }: AcceptedSite,
  record: DnsRecord,
  { purpose, look }: { readonly purpose: string; readonly look: () => Promise<Look> },
): Promise<ByHand> {
  const name = plainName(record.name);
  const before = (status.dnsRecords ?? []).find((each) => each.name === name && each.type === record.type);
  const { isThere: isShown, shown } = await look();
  const isThere = isShown ?? (before?.value === plainName(record.value) && before.present);
  tellRecords(status, name, [{ ...record, present: isThere }]);
  const request = `make the DNS record ${record.type} ${name} with the value ${plainName(record.value)} ${purpose}. ${shown}`;
  return { isThere, isShown, request, look };
}

/** ACM and CloudFront are not asked before DNS shows the record. */
export const awaitByHand = ({ services }: AcceptedSite, { request, look }: ByHand): Outcome => ({
  state: 'waiting',
  reason: 'DNSRecordMissing',
  message: request,
  requeueAfter: services.settings.intervals.dns,
  isOver: async () => (await look()).isThere === true,
});

const silence: Look = { isThere: undefined, shown: 'No name server answers the operator now' };

async function lookForCNAME(lookUp: LookUp, { name, value }: DnsRecord): Promise<Look> {
  const answer = await lookUp(plainName(name));
  if (!answer) return silence;
  if (answer.cname === undefined) return { isThere: false, shown: 'DNS shows no such record yet' };
  const cname = plainName(answer.cname);
  return { isThere: cname === plainName(value), shown: `DNS shows ${cname} now` };
}

/** Some DNS providers answer with the addresses of the target instead. */
async function lookForTarget(lookUp: LookUp, record: DnsRecord): Promise<Look> {
  const [answer, target] = await Promise.all([lookUp(plainName(record.name)), lookUp(plainName(record.value))]);
  if (answer?.cname !== undefined || answer?.addresses.length === 0) return lookForCNAME(async () => answer, record);
  if (!answer || !target) return silence;
  const isThere = answer.addresses.some((address) => target.addresses.includes(address));
  return { isThere, shown: `DNS shows ${answer.addresses.toSorted().join(', ')} now` };
}

/** Tells whoever made records by hand that nothing uses them any more. */
export function releaseRecords({ status, site, pass }: SiteContext): void {
  const known = toldRecords(status, site.alias).map(({ name, type }) => `${type} ${name}`);
  const which = known.length > 0 ? known.join(' and ') : `of ${site.alias} and of names below it`;
  pass.event(
    'Normal',
    'RecordsReleased',
    `DNS records ${which}, which you made by hand, can go: delete them where you made them`,
  );
}
