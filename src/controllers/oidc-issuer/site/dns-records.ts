import type { DnsRecord } from '../../../aws/certificates.ts';
import type { ObservedRecord, RecordChange } from '../../../aws/dns.ts';
import { plainName } from '../../../aws/names.ts';

/**
 * In seconds: how long a resolver may keep a wrong record. An odd number, by which a record of ours is told from one that a
 * person, ACM's console (300) or another program made: Route 53 has no tags for records.
 */
const ttl = 301;

/** The one that the operator gave which this one succeeds. */
const olderTTL = 600;

/** The records that answer for the name: A, AAAA and CNAME. Others, such as TXT or CAA, live beside them. */
export function addressRecords(records: readonly ObservedRecord[], name: string): readonly ObservedRecord[] {
  return records.filter((record) => record.name === plainName(name) && ['A', 'AAAA', 'CNAME'].includes(record.type));
}

/** An alias record or a CNAME of this distribution. */
export function pointsAt(record: ObservedRecord, domain: string): boolean {
  const targets = record.alias ? [record.alias.dnsName] : record.type === 'CNAME' ? record.values : [];
  return targets.some((target) => plainName(target) === plainName(domain));
}

/** The changes that let the name answer as the distribution. Undefined if the name is somebody else's. */
export function aliasChanges(
  records: readonly ObservedRecord[],
  { alias, domain }: { readonly alias: string; readonly domain: string },
): readonly RecordChange[] | undefined {
  const observed = addressRecords(records, alias);
  if (!observed.every((record) => pointsAt(record, domain))) return undefined;
  const has = (type: string) => observed.some((record) => record.type === type);
  return [
    ...observed.filter(({ type }) => type === 'CNAME').map((record) => ({ action: 'delete' as const, record })),
    ...aliasCreations({ alias, domain })
      .filter(({ type }) => !has(type))
      .map((creation) => ({ ...creation, action: 'upsertAlias' as const })),
  ];
}

/** The changes that let a name answer as the distribution which has no such records yet. */
export const aliasCreations = ({ alias, domain }: { readonly alias: string; readonly domain: string }) =>
  (['A', 'AAAA'] as const).map((type) => ({
    action: 'createAlias' as const,
    name: alias,
    type,
    distributionDomain: domain,
  }));

/** The records of the name that point at one of these distributions, to be deleted. */
export function aliasDeletions(
  records: readonly ObservedRecord[],
  { alias, domains }: { readonly alias: string; readonly domains: readonly string[] },
): readonly RecordChange[] {
  return addressRecords(records, alias)
    .filter((record) => domains.some((domain) => pointsAt(record, domain)))
    .map((record) => ({ action: 'delete', record }));
}

/** The record of that name and type, whatever its value. */
export function findRecord(records: readonly ObservedRecord[], { name, type }: DnsRecord): ObservedRecord | undefined {
  return records.find((record) => record.name === plainName(name) && record.type === type);
}

export function hasValue(observed: ObservedRecord, { value }: DnsRecord): boolean {
  return observed.values.length === 1 && observed.values.every((other) => plainName(other) === plainName(value));
}

/** Whether it has the TTL that we give. */
export const hasOurTTL = (observed: ObservedRecord): boolean => observed.ttl === ttl;

/** Whether it has the TTL that the operator gave which this one succeeds. */
export const hasOlderTTL = (observed: ObservedRecord): boolean => observed.ttl === olderTTL;

export function upsert(record: DnsRecord): RecordChange {
  return { action: 'upsert', record, ttl };
}
