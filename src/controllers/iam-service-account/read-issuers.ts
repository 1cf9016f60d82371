import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';
import { allowsNamespace } from '../allowed-namespaces.ts';
import { isLeavingForGood, urlsOf } from '../issuer-contract.ts';
import { issuerKey, issuerRefsOf } from '../references.ts';
import type { RoleServices, Neighbour } from './context.ts';
import type { Reference } from './issuers.ts';
import type { Refusal } from './validate.ts';

export interface IssuersRead {
  readonly references: readonly Reference[];
  readonly others: readonly Neighbour[];
  /** The message is the same for an issuer that does not admit us and for one that does not exist, so that nobody learns what other namespaces have. */
  readonly refusal: Refusal | undefined;
}

type Reads = Pick<RoleServices, 'kube' | 'issuers' | 'findIssuer'>;

/**
 * The issuers are read again, because the pass acts on them. The others are only looked up: they are those of this namespace, and
 * those of other namespaces that the role trusts because it referred to them.
 */
export async function readIssuers(services: Reads, object: IAMServiceAccount): Promise<IssuersRead> {
  const refs = issuerRefsOf(object);
  const read = await Promise.all(refs.map((ref) => readOne(services, object, ref)));
  const trusting = (object.status?.issuers ?? []).map(({ providerARN }) => providerARN);
  const known = [object.metadata.namespace, ...trusting].flatMap((key) => services.issuers.under(key));
  const byKey = new Map(known.map((neighbour) => [issuerKey(neighbour[0]), neighbour]));
  for (const ref of refs) byKey.delete(issuerKey(ref));
  const refusal = read.find((each) => each.refusal)?.refusal;
  return { references: read.map(({ ref, issuer }) => ({ ref, issuer })), others: [...byKey.values()], refusal };
}

/** An issuer that admitted us before but no longer does is used to undo things, never to make them. */
async function readOne(
  { kube, findIssuer }: Reads,
  object: IAMServiceAccount,
  ref: NamespacedName,
): Promise<Reference & { readonly refusal?: Refusal }> {
  const { namespace } = object.metadata;
  const found = await findIssuer(ref);
  const allowed = found !== undefined && (await allowsNamespace(found, namespace, kube));
  if (allowed || ref.namespace === namespace) return { ref, issuer: found };
  const trusted = found !== undefined && (object.status?.issuers ?? []).some(({ url }) => urlsOf(found).includes(url));
  const issuer = trusted ? found : undefined;
  // Its provider goes, so the role has to drop the statement, whoever may refer to the issuer.
  return isLeavingForGood(issuer) ? { ref, issuer } : { ref, issuer, refusal: notAllowed(ref, namespace) };
}

function notAllowed(ref: NamespacedName, namespace: string): Refusal {
  return {
    reason: 'IssuerNotAllowed',
    message: `spec.issuerRefs: OIDCIssuer ${issuerKey(ref)} does not exist, or its spec.allowedNamespaces does not let namespace ${namespace} refer to it`,
  };
}
