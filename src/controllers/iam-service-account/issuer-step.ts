import type { Reason } from '../../api/conditions.ts';
import { accountOfRole } from '../../aws/names.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import type { Referred } from './issuers.ts';

/** The issuers are registered in the role's account. Each change of an issuer wakes the roles that name it. */
export const issuerStep: Step<RoleContext, RoleRemoval> = {
  condition: 'IssuersReady',
  needs: [],

  async reconcile({ object, status, situation: { referred, trusted } }): Promise<Outcome> {
    // A role that was not made yet has no account but the one that it asks for.
    const accountID = status.accountID ?? (object.spec.account && accountOfRole(object.spec.account.roleARN));
    const nameOf = (each: Referred) => issuerName(each, object.metadata.namespace);
    const problems = referred.flatMap((each) => {
      const problem = problemOf(each, accountID);
      return problem ? [{ reason: problem.reason, message: `${nameOf(each)} ${problem.message}` }] : [];
    });
    const [first] = problems;
    if (first) {
      const kept = trusted.length > 0 ? '; what the role trusts already stays as it is' : '';
      const message = `${problems.map(({ message: each }) => each).join('; ')}${kept}`;
      return { state: 'waiting', reason: first.reason, message };
    }
    const leaving = referred.filter(({ issuer }) => issuer?.metadata.deletionTimestamp !== undefined);
    if (leaving.length === 0) return ready;
    const verb = leaving.length === 1 ? 'is' : 'are';
    return {
      state: 'ready',
      message: `${leaving.map(nameOf).join(', ')} ${verb} being deleted, and the role stays as it is until that is allowed`,
    };
  },
};

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

function problemOf({ state, issuer }: Referred, accountID: string | undefined): Problem | undefined {
  switch (state) {
    case 'ready':
      return undefined;
    case 'notFound':
      return { reason: 'IssuerNotFound', message: 'does not exist: make it, or correct spec.issuerRefs' };
    case 'notReady':
      return notRegistered(issuer, accountID);
    case 'leaving':
      return { reason: 'IssuerLeaving', message: 'is being deleted: name another one in spec.issuerRefs' };
  }
}

function notRegistered(issuer: Referred['issuer'], accountID: string | undefined): Problem {
  const { spec, status } = issuer ?? {};
  const lacks = 'has no IAM OIDC provider for its URL in';
  if (accountID === undefined || status?.accountID === undefined || status.accountID === accountID)
    return { reason: 'IssuerNotReady', message: `${lacks} its account yet` };
  const there = `${lacks} account ${accountID}, where the role is`;
  const isAsked = spec?.additionalAccounts?.some(({ roleARN }) => accountOfRole(roleARN) === accountID) ?? false;
  return isAsked
    ? { reason: 'IssuerNotReady', message: `${there} yet` }
    : { reason: 'IssuerNotRegistered', message: `${there}: add the account to the issuer's spec.additionalAccounts` };
}

/** As `kubectl get` takes it in the object's own namespace, else with the namespace before it. */
export const issuerName = ({ ref }: Pick<Referred, 'ref'>, namespace: string) =>
  `OIDCIssuer ${ref.namespace === namespace ? ref.name : `${ref.namespace}/${ref.name}`}`;
