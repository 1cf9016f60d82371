import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import { allowsNamespace } from '../allowed-namespaces.ts';
import { isLeavingForGood, urlsOf } from '../issuer-contract.ts';
import { issuerKey, issuerRefsOf } from '../references.ts';
import type { RoleServices, Neighbour } from './context.ts';
import type { Refusal } from './validate.ts';

export interface IssuersRead {
  /** Undefined: it is not there, or this object may not know of it. */
  readonly issuer: OIDCIssuer | undefined;
  readonly others: readonly Neighbour[];
  /** The message is the same for an issuer that does not admit us and for one that does not exist, so that nobody learns what other namespaces have. */
  readonly refusal: Refusal | undefined;
}

/**
 * The issuer is read again, because the pass acts on it. The others are only looked up: they are those of this namespace, and those
 * of other namespaces that the role trusts because it referred to them.
 * An issuer that admitted us before but no longer does is used to undo things, never to make them.
 */
export async function readIssuer(
  { kube, issuers, findIssuer }: Pick<RoleServices, 'kube' | 'issuers' | 'findIssuer'>,
  object: IAMServiceAccount,
): Promise<IssuersRead> {
  const { namespace } = object.metadata;
  const ref = issuerRefsOf(object)[0] ?? { namespace, name: '' };
  const found = await findIssuer(ref);
  const trusting = object.status?.issuers ?? [];
  const known = [namespace, ...trusting.map(({ providerARN }) => providerARN)].flatMap((key) => issuers.under(key));
  const byKey = new Map(known.map((neighbour) => [issuerKey(neighbour[0]), neighbour]));
  byKey.delete(issuerKey(ref));
  const others = [...byKey.values()];
  const allowed = found !== undefined && (await allowsNamespace(found, namespace, kube));
  if (allowed || ref.namespace === namespace) return { issuer: found, others, refusal: undefined };
  const trusted = found !== undefined && trusting.some(({ url }) => urlsOf(found).includes(url));
  const issuer = trusted ? found : undefined;
  // Its provider goes, so the role has to drop the statement, whoever may refer to the issuer.
  return { issuer, others, refusal: isLeavingForGood(issuer) ? undefined : notAllowed(ref, namespace) };
}

function notAllowed(ref: NamespacedName, namespace: string): Refusal {
  return {
    reason: 'IssuerNotAllowed',
    message: `spec.issuerRefs: OIDCIssuer ${issuerKey(ref)} does not exist, or its spec.allowedNamespaces does not let namespace ${namespace} refer to it`,
  };
}
