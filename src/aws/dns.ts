import * as route53 from '@aws-sdk/client-route-53';
import type { Route53Calls } from './calls.ts';
import type { DnsRecord } from './certificates.ts';
import { isNotFound, undefinedIfNotFound } from './errors.ts';
import { plainName } from './names.ts';

export interface Zone {
  readonly id: string;
  /** With a trailing dot, as Route 53 writes it. */
  readonly name: string;
  /** Only whoever looks from inside its VPCs sees it. */
  readonly isPrivate: boolean;
}

/** A record as observed: an alias target or the plain values. Names without trailing dot, in lower case. */
export interface ObservedRecord {
  readonly name: string;
  readonly type: string;
  readonly alias: { readonly dnsName: string; readonly hostedZoneID: string } | undefined;
  readonly values: readonly string[];
  /** In seconds. Undefined of an alias. */
  readonly ttl: number | undefined;
  /** As Route 53 gave it, with all that we do not know of. */
  readonly original: object;
}

export type RecordChange =
  /** `createAlias` is refused if the name has a record of that type, which `isChangeRefused` knows. */
  | {
      readonly action: 'createAlias' | 'upsertAlias';
      readonly name: string;
      readonly type: 'A' | 'AAAA';
      readonly distributionDomain: string;
    }
  | { readonly action: 'upsert'; readonly record: DnsRecord; readonly ttl: number }
  /** Sent back as it was read, because Route 53 deletes nothing that differs in any part, such as a weight or a set identifier. */
  | { readonly action: 'delete'; readonly record: ObservedRecord };

export interface ZoneSearch {
  readonly fresh?: boolean;
  /** Whether the zones that were found will do. Absent: if one of them is public. */
  readonly isEnough?: (found: readonly Zone[]) => boolean;
}

/** Route 53 of one account. */
export interface Dns {
  /**
   * The zones that hold the name, public and private, those with the longest name first. The list of zones is kept for an hour. It
   * is read again if that one is not enough, or with `fresh`: a closer zone may have been made meanwhile.
   */
  findZones(name: string, options?: ZoneSearch): Promise<readonly Zone[]>;
  /** One read: the records of this name and of the names below it (a validation record is `_x.<alias>`). Undefined if the zone is gone. */
  findRecords(zone: Zone, name: string): Promise<readonly ObservedRecord[] | undefined>;
  /**
   * The name between this one and that of the zone, neither included, which NS records in the zone give to other name servers. One
   * read for each such name. Undefined if there is none.
   */
  findDelegation(zone: Zone, name: string): Promise<string | undefined>;
  /** One transactional batch. Returns the id of the change. */
  change(zone: Zone, changes: readonly RecordChange[]): Promise<string>;
  /** GetChange: all of Route 53's servers know the change. An unknown change counts as known. */
  isInSync(changeID: string): Promise<boolean>;
}

/** The hosted zone of every CloudFront distribution. https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html */
const cloudFrontZoneID = 'Z2FDTNDATAQYW2';
/** Milliseconds. */
export const zonesRememberedFor = 3_600_000;

/** The zones of one account, which outlive the pass that listed them. */
export interface ZoneMemory {
  zones?: { readonly list: readonly Zone[]; readonly readAt: number } | undefined;
}

export class Route53Dns implements Dns {
  constructor(
    private readonly route53: Route53Calls,
    private readonly memory: ZoneMemory,
    private readonly now: () => number,
  ) {}

  async findZones(name: string, { fresh = false, isEnough = hasPublic }: ZoneSearch = {}): Promise<readonly Zone[]> {
    const { zones } = this.memory;
    const remembered = !fresh && zones && this.now() - zones.readAt < zonesRememberedFor;
    const known = remembered ? holding(zones.list, name) : undefined;
    if (known && isEnough(known)) return known;
    const list = await this.listZones();
    this.memory.zones = { list, readAt: this.now() };
    return holding(list, name);
  }

  findRecords(zone: Zone, name: string): Promise<readonly ObservedRecord[] | undefined> {
    return this.forgettingLostZones(this.listRecords(zone, name)).catch(undefinedIfNotFound);
  }

  async findDelegation(zone: Zone, name: string): Promise<string | undefined> {
    for (const between of namesBetween(plainName(name), plainName(zone.name))) {
      const work = this.route53.send(
        `looking for a delegation of ${between} in zone ${zone.name}`,
        new route53.ListResourceRecordSetsCommand({
          HostedZoneId: zone.id,
          StartRecordName: between,
          StartRecordType: 'NS',
          MaxItems: 1,
        }),
      );
      const { ResourceRecordSets: [first] = [] } = await this.forgettingLostZones(work);
      if (first?.Type === 'NS' && plainName(first.Name ?? '') === between) return between;
    }
    return undefined;
  }

  async change(zone: Zone, changes: readonly RecordChange[]): Promise<string> {
    const sent = this.route53.send(
      `changing records in zone ${zone.name} (${changes.map(inWords).join(', ')})`,
      new route53.ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        ChangeBatch: { Changes: changes.map(toChange) },
      }),
    );
    const { ChangeInfo } = await this.forgettingLostZones(sent);
    return withoutPrefix(ChangeInfo?.Id ?? '');
  }

  async isInSync(changeID: string): Promise<boolean> {
    try {
      const { ChangeInfo } = await this.route53.send(
        `reading change ${changeID}`,
        new route53.GetChangeCommand({ Id: changeID }),
      );
      return ChangeInfo?.Status === 'INSYNC';
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  private async listRecords(zone: Zone, name: string): Promise<readonly ObservedRecord[]> {
    const records: ObservedRecord[] = [];
    let start: Pick<route53.ListResourceRecordSetsRequest, 'StartRecordName' | 'StartRecordType'> = {
      StartRecordName: name,
    };
    for (;;) {
      const page = await this.route53.send(
        `listing the records of ${name} in zone ${zone.name}`,
        new route53.ListResourceRecordSetsCommand({ HostedZoneId: zone.id, ...start }),
      );
      records.push(...(page.ResourceRecordSets ?? []).map(toRecord).filter((record) => isWithin(record.name, name)));
      // Route 53 sorts by labels from the right, so the names below a name follow it directly.
      const more = page.IsTruncated === true && reversed(page.NextRecordName ?? '').startsWith(reversed(name));
      if (!more) return records;
      start = { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType };
    }
  }

  /** A zone that is gone may have been made again with another id. */
  private async forgettingLostZones<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isNotFound(error)) this.memory.zones = undefined;
      throw error;
    }
  }

  private async listZones(): Promise<Zone[]> {
    const zones: Zone[] = [];
    let Marker: string | undefined;
    do {
      const page = await this.route53.send('listing hosted zones', new route53.ListHostedZonesCommand({ Marker }));
      for (const { Id = '', Name = '', Config } of page.HostedZones ?? []) {
        zones.push({ id: withoutPrefix(Id), name: Name, isPrivate: Config?.PrivateZone ?? false });
      }
      Marker = page.IsTruncated ? page.NextMarker : undefined;
    } while (Marker);
    return zones;
  }
}

const holding = (zones: readonly Zone[], name: string): readonly Zone[] =>
  zones
    .filter((zone) => isWithin(plainName(name), plainName(zone.name)))
    .toSorted((a, b) => b.name.length - a.name.length);

const hasPublic = (zones: readonly Zone[]) => zones.some(({ isPrivate }) => !isPrivate);

/** `b.c.d` and `c.d` for `a.b.c.d` in zone `d`, both plain. */
function namesBetween(name: string, zone: string): readonly string[] {
  const labels = name.split('.');
  const above = labels.map((_, index) => labels.slice(index).join('.')).slice(1);
  return above.filter((each) => each !== zone && isWithin(each, zone));
}

function toRecord(set: route53.ResourceRecordSet): ObservedRecord {
  const { DNSName, HostedZoneId } = set.AliasTarget ?? {};
  return {
    // Route 53 takes a wildcard as `*` and answers with an escape.
    name: plainName(set.Name ?? '').replace('\\052', '*'),
    type: set.Type ?? '',
    alias: DNSName && HostedZoneId ? { dnsName: plainName(DNSName), hostedZoneID: HostedZoneId } : undefined,
    values: (set.ResourceRecords ?? []).flatMap(({ Value }) => Value ?? []),
    ttl: set.TTL,
    original: set,
  };
}

function inWords(change: RecordChange): string {
  const { name, type } = 'record' in change ? change.record : change;
  return `${change.action === 'delete' ? 'delete' : 'set'} ${type} ${name}`;
}

function toChange(change: RecordChange): route53.Change {
  switch (change.action) {
    case 'createAlias':
    case 'upsertAlias':
      return {
        Action: change.action === 'createAlias' ? 'CREATE' : 'UPSERT',
        ResourceRecordSet: {
          Name: change.name,
          Type: change.type,
          AliasTarget: aliasTarget(change.distributionDomain, cloudFrontZoneID),
        },
      };
    case 'upsert': {
      const { name: Name, type: Type, value: Value } = change.record;
      return { Action: 'UPSERT', ResourceRecordSet: { Name, Type, TTL: change.ttl, ResourceRecords: [{ Value }] } };
    }
    case 'delete':
      return { Action: 'DELETE', ResourceRecordSet: change.record.original as route53.ResourceRecordSet };
  }
}

function aliasTarget(DNSName: string, HostedZoneId: string): route53.AliasTarget {
  return { DNSName, HostedZoneId, EvaluateTargetHealth: false };
}

/** Route 53 returns ids as `/hostedzone/Z…` and `/change/C…`, and takes them without the prefix. */
function withoutPrefix(id: string): string {
  return id.replace(/^.*\//, '');
}

/** The name itself or below it, both plain. */
function isWithin(name: string, parent: string): boolean {
  return name === parent || name.endsWith(`.${parent}`);
}

function reversed(name: string): string {
  return plainName(name).split('.').reverse().join('.');
}
