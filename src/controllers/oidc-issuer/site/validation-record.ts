import { type Certificate, certificateRegion, type DnsRecord } from '../../../aws/certificates.ts';
import type { ObservedRecord } from '../../../aws/dns.ts';
import { adoptKey, type Owner, validationRecordKey } from '../../../aws/ownership.ts';
import type { Tags } from '../../../aws/tags.ts';
import { leftAlone, notOwned } from '../../ownership.ts';
import { type AcceptedSite, changeRecords, type RecordsPlace, type SiteContext, type ZoneRecords } from '../context.ts';
import { type ByHand, lookForRecord } from './by-hand.ts';
import { findRecord, hasOlderTTL, hasOurTTL, hasValue, upsert } from './dns-records.ts';
import { tellRecords } from './told-records.ts';

/** Makes the record that proves the domain to ACM, or looks whether somebody else made it. Undefined: ACM does not name it yet, or it is there. */
export async function ensureValidationRecord(
  context: AcceptedSite,
  certificate: Certificate,
  place: Exclude<RecordsPlace, { kept: 'nowhere' }>,
): Promise<ByHand | undefined> {
  const { validationRecord: record } = certificate;
  if (!record) return undefined;
  if (place.kept === 'byHand') return lookForRecord(context, record);
  await prove(context, certificate, record, place.zone);
  tellRecords(context.status, record.name, [{ ...record, present: true }]);
  return undefined;
}

/**
 * Whether the record came with an adopted certificate. It is written with our TTL, so that it goes with the issuer. A certificate
 * is no proof for a record that a person wrote, whose TTL is mostly another one.
 */
const isAdopted = (tags: Tags, observed: ObservedRecord, { owner }: Owner): boolean =>
  tags[adoptKey] === owner && hasOlderTTL(observed);

/**
 * The certificate says that we make the record before the record is there, so that no crash leaves a record that nobody deletes.
 * That alone does not prove that we made the record which is there later: its TTL has to be ours too.
 */
async function prove(
  context: AcceptedSite,
  { arn, tags }: Certificate,
  record: DnsRecord,
  zone: ZoneRecords,
): Promise<void> {
  const observed = findRecord(zone.records, record);
  if (observed && !hasValue(observed, record)) throw notOwned(`DNS record ${record.name} with another value`);
  if (observed && !isAdopted(tags, observed, context.owner)) return;
  if (tags[validationRecordKey] !== record.name) {
    await context.account.certificates.tag(arn, { set: { [validationRecordKey]: record.name }, remove: [] });
  }
  await changeRecords(context, zone, [upsert(record)]);
}

/**
 * ACM names the same record for each certificate of a name in an account, also in other regions, and renews by it. So it goes
 * only if it is proven that we made it and no other certificate names the domain, in the region of our certificates or in the issuer's own.
 */
export async function removeValidationRecord(
  context: SiteContext,
  own: readonly Certificate[],
  all: readonly Certificate[],
): Promise<void> {
  const record = own.find(({ validationRecord }) => validationRecord)?.validationRecord;
  if (!record) return;
  const isTold = own.some(({ tags }) => tags[validationRecordKey] === record.name);
  for (const zone of await context.allRecords()) {
    const observed = findRecord(zone.records, record);
    if (!observed || !hasValue(observed, record)) continue;
    const isMade = isTold && hasOurTTL(observed);
    if (isMade && all.length === own.length && !(await isNamedInOwnRegion(context))) {
      await changeRecords(context, zone, [{ action: 'delete', record: observed }]);
      continue;
    }
    const why = isMade
      ? 'by which another certificate renews,'
      : 'which proves the domain to ACM and was made or changed by somebody else,';
    leftAlone(context.pass, `DNS record ${record.name}, ${why}`);
  }
}

async function isNamedInOwnRegion({ account, object, site }: SiteContext): Promise<boolean> {
  const { region } = object.spec;
  if (region === certificateRegion) return false;
  return (await account.certificatesIn(region).listByDomain(site.alias)).length > 0;
}
