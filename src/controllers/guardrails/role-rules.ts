import type { GuardrailSpec } from '../../api/generated/guardrail.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { roleName, rolePath } from '../../aws/names.ts';
import { hours, parseDuration } from '../../runtime/duration.ts';
import type { RoleRequest } from '../admission.ts';
import { isTrustOnly, roleIdentity } from '../role-identity.ts';
import { findDenied } from './granted-actions.ts';
import { notInCluster, objectionsToAccounts } from './issuer-rules.ts';
import { notListed, notSet, type Objection } from './objection.ts';
import { matches, matchesAny } from './patterns.ts';

export interface RoleFacts extends RoleRequest {
  /** Those that no Guardrail of their namespace allows as they are now. */
  readonly refusedIssuers: readonly OIDCIssuer[];
  /** The number of older objects in the namespace. It looks at all of them, so only a rule with a maximum asks. */
  readonly older: () => number;
  readonly installation: string;
  /** As in ARNs. */
  readonly partition: string;
}

type Roles = NonNullable<GuardrailSpec['roles']>;

/** What this Guardrail does not allow of an IAMServiceAccount. */
export function objectionsToRole(facts: RoleFacts, { accounts, roles }: GuardrailSpec): Objection[] {
  const { object, refusedIssuers } = facts;
  const rules = roles ?? {};
  const none = roles ? [] : [notSet('IAMServiceAccounts', 'roles', { allows: 'none', needs: {} })];
  const inCluster = refusedIssuers.find(isInCluster);
  return [
    ...objectionsToAccounts(accountsOf(facts), accounts),
    ...none,
    ...(inCluster
      ? [notInCluster(`spec.cluster.inCluster of OIDCIssuer ${inCluster.metadata.name}, which is refused itself`)]
      : []),
    ...subjects(facts, rules),
    ...identity(facts, rules),
    ...boundary(object, rules),
    ...managedPolicies(facts, rules),
    ...inlinePolicies(object, rules),
    ...tags(object, rules),
    ...limits(facts, rules),
  ];
}

/** The account role that the object names or inherits. A recorded one counts too while the role is reached through it: its Guardrail may be gone. */
function accountsOf({ object: { status }, account, accountReady }: RoleFacts): (string | undefined)[] {
  const asked = account ? [account.roleARN] : [];
  const recorded = status?.accountID === undefined || accountReady ? [] : [status.accountRoleARN];
  return [...asked, ...recorded];
}

const isInCluster = ({ spec }: OIDCIssuer) => spec.cluster?.inCluster !== undefined;

function subjects({ object: { metadata, spec }, issuers }: RoleFacts, rules: Roles): Objection[] {
  const own = issuers.some(isInCluster) ? [metadata.namespace] : ['*'];
  const allowed = rules.subjectNamespaces ?? own;
  const wildcard = spec.subjects.find(({ namespace, name }) => `${namespace}${name}`.includes('*'));
  return [
    ...unlisted(
      spec.subjects.map(({ namespace }) => namespace),
      allowed,
    ).map((namespace) => notListed('spec.subjects in namespace', namespace, 'roles.subjectNamespaces', allowed)),
    ...(wildcard && !rules.wildcardSubjects
      ? [notSet('a * in spec.subjects', 'roles.wildcardSubjects', { allows: 'none', needs: true })]
      : []),
  ];
}

/** The ARN of the role that the object names. Undefined: it names none, or its account is not known yet. */
function namedRole({ object, account, installation, partition }: RoleFacts): string | undefined {
  const accountID = object.status?.accountID ?? account?.accountID;
  if (object.spec.role?.name === undefined || accountID === undefined) return undefined;
  const { name, path } = roleIdentity(object, installation);
  return `arn:${partition}:iam::${accountID}:role${path}${name}`;
}

/** Whether the object may take the role that it names although somebody else made it. */
export function listsExisting(facts: RoleFacts, { existingRoles }: Roles): boolean {
  const arn = namedRole(facts);
  return arn !== undefined && matchesAny(existingRoles, arn);
}

/** In whose role we keep statements, and nothing else. While its account is not known, nothing is sent there. */
function existing(facts: RoleFacts, rules: Roles): Objection[] {
  const arn = namedRole(facts);
  if (arn === undefined || listsExisting(facts, rules)) return [];
  return [notListed('spec.role with management TrustOnly', arn, 'roles.existingRoles', rules.existingRoles)];
}

/** The default name and the default path are always allowed. */
function identity(facts: RoleFacts, rules: Roles): Objection[] {
  const { object, installation } = facts;
  const { metadata, spec } = object;
  if (isTrustOnly(object)) return existing(facts, rules);
  const { namespace } = metadata;
  const names = [roleName(installation, namespace, metadata.name), ...(rules.names ?? [])];
  const paths = [rolePath(installation, namespace), ...(rules.paths ?? [])];
  const { name, path } = spec.role ?? {};
  return [
    ...(name === undefined || matchesAny(names, name, { ignoreCase: true })
      ? []
      : [notListed('spec.role.name', name, 'roles.names', names)]),
    ...(path === undefined || matchesAny(paths, path) ? [] : [notListed('spec.role.path', path, 'roles.paths', paths)]),
  ];
}

function boundary({ spec }: IAMServiceAccount, { permissionsBoundary: forced }: Roles): Objection[] {
  const named = spec.role?.permissionsBoundary;
  if (named === undefined || forced === undefined || named === forced) return [];
  const asks = `spec.role.permissionsBoundary ${named}`;
  return [notSet(asks, 'roles.permissionsBoundary', { allows: `only ${forced}`, needs: named })];
}

/**
 * A pattern with a colon is for ARNs, and one without is for the names of AWS's own policies: *ReadOnlyAccess matches no policy to
 * which somebody in the account gave such a name. * alone is for all.
 */
function managedPolicies({ object: { spec }, partition }: RoleFacts, { managedPolicies: allowed = [] }: Roles) {
  const isAllowed = (policy: string) => {
    const arn = policy.startsWith('arn:') ? policy : `arn:${partition}:iam::aws:policy/${policy}`;
    const [, name] = /^arn:[^:]+:iam::aws:policy\/(.*)$/.exec(arn) ?? [];
    return allowed.some((pattern) => {
      if (pattern === '*' || pattern.includes(':')) return matches(pattern, arn);
      return name !== undefined && matches(pattern, name);
    });
  };
  return (spec.policies?.managed ?? [])
    .filter((policy) => !isAllowed(policy))
    .map((policy) => notListed('spec.policies.managed', policy, 'roles.managedPolicies', allowed));
}

function inlinePolicies({ spec }: IAMServiceAccount, { inlinePolicies: rules }: Roles): Objection[] {
  const policies = spec.policies?.inline ?? [];
  if (policies.length === 0) return [];
  if (!rules) return [notSet('spec.policies.inline', 'roles.inlinePolicies', { allows: 'none', needs: {} })];
  return policies.flatMap(({ name, document }) => {
    const denied = findDenied(document, rules.deniedActions ?? []);
    if (denied === undefined) return [];
    const allows = `everything except ${rules.deniedActions?.join(', ')}`;
    const asks = `spec.policies.inline ${name}: it has ${denied}`;
    return [notSet(asks, 'roles.inlinePolicies.deniedActions', { allows, needs: [] })];
  });
}

/** For IAM, keys that differ only in case are the same key. */
function tags({ spec }: IAMServiceAccount, { tagKeys }: Roles): Objection[] {
  return Object.keys(spec.tags ?? {})
    .filter((key) => !matchesAny(tagKeys, key, { ignoreCase: true }))
    .map((key) => notListed('spec.tags', key, 'roles.tagKeys', tagKeys));
}

function limits({ object: { spec }, older }: RoleFacts, { maxSessionDuration, maximum }: Roles): Objection[] {
  const asked = spec.role?.maxSessionDuration;
  const tooLong =
    maxSessionDuration !== undefined &&
    (asked === undefined ? hours(1) : parseDuration(asked)) > parseDuration(maxSessionDuration);
  const before = maximum === undefined ? 0 : older();
  return [
    ...(tooLong
      ? [
          notSet(`spec.role.maxSessionDuration ${asked ?? '1h (the default)'}`, 'roles.maxSessionDuration', {
            allows: `at most ${maxSessionDuration}`,
            needs: asked ?? '1h',
          }),
        ]
      : []),
    ...(maximum !== undefined && before >= maximum
      ? [
          notSet(`one more IAMServiceAccount than the namespace may have`, 'roles.maximum', {
            allows: `the ${maximum} oldest`,
            needs: before + 1,
          }),
        ]
      : []),
  ];
}

const unlisted = (values: readonly string[], patterns: readonly string[]) => [
  ...new Set(values.filter((value) => !matchesAny(patterns, value))),
];
