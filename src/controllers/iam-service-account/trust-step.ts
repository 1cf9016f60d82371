import { samePolicy } from '../../aws/policy-document.ts';
import type { Role } from '../../aws/roles.ts';
import {
  deniesEverybody,
  everyStatement,
  holdsOurs,
  ownStatements,
  type Statements,
  trustPolicy,
} from '../../oidc/trust-policy.ts';
import { type Outcome, type Step, ready } from '../../runtime/step.ts';
import { inAccount } from '../explain.ts';
import { isTrustOnly } from '../role-identity.ts';
import type { RoleContext, RoleRemoval } from './context.ts';
import { mustFit } from './trust-size.ts';

/** The role's trust policy, statement by statement. It goes with the role, if that is ours. */
export const trustStep: Step<RoleContext, RoleRemoval> = {
  condition: 'TrustReady',
  needs: ['RoleReady'],

  async reconcile(context) {
    const { services, status, situation, target, observed } = context;
    if (!target || !observed) throw new Error('the trust policy needs an existing role');
    const { account } = target;
    const { role, createdNow } = observed;
    const statements = statementsOf(context);
    const desired = trustPolicy(target.desired.trusted, role.trustPolicy, statements);
    const isDenied = deniesEverybody(desired, statements);
    return inAccount(account.id, () =>
      services.propagation.orWait(role, async () => {
        if (!createdNow && !samePolicy(role.trustPolicy, desired)) {
          await mustFit(account, desired, target.desired.trusted);
          if (isDenied && isTrustOnly(context.object)) tellDenied(context.pass, role);
          await account.roles.updateTrustPolicy(role.name, desired);
        }
        status.issuers = [...situation.trusted];
        context.trusting = status.issuers;
        return target.desired.trusted.some((issuer) => 'unread' in issuer)
          ? waitingFor(situation)
          : done(context, isDenied);
      }),
    );
  },

  async remove({ services, account, owner, role: find, pass }) {
    return inAccount(account.id, async () => {
      const role = await find();
      const statements = statementsBySid(owner);
      // Statements that we left in somebody else's role go, also if the object's management became Full since.
      if (!role || !holdsOurs(role.trustPolicy, statements)) return ready;
      const rest = trustPolicy([], role.trustPolicy, statements);
      if (samePolicy(rest, role.trustPolicy)) return ready;
      if (deniesEverybody(rest, statements)) tellDenied(pass, role);
      return services.propagation.orWait(role, async () => {
        await account.roles.updateTrustPolicy(role.name, rest);
        return ready;
      });
    });
  },
};

/** Of somebody else's role, which others may need. */
function tellDenied(pass: RoleContext['pass'], { arn }: Role): void {
  const message = `the trust policy of role ${arn} had no statements but ours, and IAM takes no empty one: it denies everybody now`;
  pass.event('Warning', 'TrustDenied', message);
}

function done({ object: { spec }, situation }: RoleContext, isDenied: boolean): Outcome {
  if (spec.subjects.length > 0 && situation.trusted.length > 0) return ready;
  const why = spec.subjects.length === 0 ? 'spec.subjects is empty' : 'no issuer is left';
  const what = isDenied ? 'denies everybody' : 'has only the statements of others';
  return { state: 'ready', message: `${why}, so the trust policy ${what}` };
}

/** Of somebody else's role we keep only the statements that are named as ours. One that became ours may still have those. */
function statementsOf({ object, owner }: Pick<RoleContext, 'object' | 'owner'>): Statements {
  const bySid = statementsBySid(owner);
  return isTrustOnly(object) ? bySid : everyStatement(bySid);
}

function statementsBySid({ installation, home, owner, takesOver }: RoleContext['owner']): Statements {
  const of = (itsHome: string) => `${installation}/${itsHome}/${owner}`;
  return ownStatements([of(home), ...takesOver.map(of)]);
}

/** An issuer that is ready has its statement, so one that is not is what the kept statements wait for. */
function waitingFor({ referred }: RoleContext['situation']): Outcome {
  const missing = referred.find(({ state }) => state === 'notFound');
  const reports = missing
    ? `OIDCIssuer ${missing.ref.name} exists`
    : `OIDCIssuer ${referred.map(({ ref }) => ref.name).join(', ')} reports its provider's audiences`;
  const message = `waiting until ${reports}; the trust policy's statement for the issuer stays as it is`;
  return { state: 'waiting', reason: missing ? 'IssuerNotFound' : 'IssuerNotReady', message };
}
