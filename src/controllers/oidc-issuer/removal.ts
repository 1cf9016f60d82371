import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Account } from '../../aws/accounts.ts';
import { isShutOut } from '../../aws/errors.ts';
import type { Pass } from '../../runtime/definition.ts';
import type { Part } from '../../runtime/step.ts';
import { explain } from '../explain.ts';
import { issuerAccount } from '../issuer-account.ts';
import { ownerOf, withoutTakeOver } from '../ownership.ts';
import { clusterTokens } from './cluster-tokens.ts';
import type { AcceptedSite, IssuerPass, IssuerServices, SiteContext } from './context.ts';
import { removedParts } from './parts.ts';
import { documentsStep, release } from './site/documents-step.ts';
import { withLostPlace, withPlace } from './site/places.ts';
import { missesSites, rediscover } from './site/recovery.ts';
import { askedOf, currentEntry } from './site/site.ts';

/**
 * No part if the account is shut and nothing was made in it, or if the issuer was moved to another cluster.
 * The status may be lost, or a pass may have been cut off after its first call to AWS. So everything is looked for under the names
 * that the spec gives.
 */
export async function removal(
  services: IssuerServices,
  object: OIDCIssuer,
  { draft: status, pass }: { readonly draft: OIDCIssuerStatus; readonly pass: Pass },
): Promise<readonly Part<SiteContext, AcceptedSite, SiteContext>[]> {
  // Anybody can write a finalizer: it alone does not say that something was made.
  const verdict = status.accountID === undefined ? services.admission.issuer(object) : undefined;
  if (verdict && !verdict.allowed) {
    pass.event(
      'Warning',
      'NotLookedFor',
      `nothing is recorded as made, and nothing was looked for: ${verdict.message}`,
    );
    return [];
  }
  const account = await openAccount(services, object, pass);
  if (!account) return [];
  if (status.accountID !== undefined && status.accountID !== account.id) {
    throw new Error(
      `the issuer is in account ${status.accountID}, which the operator cannot reach now: its credentials are of ${account.id}`,
    );
  }
  const owner = withoutTakeOver(ownerOf(oidcIssuers, object, services.settings));
  const cluster = clusterTokens({ services, object, pass });
  const issuer: IssuerPass = { services, object, status, pass, account, owner, cluster };
  if (missesSites(status)) {
    const { settings, clock } = services;
    const asked = askedOf(object, { accountID: account.id, installation: settings.installation, now: clock.now() });
    await rediscover(issuer, asked);
    // The spec may ask for another site than the one that stands.
    const known = currentEntry(status.sites, asked);
    const former = (status.sites ?? []).filter(({ url }) => url !== known.url);
    // What the spec says of a zone may have changed since a Guardrail allowed it.
    const isAllowed = services.admission.issuer(object).allowed;
    status.sites = !isAllowed
      ? [known, ...former]
      : [withPlace(known, object, account.id), ...former.map((entry) => withLostPlace(entry, object, account.id))];
  }
  const parts = removedParts(issuer);
  // A move takes over the bucket first. The rest, which may not have followed yet, must not be deleted here.
  for (const { context } of parts) if (await context.isTakenOver()) return [];
  return parts;
}

/** The documents that stay are marked, so that an issuer of another cluster does not take their keys for its own. */
export async function retain(...of: Parameters<typeof removal>): Promise<void> {
  const published = (await removal(...of)).filter(({ steps }) => steps.includes(documentsStep));
  for (const { context } of published) await release(context);
}

/**
 * The account is recorded before the first write to it, and only after it let us in. So if none is recorded and the account is
 * shut, nothing was made, or the status was lost before there was a provider. That must not hold the deletion for ever.
 */
async function openAccount({ accounts }: IssuerServices, object: OIDCIssuer, pass: Pass): Promise<Account | undefined> {
  try {
    const account = await accounts.get(issuerAccount(object), pass);
    await account.open();
    return account;
  } catch (error) {
    if (object.status?.accountID !== undefined || !isShutOut(error)) throw error;
    const { message } = explain(error);
    const alias = object.spec.hosting.cloudFront?.alias;
    const ofAlias = alias === undefined ? '' : ` of ${alias}`;
    pass.event(
      'Warning',
      'NotLookedFor',
      `nothing is recorded as made, and the account cannot be opened to see, so no bucket, distribution, certificate or record${ofAlias} was looked for: ${message}`,
    );
    return undefined;
  }
}
