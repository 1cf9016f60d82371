import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { Account } from '../../aws/accounts.ts';
import { isShutOut } from '../../aws/errors.ts';
import { mayHaveForgotten } from '../dependents.ts';
import { TerminalError, explain, inAccount } from '../explain.ts';
import { isRegistered } from '../issuer-contract.ts';
import { once } from '../once.ts';
import { withoutTakeOver } from '../ownership.ts';
import { roleIdentity } from '../role-identity.ts';
import type { RoleRemoval, Visit } from './context.ts';
import { accountAsked, type RoleAccount } from './issuers.ts';
import { readIssuers } from './read-issuers.ts';
import { recordServiceAccounts } from './record.ts';
import { holderOfRole } from './role-names.ts';
import { roleRequest } from './role-request.ts';
import { refuseSpec } from './validate.ts';

/*
 * If the status is lost, the role is found again by its name, which the object's own name makes, and its account by the spec or the first issuer.
 */

/** If the status was lost, the spec and the issuer tell what they still can. */
export async function removal(visit: Visit): Promise<RoleRemoval | undefined> {
  const { services, object, status, pass } = visit;
  const owner = withoutTakeOver(visit.owner);
  const { references, others } = await readIssuers(services, object);
  const asked = accountAsked(object, references);
  const identity = roleIdentity(object, owner.installation);
  const sayRoleLeft = (why: string) => pass.event('Warning', 'RoleLeft', `role ${identity.name} may be left: ${why}`);
  // Anybody can write a finalizer: it alone opens no account that no Guardrail allows.
  const isAllowed = () => !refuseSpec(object) && services.admission.role(roleRequest(object, references)).allowed;
  if (status.accountID === undefined && asked && isAllowed()) {
    try {
      recordAccount(status, await opened(visit, asked));
    } catch (error) {
      const { spec } = object;
      // If an issuer may be registered, the account was open once and a role may be there. That holds the deletion.
      if (!isShutOut(error) || references.some(({ issuer }) => issuer && isRegistered(issuer))) throw error;
      sayRoleLeft(
        `the status was lost, and the account of ${spec.account ? 'spec.account' : `OIDCIssuer ${spec.issuerRefs[0]?.name}`} cannot be opened to see: ${explain(error).message}`,
      );
      return undefined;
    }
    // What names the role of another object is that one's.
    if (holderOfRole(object, status, services.roleNames) === undefined)
      for (const { issuer } of references) if (issuer) recordServiceAccounts(status, object, issuer);
  }
  const account = await accountOf(visit);
  if (!account) {
    if (mayHaveForgotten(object)) {
      sayRoleLeft('neither the status, which was lost, nor an issuer that a Guardrail allows tells in which account');
    }
    return undefined;
  }
  const roleName = status.roleName ?? identity.name;
  const roleARN = status.roleARN ?? `arn:${account.partition.name}:iam::${account.id}:role${identity.path}${roleName}`;
  const role = once(() => inAccount(account.id, () => account.roles.find(roleName)));
  return { ...visit, owner, references, others, account, roleName, role, roleARN };
}

/** The providers have to be in the role's account too. */
export function recordAccount(status: IAMServiceAccountStatus, asked: RoleAccount | undefined): void {
  if (asked?.accountID === undefined) return;
  status.accountID = asked.accountID;
  delete status.accountRoleARN;
  delete status.accountNamespace;
  if (asked.roleARN === undefined) return;
  status.accountRoleARN = asked.roleARN;
  status.accountNamespace = asked.namespace;
}

/** If both lost their status, there may be a role all the same, in the account that the issuer's spec names. */
export async function opened(
  { services, object, pass }: Visit,
  asked: RoleAccount | undefined,
): Promise<RoleAccount | undefined> {
  if (!asked || asked.accountID !== undefined || !mayHaveForgotten(object)) return asked;
  const account = await services.accounts.get(asked, pass);
  await account.open();
  return { ...asked, accountID: account.id };
}

/** Undefined: no issuer has told the account yet, so nothing was made. */
export async function accountOf(visit: Visit): Promise<Account | undefined> {
  const { services, object, status, pass } = visit;
  if (status.accountID === undefined) return undefined;
  // Not the namespace of the present issuer: it did not name the role, so its external id must not open it.
  const { accountRoleARN: roleARN, accountNamespace: namespace = object.metadata.namespace } = status;
  const account = await services.accounts.get({ roleARN, namespace }, pass);
  if (account.id === status.accountID) return account;
  throw new TerminalError(
    'ImmutableField',
    `the role is in account ${status.accountID}, and the operator's credentials are now of account ${account.id}`,
  );
}
