import type { Reason } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isLiteral, isSubject } from '../../oidc/trust-policy.ts';
import { problemOfPolicy } from './inline-policies.ts';
import { audiencesOf, type Reference, type RoleAccount } from './issuers.ts';

export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
}

/** What is wrong with the spec by itself. */
export function refuseSpec({ spec }: IAMServiceAccount): Refusal | undefined {
  const unnamed = spec.subjects.find((subject) => !isSubject(subject));
  if (unnamed)
    return invalid(
      'subjects',
      `${unnamed.namespace}/${unnamed.name} cannot be a service account: such names have lower-case letters, digits, - and, in the second part, . between them`,
    );
  const size = sizeOf(spec.policies?.inline ?? []);
  // The time for judging a policy grows with its size, so a policy that IAM never takes is not judged.
  if (size > longestPolicies)
    return invalid(
      'policies.inline',
      `${size} characters without white space: IAM takes ${longestPolicies} a role: shorten the documents, or attach managed policies`,
    );
  const { inline = [], managed = [] } = spec.policies ?? {};
  for (const [field, names] of [
    ['policies.inline', inline.map(({ name }) => name)],
    ['policies.managed', managed],
  ] as const) {
    const twin = twinOf(names);
    if (twin) return invalid(field, `IAM takes ${twin.join(' and ')} for one name: remove one of them`);
  }
  for (const { name, document } of inline) {
    const problem = problemOfPolicy(document);
    if (problem !== undefined) return invalid('policies.inline', `the document of ${name} ${problem}`);
  }
  return undefined;
}

/** IAM's names have no case. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names */
function twinOf(names: readonly string[]): readonly string[] | undefined {
  return [...Map.groupBy(names, (name) => name.toLowerCase()).values()].find(({ length }) => length > 1);
}

/** The size of all inline policies of a role together. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longestPolicies = 10_240;

const sizeOf = (policies: readonly { readonly document: string }[]) =>
  policies.reduce((sum, { document }) => sum + document.replaceAll(/\s/g, '').length, 0);

/** What is wrong with the spec beside its issuers. */
export function refuseIssuers(
  { spec, status = {} }: Pick<IAMServiceAccount, 'spec' | 'status'>,
  { references, asked }: { readonly references: readonly Reference[]; readonly asked: RoleAccount | undefined },
): Refusal | undefined {
  const accountID = asked?.accountID;
  if (!spec.account && status.accountID !== undefined && accountID !== undefined && accountID !== status.accountID) {
    return {
      reason: 'ImmutableField',
      message: `spec.issuerRefs: OIDCIssuer ${references[0]?.ref.name ?? ''} is in account ${accountID}, and the role stays in ${status.accountID}: name an issuer of that account, or create another IAMServiceAccount`,
    };
  }
  const foreign = accountID === undefined ? undefined : policyElsewhere(spec, accountID);
  if (foreign)
    return invalid(
      foreign.field,
      `policy ${foreign.arn} is in another account than the role: name one of account ${accountID} or of AWS`,
    );
  for (const { ref, issuer } of references) {
    const accounts = (issuer?.status?.providers ?? []).map((provider) => provider.accountID);
    const audiences = issuer ? accounts.flatMap((each) => audiencesOf(issuer, each)) : [];
    const unsafe = audiences.find((audience) => !isLiteral(audience));
    if (unsafe !== undefined)
      return invalid(
        'issuerRefs',
        `OIDCIssuer ${ref.name} has the audience ${unsafe}, which IAM would expand: take it out of the issuer's spec.audiences`,
      );
  }
  return undefined;
}

function invalid(field: string, problem: string): Refusal {
  return { reason: 'InvalidSpec', message: `spec.${field}: ${problem}` };
}

/** A policy of another account, which IAM attaches to no role. AWS's own are of no account. */
function policyElsewhere({ policies, role }: IAMServiceAccount['spec'], accountID: string) {
  const named = [
    ...(policies?.managed ?? []).map((arn) => ({ field: 'policies.managed', arn })),
    ...(role?.permissionsBoundary === undefined
      ? []
      : [{ field: 'role.permissionsBoundary', arn: role.permissionsBoundary }]),
  ];
  return named.find(({ arn }) => {
    const [, owner] = /^arn:[^:]+:iam::([^:]*):policy\//.exec(arn) ?? [];
    return owner !== undefined && owner !== 'aws' && owner !== accountID;
  });
}
