import { withForm, type AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';

/** Key of a role in the front's state. */
export function roleKey({ accountID, form }: AwsRequest): string {
  return `${accountID}/${(form.get('RoleName') ?? '').toLowerCase()}`;
}

/** Key of a customer managed policy in the front's state. */
export function policyKey(accountID: string, name: string): string {
  return `${accountID}/${name.toLowerCase()}`;
}

export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/**
 * A call of IAM with each name as it was given first. IAM tells names apart without regard to case, and moto with regard to it:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
 * The page says so of roles, and CreatePolicy's page of managed policies. Inline policies are taken to be alike.
 */
export function withKnownNames(request: AwsRequest, state: FrontState): AwsRequest {
  const role = state.roles.get(roleKey(request));
  const known: Readonly<Record<string, readonly string[]>> = {
    RoleName: role ? [role.name] : [],
    PolicyName: [...(role?.inline.keys() ?? [])],
    PolicyArn: [...state.policies.values()],
    PermissionsBoundary: [...state.policies.values()],
  };
  const form = new URLSearchParams(request.form);
  for (const [parameter, names] of Object.entries(known)) {
    const first = names.find((name) => sameName(name, form.get(parameter) ?? ''));
    if (first !== undefined) form.set(parameter, first);
  }
  return withForm(request, form);
}
