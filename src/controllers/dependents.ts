import { findCondition } from '../api/conditions.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import { finalizer } from '../api/names.ts';
import { isRegistered, urlsOf } from './issuer-contract.ts';
import { issuerKey, issuerRefsOf } from './references.ts';

/** The one answer to who refers to an issuer. */
export function refersTo({ metadata, spec }: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  return issuerRefsOf({ metadata, spec }).map(issuerKey).includes(issuerKey(issuer.metadata));
}

/**
 * The objects for which the issuer's deletion waits: their pods would lose access to AWS. An object that is being deleted no longer
 * needs the issuer. An object of another namespace holds the issuer only if the issuer once admitted it.
 */
export function usersOf(issuer: OIDCIssuer, candidates: readonly IAMServiceAccount[]): IAMServiceAccount[] {
  return candidates.filter(
    (object) =>
      object.metadata.deletionTimestamp === undefined &&
      refersTo(object, issuer) &&
      (object.metadata.namespace === issuer.metadata.namespace ||
        (object.status?.issuers ?? []).some(({ url }) => urlsOf(issuer).includes(url))),
  );
}

/**
 * The objects whose roles have, or may have, a statement for one of these URLs of the issuer. Without URLs, for any of its URLs. What
 * is behind a URL must not go before the statements do: a provider that is made again under it would let in whoever they name.
 * An object that is being deleted with Retain keeps its statement on purpose and holds nothing.
 */
export function dependentsOf(
  issuer: OIDCIssuer,
  candidates: readonly IAMServiceAccount[],
  ofURLs: readonly string[] = everyURL(issuer),
): IAMServiceAccount[] {
  // An issuer that was never registered, such as a copy, has its URL from its spec alone.
  const urls = isRegistered(issuer) ? ofURLs : [];
  // Behind a provider of somebody else's stands another issuer too, for others than those that refer to this one.
  const providers = issuer.status?.providers ?? [];
  const used = providers.filter(({ owned }) => !owned).map(({ url }) => url);
  const ownURLs = urls.filter((url) => !used.includes(url) || providers.some((each) => each.owned && each.url === url));
  return candidates.filter(
    (object) =>
      ((object.status?.issuers ?? []).some(({ url }) => (refersTo(object, issuer) ? urls : ownURLs).includes(url)) ||
        mayTrust(object, issuer)) &&
      !(object.metadata.deletionTimestamp !== undefined && object.spec.deletionPolicy === 'Retain'),
  );
}

const everyURL = ({ status }: OIDCIssuer) =>
  [...(status?.sites ?? []), ...(status?.providers ?? [])].map(({ url }) => url);

/** The object forgot its role. Its next pass will know. */
function mayTrust(object: IAMServiceAccount, issuer: OIDCIssuer): boolean {
  const isNeighbour = object.metadata.namespace === issuer.metadata.namespace;
  // Anybody can write a finalizer and a reference. In another namespace they hold nothing by themselves.
  const mayBeLetIn = isNeighbour || ((issuer.spec.allowedNamespaces?.from ?? 'Same') !== 'Same' && !isRefused(object));
  return mayHaveForgotten(object) && mayBeLetIn && refersTo(object, issuer);
}

/** No Guardrail allows the present spec, or the issuer does not admit the namespace. */
function isRefused({ metadata, status }: IAMServiceAccount): boolean {
  const accepted = findCondition(status?.conditions, 'Accepted');
  const isDenied = accepted?.reason === 'NotAllowed' || accepted?.reason === 'IssuerNotAllowed';
  return isDenied && accepted.observedGeneration === metadata.generation;
}

/**
 * Our finalizer says that there may be a role, and the lost status no longer says whom the role trusts. This stays so, whatever
 * other passes write, until a pass knows. An object that lost nothing has a list from its first pass on, before the finalizer.
 */
export function mayHaveForgotten({ metadata, status }: IAMServiceAccount): boolean {
  return status?.issuers === undefined && (metadata.finalizers?.includes(finalizer) ?? false);
}
