import type { Reason } from '../../api/conditions.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import { isLiteral, isServiceAccountName } from '../../oidc/trust-policy.ts';
import { findNotBuilt, iamServiceAccountFields } from '../not-implemented.ts';
import { audiencesOf } from './issuers.ts';

export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
}

/** What is wrong with the spec by itself. */
export function refuseSpec({ spec }: IAMServiceAccount): Refusal | undefined {
  const field = findNotBuilt(spec, iamServiceAccountFields);
  if (field !== undefined) return notImplemented(field, 'remove it');
  if (spec.issuerRefs.length !== 1) return notImplemented('issuerRefs with more than one issuer', 'name one');
  const wildcard = spec.subjects.find(({ namespace, name }) => `${namespace}${name}`.includes('*'));
  if (wildcard)
    return notImplemented(`subjects with * (${wildcard.namespace}/${wildcard.name})`, 'name each service account');
  const unnamed = spec.subjects.find((subject) => !isServiceAccountName(subject));
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

/** What is wrong with the spec beside this issuer. */
export function refuseIssuer(issuer: OIDCIssuer, status: IAMServiceAccountStatus): Refusal | undefined {
  const { name } = issuer.metadata;
  const accountID = issuer.status?.accountID;
  if (status.accountID !== undefined && accountID !== undefined && accountID !== status.accountID) {
    return {
      reason: 'ImmutableField',
      message: `spec.issuerRefs: OIDCIssuer ${name} is in account ${accountID}, and the role stays in ${status.accountID}: name an issuer of that account, or create another IAMServiceAccount`,
    };
  }
  const unsafe = audiencesOf(issuer).find((audience) => !isLiteral(audience));
  return unsafe === undefined ? undefined : invalid('issuerRefs', `OIDCIssuer ${name} has the audience ${unsafe}`);
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
