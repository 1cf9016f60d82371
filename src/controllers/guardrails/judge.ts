import type { GuardrailSpec } from '../../api/generated/guardrail.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { annotations } from '../../api/names.ts';
import type { Verdict } from '../admission.ts';
import { objectionsToIssuer } from './issuer-rules.ts';
import { describe, type Objection, remedyFor } from './objection.ts';
import { matchesAny } from './patterns.ts';
import { listsExisting, objectionsToRole, type RoleFacts } from './role-rules.ts';

export interface NamedGuardrail {
  readonly name: string;
  readonly spec: GuardrailSpec;
}

export interface Namespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function judgeIssuer(issuer: OIDCIssuer, namespace: Namespace, guardrails: readonly NamedGuardrail[]): Verdict {
  return judge(namespace, guardrails, (spec) => objectionsToIssuer(issuer, spec));
}

/**
 * If several Guardrails allow the object as it is, one that lets it adopt the role wins where it asks for that, and then one that
 * forces no boundary, because grants add up.
 */
export function judgeRole(facts: RoleFacts, namespace: Namespace, guardrails: readonly NamedGuardrail[]): Verdict {
  const asksToAdopt = facts.object.metadata.annotations?.[annotations.adopt] === 'true';
  const rank = ({ spec: { roles = {} } }: NamedGuardrail) =>
    Number(asksToAdopt && !listsExisting(facts, roles)) * 2 + Number(roles.permissionsBoundary !== undefined);
  const byRank = guardrails.toSorted((a, b) => rank(a) - rank(b));
  const verdict = judge(namespace, byRank, (spec) => objectionsToRole(facts, spec));
  if (!verdict.allowed) return verdict;
  const rules = guardrails.find(({ name }) => name === verdict.guardrail)?.spec.roles ?? {};
  const { permissionsBoundary } = rules;
  const existingRole = listsExisting(facts, rules);
  return {
    ...verdict,
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
    ...(existingRole && { existingRole }),
  };
}

export function selects({ spec }: NamedGuardrail, { name, labels }: Namespace): boolean {
  if (spec.namespaces) return matchesAny(spec.namespaces, name);
  const wanted = Object.entries(spec.namespaceSelector?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** One Guardrail must allow all. Guardrails are not added up. */
function judge(
  namespace: Namespace,
  guardrails: readonly NamedGuardrail[],
  objectionsOf: (spec: GuardrailSpec) => Objection[],
): Verdict {
  const judged = guardrails
    .filter((guardrail) => selects(guardrail, namespace))
    .map(({ name, spec }) => ({ name, objections: objectionsOf(spec) }));
  const allowing = judged.find(({ objections }) => objections.length === 0);
  if (allowing) return { allowed: true, guardrail: allowing.name };
  const [closest] = judged.toSorted((a, b) => a.objections.length - b.objections.length);
  if (closest) return { allowed: false, message: describe(closest.name, closest.objections) };
  const spec = remedyFor(namespace.name, objectionsOf({ accounts: [] }));
  return {
    allowed: false,
    message: `no Guardrail selects namespace ${namespace.name}, so nothing is allowed in it: to allow exactly this object, an administrator would write: {"apiVersion":"irsa.giantswarm.io/v1alpha1","kind":"Guardrail","metadata":{"name":"${namespace.name}"},"spec":${spec}}`,
  };
}
