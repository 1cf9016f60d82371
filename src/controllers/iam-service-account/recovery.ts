import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { Account } from '../../aws/accounts.ts';
import { isShutOut } from '../../aws/errors.ts';
import { mayHaveForgotten } from '../dependents.ts';
import { TerminalError, explain, inAccount } from '../explain.ts';
import { issuerAccount } from '../issuer-account.ts';
import { isRegistered } from '../issuer-contract.ts';
import { once } from '../once.ts';
import { withoutTakeOver } from '../ownership.ts';
import type { RoleRemoval, Visit } from './context.ts';
import { roleIdentity } from './desired.ts';
import { isReady } from './issuers.ts';
import { readIssuer } from './read-issuer.ts';
import { recordServiceAccounts } from './record.ts';
import { refuseSpec } from './validate.ts';

/*
 * If the status is lost, the role is found again by its name, which the object's own name makes, and its account by the issuer.
 */

/** If the status was lost, the spec and the issuer tell what they still can. */
export async function removal(visit: Visit): Promise<RoleRemoval | undefined> {
  const { services, object, status, pass } = visit;
  const owner = withoutTakeOver(visit.owner);
  const { issuer, others } = await readIssuer(services, object);
  const identity = roleIdentity(object, owner.installation);
  const sayRoleLeft = (why: string) => pass.event('Warning', 'RoleLeft', `role ${identity.name} may be left: ${why}`);
  // Anybody can write a finalizer: it alone opens no account that no Guardrail allows.
  const allows = (found: OIDCIssuer) =>
    !refuseSpec(object) && services.admission.role({ object, issuer: found, issuerReady: isReady(found) }).allowed;
  if (status.accountID === undefined && issuer && allows(issuer)) {
    try {
      recordAccount(status, issuer, await accountIDOf(visit, issuer));
    } catch (error) {
      // If the issuer may be registered, its account was open once and a role may be there. That holds the deletion.
      if (!isShutOut(error) || isRegistered(issuer)) throw error;
      sayRoleLeft(
        `the status was lost, and the account of OIDCIssuer ${issuer.metadata.name} cannot be opened to see: ${explain(error).message}`,
      );
      return undefined;
    }
    recordServiceAccounts(status, object, issuer);
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
  return { ...visit, owner, issuer, others, account, roleName, role, roleARN };
}

/** The role's account is the issuer's, because the provider has to be in it too. */
export function recordAccount(
  status: IAMServiceAccountStatus,
  issuer: OIDCIssuer | undefined,
  accountID?: string,
): void {
  if (accountID === undefined) return;
  status.accountID = accountID;
  delete status.accountRoleARN;
  delete status.accountNamespace;
  if (!issuer?.spec.account) return;
  status.accountRoleARN = issuer.spec.account.roleARN;
  status.accountNamespace = issuer.metadata.namespace;
}

/** If both lost their status, there may be a role all the same, in the account that the issuer's spec names. */
export async function accountIDOf({ services, object, pass }: Visit, issuer: OIDCIssuer | undefined) {
  const accountID = issuer?.status?.accountID;
  if (accountID !== undefined || !issuer || !mayHaveForgotten(object)) return accountID;
  const account = await services.accounts.get(issuerAccount(issuer), pass);
  await account.open();
  return account.id;
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
