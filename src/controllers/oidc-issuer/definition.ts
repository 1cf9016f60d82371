import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Definition, Pass } from '../../runtime/definition.ts';
import { IssuerClusters } from '../clusters.ts';
import { duringPass } from '../during-pass.ts';
import { explain } from '../explain.ts';
import { accept } from './accept.ts';
import type { AcceptedSite, IssuerDependencies, IssuerServices, SiteContext } from './context.ts';
import { holdsDeletion } from './deletion-hold.ts';
import { removal, retain } from './removal.ts';

/** Publishes a cluster's public keys as an OIDC issuer and registers it. What is done for each site is in hostings.ts. */
export function oidcIssuerDefinition(
  dependencies: IssuerDependencies,
): Definition<OIDCIssuer, OIDCIssuerStatus, AcceptedSite, SiteContext> {
  const dnsChanges = new Map<string, string>();
  const servicesOf = (pass: Pass): IssuerServices => {
    const bound = duringPass(dependencies, pass);
    return { ...bound, clusters: new IssuerClusters(bound, pass), dnsChanges };
  };
  return {
    resource: oidcIssuers,
    accept: (object, draft, pass) => accept(servicesOf(pass), object, { draft, pass }),
    holdsDeletion: (object, pass) => holdsDeletion(servicesOf(pass), object),
    retain: (object, draft, pass) => retain(servicesOf(pass), object, { draft, pass }),
    removal: (object, draft, pass) => removal(servicesOf(pass), object, { draft, pass }),
    explain,
  };
}
