import {
  GetRoleCommand,
  GetRolePolicyCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
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
  const [{ Role }, attached, inline] = await Promise.all([
    iam.send(new GetRoleCommand({ RoleName })),
    everyPage(paginateListAttachedRolePolicies({ client: iam }, { RoleName })),
    everyPage(paginateListRolePolicies({ client: iam }, { RoleName })),
  ]);
  const AttachedPolicies = attached.flatMap((page) => page.AttachedPolicies ?? []);
  const PolicyNames = inline.flatMap((page) => page.PolicyNames ?? []);
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

async function everyPage<P>(pages: AsyncIterable<P>): Promise<P[]> {
  const all: P[] = [];
  for await (const page of pages) all.push(page);
  return all;
}
