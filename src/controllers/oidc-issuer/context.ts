import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { Reason } from '../../api/conditions.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { Account, Accounts } from '../../aws/accounts.ts';
import type { Bucket } from '../../aws/buckets.ts';
import type { Distribution } from '../../aws/distributions.ts';
import type { Dns, ObservedRecord, RecordChange, Zone } from '../../aws/dns.ts';
import type { Owner } from '../../aws/ownership.ts';
import type { SourceKeys } from '../../oidc/jwks.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Pass } from '../../runtime/definition.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import type { LookUp } from '../../runtime/resolver.ts';
import type { Secrets } from '../../runtime/secrets.ts';
import type { WorkloadClusters } from '../../runtime/workload-clusters.ts';
import type { Admission } from '../admission.ts';
import type { ClusterDependencies, IssuerClusters } from '../clusters.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import type { NameClaim } from '../name-claims.ts';
import type { Once } from '../once.ts';
import type { Settings } from '../settings.ts';
import type { ClusterTokens } from './cluster-tokens.ts';
import type { DesiredIssuer } from './desired.ts';
import type { IssuerDocuments } from './registrations/published.ts';
import type { Site } from './site/site.ts';

export interface IssuerDependencies {
  readonly accounts: Accounts;
  readonly kube: KubeClient;
  readonly secrets: Secrets;
  readonly ownCluster: ClusterDependencies['ownCluster'];
  readonly workloadClusters: WorkloadClusters;
  readonly documents: IssuerDocuments;
  /** Who holds which name. */
  readonly names: Lookup<NameClaim>;
  readonly lookUp: LookUp;
  readonly admission: Admission;
  readonly settings: Settings;
  readonly clock: Clock;
}

/** What the steps work with. */
export interface IssuerServices extends IssuerDependencies {
  readonly clusters: IssuerClusters;
  /** Ids of the Route 53 changes that are not on all servers yet, by the UID of their issuer, the URL of their site and their zone. */
  readonly dnsChanges: Map<string, string>;
}

/** A zone that holds the alias. */
export interface ZonePlace {
  /** Route 53 of the zone's account. */
  readonly dns: Dns;
  readonly zone: Zone;
}

/** The same, and its records with the alias's name or one below that. */
export interface ZoneRecords extends ZonePlace {
  readonly records: readonly ObservedRecord[];
}

/** Where the alias's records are now. */
export type RecordsPlace =
  | { readonly kept: 'inZone'; readonly zone: ZoneRecords }
  /** Somebody else makes them, wherever the zone is. */
  | { readonly kept: 'byHand' }
  /** There is no zone in which they would answer. */
  | { readonly kept: 'nowhere'; readonly reason: Reason; readonly message: string };

/** An issuer in one pass. */
export interface IssuerPass {
  readonly services: IssuerServices;
  readonly object: OIDCIssuer;
  readonly status: OIDCIssuerStatus;
  readonly pass: Pass;
  readonly account: Account;
  readonly owner: Owner;
  readonly cluster: ClusterTokens;
}

/** What a pass knows of one site. It is enough to remove it: a removal may not need a spec that is still acceptable. */
export interface SiteContext extends IssuerPass {
  readonly site: Site;
  readonly records: Once<RecordsPlace>;
  /** The private zones that hold the alias, in the issuer's account, as far as they let us in. */
  readonly privateRecords: Once<readonly ZoneRecords[]>;
  /** All zones in which there may be records of ours. */
  readonly allRecords: Once<readonly ZoneRecords[]>;
  /** Undefined if there is none, or if it is not ours, which an event says. */
  readonly ownBucket: () => Promise<Bucket | undefined>;
  /** Whether an operator of another cluster has taken the bucket over, as a move does first. */
  readonly isTakenOver: () => Promise<boolean>;
  readonly ownDistribution: () => Promise<Distribution | undefined>;
  /** The domain of our distribution, or the status's if the distribution is gone. Undefined if the distribution is not ours: the status may be a copy. */
  readonly ownDomain: () => Promise<string | undefined>;
}

/** What the steps of an accepted issuer know of one site. */
export interface AcceptedSite extends SiteContext {
  readonly desired: DesiredIssuer;
  /** What one step read and a later one needs. */
  readonly seen: {
    /** Absent: nobody looked in this pass. */
    bucket?: Bucket | 'new';
    /** Absent: nobody looked in this pass. */
    published?: readonly unknown[];
  };
  /** The public keys that the spec names, of all sites. Undefined: none was read. */
  readonly source: { read: SourceKeys | undefined };
}

/** Returns the id of the change, and forgets the records that were read before it. */
export async function changeRecords(
  { records, privateRecords, allRecords }: SiteContext,
  { dns, zone }: ZonePlace,
  changes: readonly RecordChange[],
): Promise<string> {
  const change = await dns.change(zone, changes);
  for (const read of [records, privateRecords, allRecords]) read.forget();
  return change;
}
