import type { GuardrailSpec } from '../../api/generated/guardrail.ts';
import type { Guardrail, IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { Index, type Lookup } from '../../runtime/lookup.ts';
import type { Admission, RoleRequest, Verdict } from '../admission.ts';
import { seniority } from '../seniority.ts';
import { judgeIssuer, judgeRole, type NamedGuardrail, type Namespace } from './judge.ts';

/** The key of Guardrails that select their namespaces by a pattern or by labels. These are judged for every namespace. */
const anyNamespace = '*';

/** Guardrails by the namespaces that they name. Those that select by pattern or labels are under one more key. */
export const guardrailIndex = () =>
  new Index<Guardrail, GuardrailSpec>({
    select: ({ spec }) => spec,
    keys: (_, { namespaces = [anyNamespace] }) =>
      namespaces.some((name) => name.includes('*')) ? [anyNamespace] : namespaces,
  });

/** The labels of namespaces by their names. */
export const namespaceIndex = () =>
  new Index<KubernetesObject, Namespace['labels']>({
    select: ({ metadata }) => metadata.labels ?? {},
    keys: ({ name }) => [name],
  });

/** When the IAMServiceAccounts of a namespace were made, for `maximum`. */
export const roleAgeIndex = () =>
  new Index<IAMServiceAccount, string>({
    select: ({ metadata }) => seniority(metadata),
    keys: ({ namespace }) => [namespace],
  });

export interface GuardrailsOptions {
  /** What the informers know. They must have synced before the first object is judged. */
  readonly guardrails: Lookup<GuardrailSpec>;
  readonly namespaces: Lookup<Namespace['labels']>;
  readonly roleAges: Lookup<string>;
  readonly installation: string;
  /** As in ARNs. */
  readonly partition: string;
}

/** Judges objects by the Guardrails of the cluster. */
export class Guardrails implements Admission {
  constructor(private readonly options: GuardrailsOptions) {}

  issuer(issuer: OIDCIssuer): Verdict {
    const namespace = this.#namespace(issuer.metadata.namespace);
    return judgeIssuer(issuer, namespace, this.#candidates(namespace));
  }

  role(request: RoleRequest): Verdict {
    const { object, issuers } = request;
    const { installation, partition } = this.options;
    const namespace = this.#namespace(object.metadata.namespace);
    const refusedIssuers = issuers.filter((issuer) => !this.issuer(issuer).allowed);
    const facts = { ...request, refusedIssuers, older: () => this.#older(object), installation, partition };
    return judgeRole(facts, namespace, this.#candidates(namespace));
  }

  /** All Guardrails that may select the namespace, sorted by name, so that of several that allow an object always the same one is named. */
  #candidates({ name: namespace }: Namespace): NamedGuardrail[] {
    const { guardrails } = this.options;
    return [...guardrails.under(namespace), ...guardrails.under(anyNamespace)]
      .map(([{ name }, spec]) => ({ name, spec }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A namespace that is not known yet has no labels. Its first event brings its objects back. */
  #namespace(name: string): Namespace {
    const [found] = this.options.namespaces.under(name);
    return { name, labels: found?.[1] ?? {} };
  }

  #older({ metadata }: IAMServiceAccount): number {
    const age = seniority(metadata);
    return this.options.roleAges.under(metadata.namespace).filter(([, other]) => other < age).length;
  }
}
