import { createHash } from 'node:crypto';
import { isIssuerURL, withoutScheme } from './issuer-url.ts';

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** An issuer as a role trusts it. */
export interface TrustedIssuer {
  readonly url: string;
  /** ARN of its IAM OIDC provider, which must be in the role's account. */
  readonly providerARN: string;
  readonly audiences: readonly string[];
  readonly subjects: readonly ServiceAccountName[];
}

/** A trusted issuer that cannot be read now: nobody can say what its statement should be. */
export interface UnreadIssuer {
  readonly url: string;
  readonly unread: true;
}

export type Trusted = TrustedIssuer | UnreadIssuer;

type Statement = Readonly<Record<string, unknown>>;

/** A role's trust policy. It is a type and not an interface, so that it counts as a record. */
export type TrustPolicy = {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
};

/**
 * A role cannot be without a trust policy, and IAM refuses an empty one. Without a statement that allows something, nobody is let
 * in. IAM is known to take this form: `sts:AssumeRole` is the action of an AWS principal, a web identity's is another.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
const nobody = (Sid: string): Statement => ({
  Sid,
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 'sts:AssumeRole',
});

/** How the statements are named by which a policy is kept. */
export interface Statements {
  readonly sidOf: (issuerURL: string) => string;
  /** The Sids that a statement of ours for the issuer may have from before. */
  readonly formerSidsOf: (issuerURL: string) => readonly string[];
  /** Whether a statement with that Sid is kept by us, whatever it says. */
  readonly isOurs: (sid: unknown) => boolean;
  /** Of the statement that stands if there is no other. */
  readonly nobodySid: string;
}

/**
 * Of a role that is ours as a whole: no statement of somebody else stays in it.
 * @param shared by which we kept our statements there while the role was somebody else's
 */
export function everyStatement(shared?: Statements): Statements {
  const formerSidsOf = (url: string) => (shared ? [shared.sidOf(url), ...shared.formerSidsOf(url)] : []);
  return { sidOf, formerSidsOf, isOurs: () => true, nobodySid: 'IrsaNobody' };
}

/**
 * Of somebody else's role. The Sids tell our owners apart, so that none ever takes the statements of another.
 * @param owners ours first; statements of the others were handed over to it
 */
export function ownStatements(owners: readonly [string, ...string[]]): Statements {
  const [prefix = '', ...former] = owners.map((owner) => `Irsa${digits(owner, 12)}`);
  return {
    sidOf: (url) => `${prefix}${digits(url, 12)}`,
    formerSidsOf: (url) => former.map((each) => `${each}${digits(url, 12)}`),
    isOurs: (sid) => [prefix, ...former].some((each) => typeof sid === 'string' && sid.startsWith(each)),
    nobodySid: `${prefix}Nobody`,
  };
}

/**
 * The trust policy of a role: the statements that are not ours, to the letter, and ours. There is one for each issuer, with every
 * subject in one `sub` array, which fits IAM's 2048 characters best. An issuer that cannot be read now keeps its statement in
 * `observed`, the policy as IAM has it.
 * An issuer without subjects gets no statement: one without `sub` would let in every service account of the cluster.
 */
export function trustPolicy(
  issuers: readonly Trusted[],
  observed: PolicyFields = {},
  { sidOf: sid, formerSidsOf, isOurs, nobodySid }: Statements = everyStatement(),
): TrustPolicy {
  const before = statementsOf(observed);
  const foreign = before.filter(({ Sid }) => !isOurs(Sid));
  const names = (url: string): readonly unknown[] => [sid(url), ...formerSidsOf(url)];
  const ours = issuers.flatMap((issuer) => {
    if ('unread' in issuer) return before.filter(({ Sid }) => names(issuer.url).includes(Sid));
    return issuer.subjects.length > 0 ? [statement(issuer, sid(issuer.url))] : [];
  });
  const all = [...foreign, ...ours];
  const kept = foreign.length > 0 ? observed : {};
  return { Version: '2012-10-17', ...kept, Statement: all.length > 0 ? all : [nobody(nobodySid)] };
}

type PolicyFields = Readonly<Record<string, unknown>>;

const statementsOf = (policy: PolicyFields): Statement[] =>
  [(policy['Statement'] ?? []) as Statement | readonly Statement[]].flat();

/** Whether a statement of ours is in the policy. */
export const holdsOurs = (policy: PolicyFields, { isOurs }: Statements): boolean =>
  statementsOf(policy).some(({ Sid }) => isOurs(Sid));

/** Whether the policy is the one that we write if there is no statement. */
export const deniesEverybody = (policy: PolicyFields, { nobodySid }: Statements): boolean =>
  statementsOf(policy).every(({ Sid }) => Sid === nobodySid);

/**
 * The characters that IAM counts: white space outside of quotes is none of them, and this has none.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
 */
export const sizeOf = (policy: PolicyFields): number => JSON.stringify(policy).length;

/** The Sid by which an issuer's statement is found again. IAM takes letters and digits only. */
export function sidOf(issuerURL: string): string {
  return `Irsa${digits(issuerURL, 16)}`;
}

const digits = (text: string, count: number) => createHash('sha256').update(text).digest('hex').slice(0, count);

function statement({ url, providerARN, audiences, subjects }: TrustedIssuer, Sid: string): Statement {
  if (!isIssuerURL(url)) throw new Error(`${url} is not an issuer URL that may be in a trust policy`);
  const unsafe = audiences.find((audience) => !isLiteral(audience));
  if (unsafe !== undefined || audiences.length === 0)
    throw new Error(`audience ${unsafe} may not be in a trust policy`);
  const key = withoutScheme(url);
  return {
    Sid,
    Effect: 'Allow',
    Principal: { Federated: providerARN },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: conditions({
      aud: [`${key}:aud`, audiences.toSorted()],
      sub: [`${key}:sub`, subjects.map(subject).toSorted()],
      like: subjects.some(isWildcard),
    }),
  };
}

type Values = readonly [key: string, values: readonly string[]];

/** What is named in full stands under StringLike as well as under StringEquals: it has no character that StringLike expands. */
function conditions({ aud, sub, like }: { readonly aud: Values; readonly sub: Values; readonly like: boolean }) {
  if (!like) return { StringEquals: Object.fromEntries([aud, sub]) };
  return { StringEquals: Object.fromEntries([aud]), StringLike: Object.fromEntries([sub]) };
}

function subject(serviceAccount: ServiceAccountName): string {
  const { namespace, name } = serviceAccount;
  if (!isSubject(serviceAccount)) throw new Error(`${namespace}/${name} names no service account`);
  return `system:serviceaccount:${namespace}:${name}`;
}

/** Whether it stands for several service accounts. Only a Guardrail may allow it. */
export const isWildcard = ({ namespace, name }: ServiceAccountName): boolean => `${namespace}${name}`.includes('*');

/** A service account, or a pattern of such names. A pattern never reaches over the colon between the two: no name has one. */
export function isSubject(subject: ServiceAccountName): boolean {
  if (!isWildcard(subject)) return isServiceAccountName(subject);
  const { namespace, name } = subject;
  return namespace.length <= 63 && name.length <= 253 && /^[a-z0-9*-]+$/.test(namespace) && /^[a-z0-9.*-]+$/.test(name);
}

/** IAM expands `${…}` even under StringEquals. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
export function isLiteral(value: string): boolean {
  return value !== '' && !value.includes('${');
}

/** The names that Kubernetes takes: a label for the namespace, a subdomain for the service account. So there is no `:`, `*`, `?` or `$`. */
export function isServiceAccountName({ namespace, name }: ServiceAccountName): boolean {
  return (
    namespace.length <= 63 &&
    new RegExp(`^${label}$`).test(namespace) &&
    name.length <= 253 &&
    new RegExp(`^${label}(\\.${label})*$`).test(name)
  );
}
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
