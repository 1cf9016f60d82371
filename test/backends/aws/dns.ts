import type { Emulator } from './emulator.ts';
import { items, parseXml, text, type Xml } from './xml.ts';

export interface Zone {
  /** Without `/hostedzone/`. */
  readonly id: string;
  readonly accountID: string;
  /** With the dot at its end, as Route 53 has it. */
  readonly name: string;
  readonly private: boolean;
}

export interface DnsRecord {
  /** Lower case, with the dot at its end. */
  readonly name: string;
  readonly type: string;
  /** Undefined for an alias. */
  readonly ttl?: string;
  readonly values: readonly string[];
  readonly aliasTarget?: { readonly zoneID: string; readonly dnsName: string };
}

/** The names that stand in Route 53, read from moto when they are asked for and kept until a call may have changed them. */
export class Dns {
  /** Accounts that have called Route 53. */
  readonly #accounts = new Set<string>();
  /** By path in an account. */
  readonly #read = new Map<string, Promise<Xml[]>>();

  constructor(private readonly emulator: Emulator) {}

  /** Names in this account's public zones can be looked up from now on. */
  know(accountID: string): void {
    this.#accounts.add(accountID);
  }

  /** To be called when a call has ended that may have changed a zone or record, of whatever account. */
  changed(): void {
    this.#read.clear();
  }

  clear(): void {
    this.#accounts.clear();
    this.changed();
  }

  /** The records of a name and type in the most specific public zone, whatever account holds it. */
  async lookup(name: string, type: string): Promise<DnsRecord[]> {
    const wanted = absolute(name);
    const zones = (await Promise.all([...this.#accounts].map((account) => this.zones(account)))).flat();
    const holding = zones.filter((zone) => !zone.private && `.${wanted}`.endsWith(`.${zone.name}`));
    const longest = Math.max(0, ...holding.map((zone) => zone.name.length));
    const records = await Promise.all(
      holding.filter((zone) => zone.name.length === longest).map((zone) => this.records(zone.accountID, zone.id)),
    );
    return records.flat().filter((record) => record.name === wanted && record.type === type);
  }

  async zones(accountID: string): Promise<Zone[]> {
    const pages = await this.#pages(accountID, '/2013-04-01/hostedzone', (page) => [
      ['marker', text(page, 'NextMarker')],
    ]);
    return pages
      .flatMap((page) => items(page, 'HostedZones', 'HostedZone'))
      .map((zone) => ({
        id: text(zone, 'Id').replace('/hostedzone/', ''),
        accountID,
        name: absolute(text(zone, 'Name')),
        private: text(zone, 'Config', 'PrivateZone') === 'true',
      }));
  }

  async records(accountID: string, zoneID: string): Promise<DnsRecord[]> {
    const pages = await this.#pages(accountID, `/2013-04-01/hostedzone/${zoneID}/rrset`, (page) => [
      ['name', text(page, 'NextRecordName')],
      ['type', text(page, 'NextRecordType')],
    ]);
    return pages.flatMap((page) => items(page, 'ResourceRecordSets', 'ResourceRecordSet')).map(dnsRecord);
  }

  /** A read that fails is kept too: a moto that does not answer ends the test anyway. */
  #pages(accountID: string, path: string, next: (page: Xml) => [string, string][]): Promise<Xml[]> {
    const key = `${accountID}${path}`;
    const pages = this.#read.get(key) ?? this.#readPages(accountID, path, next);
    this.#read.set(key, pages);
    return pages;
  }

  async #readPages(accountID: string, path: string, next: (page: Xml) => [string, string][]): Promise<Xml[]> {
    const pages: Xml[] = [];
    let query = new URLSearchParams();
    for (;;) {
      const reply = await this.emulator.read('route53', accountID, `${path}?${query.toString()}`);
      const page = parseXml(reply.body.toString());
      pages.push(page);
      if (text(page, 'IsTruncated') !== 'true') return pages;
      query = new URLSearchParams(next(page));
    }
  }
}

/** A ResourceRecordSet element. */
export function dnsRecord(element: Xml): DnsRecord {
  const dnsName = text(element, 'AliasTarget', 'DNSName');
  const ttl = text(element, 'TTL');
  return {
    name: absolute(text(element, 'Name')),
    type: text(element, 'Type'),
    ...(ttl && { ttl }),
    values: items(element, 'ResourceRecords', 'ResourceRecord').map((record) => text(record, 'Value')),
    ...(dnsName && {
      aliasTarget: { zoneID: text(element, 'AliasTarget', 'HostedZoneId'), dnsName: absolute(dnsName) },
    }),
  };
}

function absolute(name: string): string {
  return `${name.replace(/\.$/, '').toLowerCase()}.`;
}
