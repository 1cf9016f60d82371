import { samePolicy } from '../../aws/policy-document.ts';
import { trustPolicy } from '../../oidc/trust-policy.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';

/** The role's trust policy, statement by statement. It goes with the role. */
export const trustStep: Step<RoleContext, RoleRemoval> = {
  condition: 'TrustReady',
  needs: ['RoleReady'],

  async reconcile({ services, status, situation, target, observed }) {
    if (!target || !observed) throw new Error('the trust policy needs an existing role');
    const { account } = target;
    const { role, createdNow } = observed;
    const desired = trustPolicy(target.desired.trusted, role.trustPolicy);
    return inAccount(account.id, () =>
      services.propagation.orWait(role, async () => {
        if (!createdNow && !samePolicy(role.trustPolicy, desired)) {
          await account.roles.updateTrustPolicy(role.name, desired);
        }
        status.issuers = [...situation.trusted];
        return target.desired.trusted.some((issuer) => 'unread' in issuer) ? waitingFor(situation) : ready;
      }),
    );
  },
};

function waitingFor({ issuer }: RoleContext['situation']): Outcome {
  const reports = issuer
    ? `OIDCIssuer ${issuer.metadata.name} reports its provider's audiences`
    : 'the OIDCIssuer exists';
  const message = `waiting until ${reports}; the trust policy's statement for the issuer stays as it is`;
  return { state: 'waiting', reason: issuer ? 'IssuerNotReady' : 'IssuerNotFound', message };
}
