import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { Account } from '../../aws/accounts.ts';
import type { Partition } from '../../aws/partitions.ts';
import { type Owner, ownershipTags } from '../../aws/ownership.ts';
import type { RolePolicies, RoleSpec } from '../../aws/roles.ts';
import type { Trusted } from '../../oidc/trust-policy.ts';
import { parseDuration, seconds } from '../../runtime/duration.ts';
import { clusterNameOf, trustedProviders } from '../issuer-contract.ts';
import { roleIdentity } from '../role-identity.ts';
import type { IssuerSituation } from './issuers.ts';

export interface DesiredRole {
  readonly spec: Omit<RoleSpec, 'trustPolicy'>;
  /** It becomes the trust policy, merged with the observed one. */
  readonly trusted: readonly Trusted[];
  readonly policies: RolePolicies;
}

export interface Surroundings {
  readonly owner: Owner;
  readonly account: Pick<Account, 'id' | 'partition'>;
  readonly situation: IssuerSituation;
  /** A Guardrail forces it on a role whose object names none. */
  readonly permissionsBoundary: string | undefined;
}

/** The role as the object and its issuers ask for it. */
export function desiredRole(
  object: IAMServiceAccount,
  { owner, account, situation, permissionsBoundary }: Surroundings,
): DesiredRole {
  const { role, tags } = object.spec;
  const [first] = situation.referred.flatMap(({ issuer }) => issuer ?? []);
  return {
    spec: {
      ...roleIdentity(object, owner.installation),
      description: role?.description,
      maxSessionDurationSeconds: secondsOf(role?.maxSessionDuration),
      permissionsBoundary: role?.permissionsBoundary ?? permissionsBoundary,
      tags: { ...tags, ...ownershipTags(owner, first && clusterNameOf(first)) },
    },
    trusted: desiredTrust(object, situation, account.id),
    policies: desiredPolicies(object, account.partition),
  };
}

const secondsOf = (duration: string | undefined) =>
  duration === undefined ? undefined : parseDuration(duration) / seconds(1);

/** Only an issuer that this pass read tells what its statement should be. Without subjects there is no statement. */
function desiredTrust(
  { spec: { subjects } }: IAMServiceAccount,
  { referred, trusted }: IssuerSituation,
  accountID: string,
): Trusted[] {
  const read = referred.flatMap(({ issuer }) => (issuer ? trustedProviders(issuer, accountID) : []));
  return trusted.map((entry) => {
    const { audiences = [] } = read.find(({ url }) => url === entry.url) ?? {};
    const isRead = audiences.length > 0;
    return isRead || subjects.length === 0 ? { ...entry, audiences, subjects } : { url: entry.url, unread: true };
  });
}

export function desiredPolicies({ spec }: IAMServiceAccount, partition: Partition): RolePolicies {
  const expand = (policy: string) =>
    policy.startsWith('arn:') ? policy : `arn:${partition.name}:iam::aws:policy/${policy}`;
  return {
    managed: [...new Set((spec.policies?.managed ?? []).map(expand))],
    inline: spec.policies?.inline ?? [],
  };
}
