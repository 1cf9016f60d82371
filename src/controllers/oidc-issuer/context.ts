import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { Account, Accounts } from '../../aws/accounts.ts';
import type { Bucket } from '../../aws/buckets.ts';
import type { Distribution } from '../../aws/distributions.ts';
import type { ObservedRecord, Zone } from '../../aws/dns.ts';
import type { Owner } from '../../aws/tags.ts';
import type { Jwk } from '../../oidc/keys.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Pass } from '../../runtime/definition.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import type { Secrets } from '../../runtime/secrets.ts';
import { TerminalError } from '../explain.ts';
import type { Settings } from '../settings.ts';
import type { DesiredIssuer } from './desired.ts';
import type { IssuerDocuments } from './published.ts';

export interface IssuerDependencies {
  readonly accounts: Accounts;
  readonly kube: KubeClient;
  readonly secrets: Secrets;
  readonly documents: IssuerDocuments;
  readonly settings: Settings;
  readonly clock: Clock;
}

/** The zone of the alias and what stands there under the alias and below it. */
export interface ZoneRecords {
  readonly zone: Zone;
  readonly records: readonly ObservedRecord[];
}

interface IssuerPass {
  readonly dependencies: IssuerDependencies;
  readonly issuer: OIDCIssuer;
  readonly status: OIDCIssuerStatus;
  readonly pass: Pass;
  readonly account: Account;
  readonly owner: Owner;
  /** Read once a pass, for the certificate and the alias; undefined where no public zone of the account holds the alias. */
  readonly records: () => Promise<ZoneRecords | undefined>;
}

/** What the steps of an accepted issuer know. */
export interface IssuerContext extends IssuerPass {
  readonly desired: DesiredIssuer;
  /** What one step read and a later one needs. */
  readonly seen: { keys: readonly Jwk[]; bucket: Bucket | undefined };
}

/** What removal knows: from the status, and where that is lost from the spec, which may not be acceptable any more. */
export interface IssuerRemoval extends IssuerPass {
  readonly bucketName: string;
  /** Undefined where the spec has none: then nothing that needs one was made. */
  readonly alias: string | undefined;
  /** Undefined where there is none, or where it is not ours, which is said in an event. Read once a pass. */
  readonly ownBucket: () => Promise<Bucket | undefined>;
  readonly ownDistribution: () => Promise<Distribution | undefined>;
}

export function notOwned(what: string): TerminalError {
  return new TerminalError('NotOwned', `${what} exists and does not carry this issuer's tags: it is left alone`);
}

export function leftAlone(pass: Pass, what: string): void {
  pass.event('Warning', 'LeftAlone', `${what} is not this issuer's and is not deleted`);
}

/** The same promise for every caller. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}

export async function readRecords(account: Account, alias: string): Promise<ZoneRecords | undefined> {
  const zone = await account.dns.findZone(alias);
  return zone && { zone, records: await account.dns.findRecords(zone, alias) };
}
