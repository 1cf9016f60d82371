import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Definition } from '../../runtime/definition.ts';
import { duringPass } from '../during-pass.ts';
import { explain } from '../explain.ts';
import { accept } from './accept.ts';
import { bucketStep } from './bucket-step.ts';
import { certificateStep } from './certificate-step.ts';
import type { IssuerContext, IssuerDependencies, IssuerRemoval, IssuerServices } from './context.ts';
import { holdsDeletion } from './deletion-hold.ts';
import { distributionStep } from './distribution-step.ts';
import { dnsStep } from './dns-step.ts';
import { documentsStep } from './documents-step.ts';
import { providersStep } from './providers-step.ts';
import { removal } from './removal.ts';
import { signingKeysStep } from './signing-keys-step.ts';
import { verifiedStep } from './verified-step.ts';

/**
 * Publishes a cluster's public keys as an OIDC issuer and registers it.
 * The reverse of its steps never leaves a provider that trusts a name, a distribution or a bucket that is no longer ours.
 */
export function oidcIssuerDefinition(
  dependencies: IssuerDependencies,
): Definition<OIDCIssuer, OIDCIssuerStatus, IssuerContext, IssuerRemoval> {
  const services: IssuerServices = { ...dependencies, dnsChanges: new Map() };
  return {
    resource: oidcIssuers,
    steps: [
      signingKeysStep,
      bucketStep,
      documentsStep,
      certificateStep,
      distributionStep,
      dnsStep,
      providersStep,
      verifiedStep,
    ],
    accept: (object, draft, pass) => accept(duringPass(services, pass), object, { draft, pass }),
    holdsDeletion: (object, pass) => holdsDeletion(duringPass(services, pass), object),
    removal: (object, draft, pass) => removal(duringPass(services, pass), object, { draft, pass }),
    explain,
  };
}
