import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import type { Account, Accounts } from '../../aws/accounts.ts';
import type { Owner } from '../../aws/ownership.ts';
import type { Role, RolePolicies } from '../../aws/roles.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Pass } from '../../runtime/definition.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import type { Lookup } from '../../runtime/lookup.ts';
import type { Secrets } from '../../runtime/secrets.ts';
import type { WorkloadClusters } from '../../runtime/workload-clusters.ts';
import type { Admission } from '../admission.ts';
import type { ClusterDependencies, IssuerClusters } from '../clusters.ts';
import type { Once } from '../once.ts';
import type { Claim, IssuerSummary, RoleNameClaim } from '../references.ts';
import type { Settings } from '../settings.ts';
import type { DesiredRole } from './desired.ts';
import type { IssuerEntry, IssuerSituation, Reference } from './issuers.ts';
import type { Propagation } from './propagation.ts';

export interface RoleDependencies {
  /** The management cluster. */
  readonly kube: KubeClient;
  readonly secrets: Secrets;
  readonly ownCluster: ClusterDependencies['ownCluster'];
  readonly workloadClusters: WorkloadClusters;
  readonly accounts: Accounts;
  readonly admission: Admission;
  readonly settings: Settings;
  /** Issuers by namespace, and by the ARNs of their providers. */
  readonly issuers: Lookup<IssuerSummary>;
  /** IAMServiceAccounts by service account. */
  readonly claims: Lookup<Claim>;
  /** IAMServiceAccounts by the names of their roles. */
  readonly roleNames: Lookup<RoleNameClaim>;
  readonly clock: Clock;
}

/** An issuer as the lookup knows it. */
export type Neighbour = readonly [NamespacedName, IssuerSummary];

/** What the steps work with. */
export interface RoleServices extends RoleDependencies {
  readonly clusters: IssuerClusters;
  readonly propagation: Propagation;
  /** Reads an issuer, together with other passes that ask for it at this moment. */
  readonly findIssuer: (ref: NamespacedName) => Promise<OIDCIssuer | undefined>;
}

interface Common {
  readonly services: RoleServices;
  readonly object: IAMServiceAccount;
  /** The draft of the status. */
  readonly status: IAMServiceAccountStatus;
  readonly pass: Pass;
  readonly owner: Owner;
  /** The issuers to which the object refers. */
  readonly references: readonly Reference[];
  /** The other issuers of the object's namespace, and those of other namespaces that the role trusts. */
  readonly others: readonly Neighbour[];
}

/** What one pass knows. */
export interface RoleContext extends Common {
  readonly situation: IssuerSituation;
  /** Undefined until an issuer tells in which account the role shall be. */
  readonly target: { readonly account: Account; readonly desired: DesiredRole } | undefined;
  /** Set by the role's step, for those that need it. */
  observed?: {
    readonly role: Role;
    readonly createdNow: boolean;
    /** Absent: nobody has read them yet. */
    readonly policies?: RolePolicies;
  };
  /** Set by the step of the trust policy: the issuers whose statements stand. */
  trusting?: readonly IssuerEntry[];
}

/** What a removal knows. */
export interface RoleRemoval extends Common {
  readonly account: Account;
  readonly roleName: string;
  /** The role as IAM shows it. */
  readonly role: Once<Role | undefined>;
  readonly roleARN: string;
}

/** What a pass knows before it reads anything. */
export type Visit = Pick<RoleContext, 'services' | 'object' | 'status' | 'pass' | 'owner'>;
