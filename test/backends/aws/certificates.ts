import { createHash, randomUUID } from 'node:crypto';
import type { Dns } from './dns.ts';

export interface ValidationRecord {
  readonly Name: string;
  readonly Type: 'CNAME';
  readonly Value: string;
}

const day = 24 * 60 * 60 * 1000;

/** How long a public certificate of ACM is valid: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
const validity = 198 * day;

/** A certificate of ACM, validated by DNS. */
export class Certificate {
  readonly arn: string;
  readonly createdAt = Date.now();
  readonly tags = new Map<string, string>();
  issuedAt: number | undefined;
  describes = 0;

  constructor(
    readonly accountID: string,
    readonly region: string,
    /** The first is the DomainName. */
    readonly names: readonly string[],
    readonly keyAlgorithm: string,
    readonly idempotencyToken: string | undefined,
  ) {
    this.arn = `arn:aws:acm:${region}:${accountID}:certificate/${randomUUID()}`;
  }

  get notAfter(): number | undefined {
    return this.issuedAt === undefined ? undefined : this.issuedAt + validity;
  }

  /** The same for every certificate of the account that holds the name; a wildcard shares its parent's. */
  validationRecord(name: string): ValidationRecord {
    const base = name.replace(/^\*\./, '');
    const digest = (purpose: string) => createHash('md5').update(`${purpose} ${this.accountID} ${base}`).digest('hex');
    const target = `_${digest('value')}.${digest('zone').replace(/\d/g, '').padEnd(10, 'x').slice(0, 10)}`;
    return { Name: `_${digest('name')}.${base}.`, Type: 'CNAME', Value: `${target}.acm-validations.aws.` };
  }

  /** Issued as soon as each validation record stands in a public zone. */
  async refresh(dns: Dns): Promise<void> {
    if (this.issuedAt !== undefined) return;
    for (const name of this.names) if (!(await this.validated(name, dns))) return;
    this.issuedAt = Date.now();
  }

  async validated(name: string, dns: Dns): Promise<boolean> {
    if (this.issuedAt !== undefined) return true;
    const { Name, Value } = this.validationRecord(name);
    const records = await dns.lookup(Name, 'CNAME');
    const wanted = Value.replace(/\.$/, '');
    return records.some(({ values }) => values.some((value) => value.replace(/\.$/, '').toLowerCase() === wanted));
  }

  covers(alias: string): boolean {
    const wildcard = alias.replace(/^[^.]+\./, '*.');
    return this.names.some((name) => [alias, wildcard].includes(name.toLowerCase()));
  }
}
