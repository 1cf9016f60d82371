import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Definition } from '../../runtime/definition.ts';
import { IssuerClusters } from '../clusters.ts';
import { explain } from '../explain.ts';
import { accept } from './accept.ts';
import type { AcceptedSite, IssuerDependencies, IssuerServices, SiteContext } from './context.ts';
import { holdsDeletion } from './deletion-hold.ts';
import { removal } from './removal.ts';

/** Publishes a cluster's public keys as an OIDC issuer and registers it. What is done for each site is in hostings.ts. */
export function oidcIssuerDefinition(
  dependencies: IssuerDependencies,
): Definition<OIDCIssuer, OIDCIssuerStatus, AcceptedSite, SiteContext> {
  const clusters = new IssuerClusters(dependencies);
  const services: IssuerServices = { ...dependencies, clusters, dnsChanges: new Map() };
  return {
    resource: oidcIssuers,
    accept: (object, draft, pass) => accept(services, object, { draft, pass }),
    holdsDeletion: (object) => holdsDeletion(services, object),
    removal: (object, draft, pass) => removal(services, object, { draft, pass }),
    explain,
  };
}
