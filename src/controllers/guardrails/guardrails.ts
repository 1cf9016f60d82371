import type { GuardrailSpec } from '../../api/generated/guardrail.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import type { Admission, RoleRequest, Verdict } from '../admission.ts';
import { judgeIssuer, judgeRole, type NamedGuardrail, type Namespace, selects } from './judge.ts';

type View<S> = Iterable<[NamespacedName, S]>;

/** When an IAMServiceAccount was made, for `maximum`. */
export const ageOf = ({ metadata }: IAMServiceAccount) => `${metadata.creationTimestamp} ${metadata.name}`;

/** What informers know. They must have synced before the first object is judged. */
export interface Views {
  readonly guardrails: View<GuardrailSpec>;
  /** Labels. */
  readonly namespaces: View<Readonly<Record<string, string>>>;
  /** `ageOf` each. */
  readonly roles: View<string>;
}

export interface GuardrailsOptions {
  readonly views: Views;
  readonly installation: string;
  /** As in ARNs. */
  readonly partition: string;
}

/** Judges objects by the Guardrails of the cluster. */
export class Guardrails implements Admission {
  constructor(private readonly options: GuardrailsOptions) {}

  issuer(issuer: OIDCIssuer): Verdict {
    return judgeIssuer(issuer, this.#namespace(issuer.metadata.namespace), this.#guardrails());
  }

  role({ object, issuer }: RoleRequest): Verdict {
    const { installation, partition } = this.options;
    const guardrails = this.#guardrails();
    const issuerNamespace = issuer && this.#namespace(issuer.metadata.namespace);
    const inClusterAllowed =
      issuerNamespace !== undefined &&
      guardrails.some((guardrail) => guardrail.spec.issuers?.inCluster && selects(guardrail, issuerNamespace));
    const older = this.#older(object);
    const facts = { object, issuer, inClusterAllowed, older, installation, partition };
    return judgeRole(facts, this.#namespace(object.metadata.namespace), guardrails);
  }

  #guardrails(): NamedGuardrail[] {
    return [...this.options.views.guardrails]
      .map(([{ name }, spec]) => ({ name, spec }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** One that is not known yet has no labels; its first event brings its objects back. */
  #namespace(name: string): Namespace {
    for (const [ref, labels] of this.options.views.namespaces) if (ref.name === name) return { name, labels };
    return { name, labels: {} };
  }

  #older(object: IAMServiceAccount): number {
    const age = ageOf(object);
    let older = 0;
    for (const [{ namespace }, other] of this.options.views.roles)
      if (namespace === object.metadata.namespace && other < age) older++;
    return older;
  }
}
