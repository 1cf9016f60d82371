import { samePolicy } from '../../aws/policy-document.ts';
import { trustPolicy } from '../../oidc/trust-policy.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';

/** The role's trust policy, statement by statement. It goes with the role. */
export const trustStep: Step<RoleContext, RoleRemoval> = {
  condition: 'TrustReady',
  needs: ['RoleReady'],

  async reconcile(context) {
    const { services, status, situation, target, observed } = context;
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
        context.trusting = status.issuers;
        return target.desired.trusted.some((issuer) => 'unread' in issuer) ? waitingFor(situation) : ready;
      }),
    );
  },
};

/** An issuer that is ready has its statement, so one that is not is what the kept statements wait for. */
function waitingFor({ referred }: RoleContext['situation']): Outcome {
  const missing = referred.find(({ state }) => state === 'notFound');
  const reports = missing
    ? `OIDCIssuer ${missing.ref.name} exists`
    : `OIDCIssuer ${referred.map(({ ref }) => ref.name).join(', ')} reports its provider's audiences`;
  const message = `waiting until ${reports}; the trust policy's statement for the issuer stays as it is`;
  return { state: 'waiting', reason: missing ? 'IssuerNotFound' : 'IssuerNotReady', message };
}
