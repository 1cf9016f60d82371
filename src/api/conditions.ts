import type { Condition } from './meta.ts';

/** Condition types, in the order in which they are shown. All are positive: `True` is good, except for `Stalled`. */
export const conditionTypes = [
  /** The spec is valid, allowed and built. While this is False, nothing is sent to AWS. */
  'Accepted',
  /** The issuer's public keys were read. */
  'SigningKeysReady',
  /** The bucket exists, is private and ours. */
  'BucketReady',
  /** The certificate of the alias is issued. */
  'CertificateReady',
  /** The distribution serves the bucket at every edge. */
  'DistributionReady',
  /** Discovery document and key set are in the bucket. */
  'DocumentsPublished',
  /** The alias points at the distribution. */
  'DNSReady',
  /** The IAM OIDC providers exist. */
  'ProvidersReady',
  /** What is served under the issuer's URLs is what the bucket holds. */
  'Verified',
  /** New pods in the cluster get their token and variables, by the webhook or by a policy. */
  'PodIdentityReady',
  /** The issuers that the role trusts are registered in the role's account. */
  'IssuersReady',
  /** The role exists as specified. */
  'RoleReady',
  /** The role trusts exactly the subjects. */
  'TrustReady',
  /** The role has exactly the policies. */
  'PoliciesReady',
  /** The service accounts name the role. */
  'ServiceAccountsReady',
  /** All of the above that the object has. */
  'Ready',
  /** Present only while True: retrying cannot help, a person must. kstatus reads it. */
  'Stalled',
] as const;
export type ConditionType = (typeof conditionTypes)[number];

const goodReasons = [
  /** Done. */
  'Provisioned',
  /** The spec is valid and allowed. */
  'Accepted',
] as const;

const waitingReasons = [
  /** Somebody else changed it at the same moment: it is looked at again soon. */
  'AwaitingReconciliation',
  /** Another condition must be True first; the message names it. */
  'DependencyNotReady',
  /** ACM has not said yet which record proves the domain. */
  'CertificateRecordPending',
  /** ACM is validating the domain. */
  'CertificatePendingValidation',
  /** CloudFront is rolling out a change to its edges. */
  'DistributionDeploying',
  /** CloudFront is disabling the distribution before it can be deleted. */
  'DistributionDisabling',
  /** Route 53 is rolling out a change to its servers. */
  'DNSChangePending',
  /** No provider is made yet, because the documents cannot be fetched, or not as they were written. */
  'DocumentsNotServed',
  /** AWS still counts the resource as used by another one that is being deleted. */
  'InUse',
  /** The role is so new that not all of IAM knows it yet. */
  'RolePropagating',
  /** IAMServiceAccounts still trust the issuer; the message names them. */
  'DependentsRemaining',
  /** The issuer is there and has no provider in the role's account yet. */
  'IssuerNotReady',
  /** Being removed. */
  'Deleting',
  /** Not removed while the annotation plan is there; status.plan says what would be. */
  'DeletionPlanned',
] as const;

const badReasons = [
  /** AWS refuses a call; the message names the missing action. */
  'AccessDenied',
  /** AWS slows us down. */
  'Throttled',
  /** Something with this name exists and does not carry our tags, or is a function with other code. */
  'NotOwned',
  /** It belongs to an object of this name in another cluster; the message says how to move it here. */
  'OwnedByAnotherCluster',
  /** The spec cannot work; the message names the field. */
  'InvalidSpec',
  /** The spec changes something that cannot change; the message names the field. */
  'ImmutableField',
  /** No Guardrail allows the spec; the message says what to write. */
  'NotAllowed',
  /** An issuer of another namespace does not admit this one, or does not exist. */
  'IssuerNotAllowed',
  /** The API server keeps no field of the status that the operator needs; the message names the CustomResourceDefinition. */
  'OutdatedCRD',
  /** A limit of AWS is reached. */
  'LimitExceeded',
  /** The issuer moves again while it has as many former sites or buckets as it may; the message names them. */
  'SitesRemaining',
  /** A managed policy or permissions boundary that the role should have does not exist. */
  'PolicyNotFound',
  /** The Secret, or the entry of it, is missing. */
  'SecretNotFound',
  /** The operator may not read, or not write, Secrets in this namespace. */
  'SecretForbidden',
  /** The Secret's entry is not a public key that can be published. */
  'InvalidKey',
  /** The kubeconfig holds something that we do not execute or read. */
  'InvalidKubeconfig',
  /** Neither the pod identity webhook nor a policy that does its work is in the cluster. */
  'NoPodIdentity',
  /** The cluster's API server serves no MutatingAdmissionPolicy. */
  'PolicyNotServed',
  /** The workload cluster does not answer. */
  'ClusterUnreachable',
  /** The service account is not there yet. */
  'ServiceAccountNotFound',
  /** The service account names a role that somebody else wrote, or an older object holds it. */
  'AnnotationConflict',
  /** Another object holds the alias, the bucket, the cluster's name or the role. */
  'NameHeld',
  /** The bucket's name belongs to another account. */
  'BucketNameTaken',
  /** There is proof that somebody else answers under the issuer's URL: its providers are withdrawn. */
  'NameLost',
  /** What is served under the issuer's URL is not what the bucket holds, or is not served: its providers stay. */
  'NotVerified',
  /** The workload cluster signs tokens with a key that is not published. */
  'KeyNotPublished',
  /** CloudFront refuses our distribution the alias: another one has it, or a DNS record of the name points at another. */
  'AliasTaken',
  /** No public hosted zone of the account holds the alias. */
  'HostedZoneNotFound',
  /** The account has several public hosted zones of the same name that hold the alias; the message names them. */
  'HostedZoneAmbiguous',
  /** NS records in the hosted zone give the alias to other name servers, so records of the zone would never answer. */
  'AliasDelegated',
  /** The records are made by hand, and DNS does not show this one; the message says which. */
  'DNSRecordMissing',
  /** ACM will not issue this certificate. */
  'CertificateFailed',
  /** The issuer that is referred to does not exist. */
  'IssuerNotFound',
  /** The issuer's spec.additionalAccounts lacks the role's account. */
  'IssuerNotRegistered',
  /** The issuer that is referred to is being deleted. */
  'IssuerLeaving',
  /** The role of somebody else that the spec names does not exist. */
  'RoleNotFound',
  /** The IAM OIDC provider that somebody else made for an external issuer lacks an audience. */
  'AudienceMissing',
  /** Anything else; the message says it. */
  'ReconciliationFailed',
] as const;

/** Every reason a condition can have. docs/conditions.md says what to do about each. */
export const reasons = [...goodReasons, ...waitingReasons, ...badReasons] as const;
export type Reason = (typeof reasons)[number];

/** Not done, and not because something takes its time: worth an event. */
export const isBad = (reason: string): boolean => (badReasons as readonly string[]).includes(reason);

/** Waits that only a person ends. After a while they make the object `Stalled`. */
const personReasons: ReadonlySet<Reason> = new Set([
  'SecretNotFound',
  'SecretForbidden',
  'IssuerNotFound',
  'IssuerNotRegistered',
  'IssuerLeaving',
  'RoleNotFound',
  'AnnotationConflict',
  'HostedZoneNotFound',
  'HostedZoneAmbiguous',
  'AliasDelegated',
  'DNSRecordMissing',
  'CertificateFailed',
  'AudienceMissing',
  'KeyNotPublished',
  'NoPodIdentity',
  'PolicyNotServed',
]);
export const waitsForPerson = (reason: Reason): boolean => personReasons.has(reason);

export type ConditionUpdate = Omit<Condition, 'lastTransitionTime' | 'type'> & { readonly type: ConditionType };

/** The conditions with one set; its transition time moves only when its status does. Other types keep their place. */
export function setCondition(conditions: readonly Condition[], update: ConditionUpdate, now: Date): Condition[] {
  const old = conditions.find((condition) => condition.type === update.type);
  const lastTransitionTime =
    old?.status === update.status ? old.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z');
  const set = [...conditions.filter((condition) => condition.type !== update.type), { ...update, lastTransitionTime }];
  return set.sort((a, b) => rank(a.type) - rank(b.type));
}

function rank(type: string): number {
  const index = (conditionTypes as readonly string[]).indexOf(type);
  return index === -1 ? conditionTypes.length : index;
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}
