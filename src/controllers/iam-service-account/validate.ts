import type { Reason } from '../../api/conditions.ts';
import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isLiteral, isSubject } from '../../oidc/trust-policy.ts';
import { findNotBuilt, iamServiceAccountFields } from '../not-implemented.ts';
import { audiencesOf, type Reference, type RoleAccount } from './issuers.ts';

export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
}

/** What is wrong with the spec by itself. */
export function refuseSpec({ spec }: IAMServiceAccount): Refusal | undefined {
  const field = findNotBuilt(spec, iamServiceAccountFields);
  if (field !== undefined) return notImplemented(field, 'remove it');
  const unnamed = spec.subjects.find((subject) => !isSubject(subject));
  if (unnamed) return invalid('subjects', `${unnamed.namespace}/${unnamed.name} cannot be a service account`);
  const size = sizeOf(spec.policies?.inline ?? []);
  // The time for judging a policy grows with its size, so a policy that IAM never takes is not judged.
  if (size > longestPolicies)
    return invalid('policies.inline', `${size} characters without white space: IAM takes ${longestPolicies} a role`);
  const { inline = [], managed = [] } = spec.policies ?? {};
  for (const [field, names] of [
    ['policies.inline', inline.map(({ name }) => name)],
    ['policies.managed', managed],
  ] as const) {
    const twin = twinOf(names);
    if (twin) return invalid(field, `IAM takes ${twin.join(' and ')} for one name: remove one of them`);
  }
  const broken = spec.policies?.inline?.find(({ document }) => !isPolicyDocument(document));
  if (broken) return invalid('policies.inline', `the document of ${broken.name} is no JSON object`);
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
  for (const { ref, issuer } of references) {
    const accounts = (issuer?.status?.providers ?? []).map((provider) => provider.accountID);
    const audiences = issuer ? accounts.flatMap((each) => audiencesOf(issuer, each)) : [];
    const unsafe = audiences.find((audience) => !isLiteral(audience));
    if (unsafe !== undefined) return invalid('issuerRefs', `OIDCIssuer ${ref.name} has the audience ${unsafe}`);
  }
  return undefined;
}

function notImplemented(field: string, advice: string): Refusal {
  return { reason: 'NotImplemented', message: `spec.${field} is not built yet: ${advice}` };
}

function invalid(field: string, problem: string): Refusal {
  return { reason: 'InvalidSpec', message: `spec.${field}: ${problem}` };
}

function isPolicyDocument(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null && !Array.isArray(document);
  } catch {
    return false;
  }
}
