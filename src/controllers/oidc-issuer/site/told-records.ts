import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import { plainName } from '../../../aws/names.ts';

export type ToldRecord = NonNullable<OIDCIssuerStatus['dnsRecords']>[number];

/** Says in the status which records of this name there have to be. */
export function tellRecords(status: OIDCIssuerStatus, name: string, records: readonly ToldRecord[]): void {
  const plain = records.map((record) => ({ ...record, name: plainName(record.name), value: plainName(record.value) }));
  const others = (status.dnsRecords ?? []).filter((record) => record.name !== plainName(name));
  status.dnsRecords = [...others, ...plain].toSorted((a, b) => compare(`${a.name} ${a.type}`, `${b.name} ${b.type}`));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The records of the alias and below it. */
export const toldRecords = ({ dnsRecords = [] }: OIDCIssuerStatus, alias: string): readonly ToldRecord[] =>
  dnsRecords.filter(({ name }) => name === alias || name.endsWith(`.${alias}`));

/** Nothing uses the records of the alias any more. */
export function forgetRecords(status: OIDCIssuerStatus, alias: string): void {
  if (!status.dnsRecords) return;
  const gone = toldRecords(status, alias);
  const left = status.dnsRecords.filter((record) => !gone.includes(record));
  if (left.length > 0) status.dnsRecords = left;
  else delete status.dnsRecords;
}
