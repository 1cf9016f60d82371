import { isDeepStrictEqual } from 'node:util';
import type * as route53 from '@aws-sdk/client-route-53';
import { page, ServiceError } from './service.ts';

export interface FakeRecord {
  /** Without trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly alias?: { readonly dnsName: string; readonly hostedZoneID: string };
  readonly values?: readonly string[];
  readonly ttl?: number | undefined;
  /** Of one of several records of a name and type, which share the answers by their weights. */
  readonly weighted?: { readonly setIdentifier: string; readonly weight: number };
}

export interface FakeZone {
  readonly id: string;
  /** Without trailing dot. */
  readonly name: string;
  readonly isPrivate: boolean;
  records: FakeRecord[];
}

interface Scope {
  pageSize(): number;
  nextNumber(): number;
}

export class FakeRoute53 {
  /** By id. */
  readonly zones = new Map<string, FakeZone>();
  private readonly pending = new Set<string>();
  private readonly changes = new Set<string>();

  constructor(private readonly scope: Scope) {}

  /** All changes reach all of Route 53's servers. */
  sync(): void {
    this.pending.clear();
  }

  ListHostedZones({ Marker }: route53.ListHostedZonesRequest) {
    const { items, next } = page(
      [...this.zones.values()],
      ({ id }) => id,
      Marker,
      Math.min(100, this.scope.pageSize()),
    );
    return {
      HostedZones: items.map(({ id, name, isPrivate }) => ({
        Id: `/hostedzone/${id}`,
        Name: `${name}.`,
        CallerReference: id,
        Config: { PrivateZone: isPrivate },
      })),
      IsTruncated: next !== undefined,
      NextMarker: next,
    };
  }

  ListResourceRecordSets(input: route53.ListResourceRecordSetsRequest) {
    const sorted = [...this.zone(input.HostedZoneId).records].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    const start = sortKey({ name: plain(input.StartRecordName ?? ''), type: input.StartRecordType ?? '' });
    const from = sorted.filter((record) => sortKey(record) >= start);
    const items = from.slice(0, Math.min(300, this.scope.pageSize()));
    const next = from[items.length];
    return {
      ResourceRecordSets: items.map(toRecordSet),
      IsTruncated: next !== undefined,
      NextRecordName: next && `${next.name}.`,
      NextRecordType: next?.type,
    };
  }

  ChangeResourceRecordSets({ HostedZoneId, ChangeBatch }: route53.ChangeResourceRecordSetsRequest) {
    const zone = this.zone(HostedZoneId);
    const changed = (ChangeBatch?.Changes ?? []).reduce(
      (records, change) => apply(zone, records, change),
      zone.records,
    );
    for (const { name, type } of changed) {
      const beside = changed.filter((other) => other.name === name);
      if (type === 'CNAME' && beside.length > 1)
        refuse(`RRSet of type CNAME with DNS name ${name} conflicts with others`);
    }
    zone.records = changed;
    const id = `C${this.scope.nextNumber()}`;
    this.changes.add(id);
    this.pending.add(id);
    return { ChangeInfo: { Id: `/change/${id}`, Status: 'PENDING', SubmittedAt: new Date() } };
  }

  GetChange({ Id = '' }: route53.GetChangeRequest) {
    if (!this.changes.has(Id)) throw new ServiceError('NoSuchChange', 404, Id);
    return { ChangeInfo: { Id, Status: this.pending.has(Id) ? 'PENDING' : 'INSYNC', SubmittedAt: new Date() } };
  }

  private zone(id = ''): FakeZone {
    const zone = this.zones.get(id);
    if (!zone) throw new ServiceError('NoSuchHostedZone', 404, id);
    return zone;
  }
}

function apply(zone: FakeZone, records: FakeRecord[], { Action, ResourceRecordSet }: route53.Change): FakeRecord[] {
  const record = toRecord(ResourceRecordSet);
  if (record.name !== zone.name && !record.name.endsWith(`.${zone.name}`)) refuse(`${record.name} is not in the zone`);
  if (record.alias && zone.isPrivate) refuse('an alias to CloudFront in a private zone');
  const others = records.filter(
    ({ name, type, weighted }) =>
      name !== record.name || type !== record.type || weighted?.setIdentifier !== record.weighted?.setIdentifier,
  );
  const existing = records.find((known) => !others.includes(known));
  if (Action === 'DELETE') {
    if (!isDeepStrictEqual(existing, record))
      refuse(`${record.type} ${record.name} was not found, or with other values`);
    return others;
  }
  if (Action === 'CREATE' && existing) refuse(`${record.type} ${record.name} exists`);
  return [...others, record];
}

function refuse(why: string): never {
  throw new ServiceError('InvalidChangeBatch', 400, why);
}

function toRecord(set: route53.ResourceRecordSet | undefined): FakeRecord {
  const { Name = '', Type = '', TTL, AliasTarget, ResourceRecords, SetIdentifier, Weight = 0 } = set ?? {};
  const weighted = SetIdentifier === undefined ? {} : { weighted: { setIdentifier: SetIdentifier, weight: Weight } };
  const key = { name: plain(Name).replace('\\052', '*'), type: Type, ...weighted };
  if (AliasTarget) {
    return {
      ...key,
      alias: { dnsName: plain(AliasTarget.DNSName ?? ''), hostedZoneID: AliasTarget.HostedZoneId ?? '' },
    };
  }
  return { ...key, ttl: TTL, values: (ResourceRecords ?? []).map(({ Value }) => Value ?? '') };
}

function toRecordSet({ name, type, alias, values, ttl, weighted }: FakeRecord) {
  const { setIdentifier: SetIdentifier, weight: Weight } = weighted ?? {};
  const key = { Name: `${name.replace('*', '\\052')}.`, Type: type, ...(weighted && { SetIdentifier, Weight }) };
  if (!alias) return { ...key, TTL: ttl, ResourceRecords: values?.map((Value) => ({ Value })) };
  const { dnsName, hostedZoneID } = alias;
  return { ...key, AliasTarget: { DNSName: `${dnsName}.`, HostedZoneId: hostedZoneID, EvaluateTargetHealth: false } };
}

/** By labels from the right, as Route 53 lists. */
function sortKey({ name, type }: Pick<FakeRecord, 'name' | 'type'>): string {
  return `${name.split('.').reverse().join('.')}. ${type}`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
