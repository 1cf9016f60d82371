import {
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  type Role,
} from '@aws-sdk/client-iam';
import type { Clients } from '../backends/aws/clients.ts';

export interface ObservedRole extends Role {
  readonly boundary: string | undefined;
  /** Names. */
  readonly managed: readonly string[];
  /** Documents by name. */
  readonly inline: Readonly<Record<string, string>>;
}

/** The role and its policies as AWS has them. */
export async function observeRole({ iam }: Clients, RoleName: string): Promise<ObservedRole> {
  const [{ Role }, { AttachedPolicies = [] }, { PolicyNames = [] }] = await Promise.all([
    iam.send(new GetRoleCommand({ RoleName })),
    iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
    iam.send(new ListRolePoliciesCommand({ RoleName })),
  ]);
  if (!Role) throw new Error(`IAM says nothing of ${RoleName}`);
  const documents = PolicyNames.map(async (PolicyName) => {
    const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return [PolicyName, decodeURIComponent(PolicyDocument)] as const;
  });
  return {
    ...Role,
    boundary: Role.PermissionsBoundary?.PermissionsBoundaryArn,
    managed: AttachedPolicies.map(({ PolicyName = '' }) => PolicyName).sort(),
    inline: Object.fromEntries(await Promise.all(documents)),
  };
}
