import { createHash, randomUUID } from 'node:crypto';
import type { Dns } from './dns.ts';

export interface ValidationRecord {
  readonly Name: string;
  readonly Type: 'CNAME';
  readonly Value: string;
}

/** The authorities of ACM: https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html */
const authorities = ['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com'];

const day = 24 * 60 * 60 * 1000;

/** How long a public certificate of ACM is valid: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
const validity = 198 * day;

/** A certificate of ACM, validated by DNS. */
export class Certificate {
  readonly arn: string;
  /** Tests may set it back, as if it had been requested then. */
  createdAt = Date.now();
  readonly tags = new Map<string, string>();
  issuedAt: number | undefined;
  /** Why it is never issued. */
  failure: 'CAA_ERROR' | undefined;
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

  /** Issued as soon as each validation record stands in a public zone, if the zones let ACM. */
  async refresh(dns: Dns): Promise<void> {
    if (this.issuedAt !== undefined || this.failure !== undefined) return;
    for (const name of this.names) if (!(await this.validated(name, dns))) return;
    const permissions = await Promise.all(this.names.map((name) => isPermitted(name, dns)));
    if (permissions.includes(false)) this.failure = 'CAA_ERROR';
    else this.issuedAt = Date.now();
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

/** The CAA records of the name count, else those of the next name above that has some: https://datatracker.ietf.org/doc/html/rfc8659 */
async function isPermitted(name: string, dns: Dns): Promise<boolean> {
  const records = (await dns.lookup(name, 'CAA')).flatMap(({ values }) => values);
  if (records.length > 0) return records.some((record) => authorities.some((each) => record.includes(`"${each}"`)));
  const [, above] = /^[^.]+\.(.+)$/.exec(name) ?? [];
  return above === undefined || isPermitted(above, dns);
}
