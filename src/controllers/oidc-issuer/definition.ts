import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Definition } from '../../runtime/definition.ts';
import { explain } from '../explain.ts';
import { accept } from './accept.ts';
import { bucketStep } from './bucket-step.ts';
import { certificateStep } from './certificate-step.ts';
import type { IssuerContext, IssuerDependencies, IssuerRemoval } from './context.ts';
import { holdsDeletion } from './deletion-hold.ts';
import { distributionStep } from './distribution-step.ts';
import { DnsStep } from './dns-step.ts';
import { documentsStep } from './documents-step.ts';
import { providersStep } from './providers-step.ts';
import { removal } from './removal.ts';
import { signingKeysStep } from './signing-keys-step.ts';
import { verifiedStep } from './verified-step.ts';

/**
 * Publishes a cluster's public keys as an OIDC issuer and registers it.
 * Its steps are in an order whose reverse never leaves a provider that trusts a name, a distribution or a bucket that is not
 * ours any more.
 */
export function oidcIssuerDefinition(
  dependencies: IssuerDependencies,
): Definition<OIDCIssuer, OIDCIssuerStatus, IssuerContext, IssuerRemoval> {
  const dnsStep = new DnsStep();
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
    accept: (issuer, draft, pass) => accept(dependencies, issuer, { draft, pass }),
    holdsDeletion: (issuer) => holdsDeletion(dependencies, issuer),
    removal: (issuer, draft, pass) => removal(dependencies, issuer, { draft, pass }),
    explain,
  };
}
