import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { samePolicy } from './policy-document.ts';

/** Whom the role trusts. It goes with the role. */
export class TrustStep implements Step<RoleContext, RoleRemoval> {
  readonly condition = 'TrustReady';
  readonly needs = ['RoleReady'] as const;

  async reconcile({ status, situation, target, observed }: RoleContext): Promise<Outcome> {
    if (!target || !observed) throw new Error('the trust policy is of a role that is there');
    if (!situation.issuer && situation.trusted.length > 0) {
      // Its audiences are not known, so what stands there is better than what could be written.
      return {
        state: 'waiting',
        reason: 'IssuerNotFound',
        message: 'the trust policy is not changed without the issuer',
      };
    }
    const { role, createdNow } = observed;
    const { trustPolicy } = target.desired.spec;
    if (!createdNow && !samePolicy(role.trustPolicy, trustPolicy)) {
      await inAccount(target.account.id, () => target.account.roles.updateTrustPolicy(role.name, trustPolicy));
    }
    status.issuers = [...situation.trusted];
    return ready;
  }
}
