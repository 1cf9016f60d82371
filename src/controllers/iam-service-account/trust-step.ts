import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { inAccount } from '../explain.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { samePolicy } from './policy-document.ts';
import type { Propagation } from './propagation.ts';

/** Whom the role trusts. It goes with the role. */
export class TrustStep implements Step<RoleContext, RoleRemoval> {
  readonly condition = 'TrustReady';
  readonly needs = ['RoleReady'] as const;

  constructor(private readonly propagation: Propagation) {}

  async reconcile({ status, situation, target, observed }: RoleContext): Promise<Outcome> {
    if (!target || !observed) throw new Error('the trust policy is of a role that is there');
    const { account } = target;
    const { role, createdNow } = observed;
    const { trustPolicy } = target.desired;
    if (!trustPolicy) {
      // What stands there is better than what could be written.
      return {
        state: 'waiting',
        reason: situation.issuer ? 'IssuerNotReady' : 'IssuerNotFound',
        message: 'the trust policy is not changed while the issuer does not say its audiences',
      };
    }
    return inAccount(account.id, () =>
      this.propagation.orWait(role, async () => {
        if (!createdNow && !samePolicy(role.trustPolicy, trustPolicy)) {
          await account.roles.updateTrustPolicy(role.name, trustPolicy);
        }
        status.issuers = [...situation.trusted];
        return ready;
      }),
    );
  }
}
