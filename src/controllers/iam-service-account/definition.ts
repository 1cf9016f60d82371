import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { iamServiceAccounts } from '../../api/resources.ts';
import type { Account } from '../../aws/accounts.ts';
import { isShutOut } from '../../aws/errors.ts';
import type { Acceptance, Definition, Pass } from '../../runtime/definition.ts';
import type { Allowed } from '../admission.ts';
import { IssuerClusters } from '../clusters.ts';
import { mayHaveForgotten } from '../dependents.ts';
import { TerminalError, explain, inAccount } from '../explain.ts';
import { issuerAccount } from '../issuer-account.ts';
import { isLeavingForGood, mayBeRegistered } from '../issuer-contract.ts';
import { once } from '../once.ts';
import { ownerOf } from '../ownership.ts';
import type { RoleDependencies, RoleContext, RoleRemoval, RoleServices } from './context.ts';
import { desiredRole, roleIdentity } from './desired.ts';
import { issuerStep } from './issuer-step.ts';
import { assess, isReady, providersOf } from './issuers.ts';
import { policiesStep } from './policies-step.ts';
import { Propagation } from './propagation.ts';
import { type IssuersRead, readIssuer } from './read-issuer.ts';
import { isStored, recordIssuers, recordServiceAccounts } from './record.ts';
import { roleStep } from './role-step.ts';
import { serviceAccountsStep } from './service-accounts-step.ts';
import { trustStep } from './trust-step.ts';
import { type Refusal, refuseIssuer, refuseSpec } from './validate.ts';

type RoleDefinition = Definition<IAMServiceAccount, IAMServiceAccountStatus, RoleContext, RoleRemoval>;

/** IAMServiceAccount: one role, whom it trusts, what it may do, and the service accounts that name it. */
export function iamServiceAccountDefinition(dependencies: RoleDependencies): RoleDefinition {
  const { settings, clock } = dependencies;
  const services: RoleServices = {
    ...dependencies,
    clusters: new IssuerClusters(dependencies),
    propagation: new Propagation(settings.intervals, clock),
  };
  const visit = (object: IAMServiceAccount, status: IAMServiceAccountStatus, pass: Pass): Visit => ({
    services,
    object,
    status,
    pass,
    owner: ownerOf(iamServiceAccounts, object, settings),
  });
  return {
    resource: iamServiceAccounts,
    steps: [issuerStep, roleStep, trustStep, policiesStep, serviceAccountsStep],
    accept: (object, draft, pass) => accept(visit(object, draft, pass)),
    removal: (object, draft, pass) => removal(visit(object, draft, pass)),
    explain,
  };
}

type Visit = Pick<RoleContext, 'services' | 'object' | 'status' | 'pass' | 'owner'>;

async function accept(visit: Visit): Promise<Acceptance<RoleContext>> {
  const { object, status, owner } = visit;
  const judged = await judge(visit);
  if (!judged.allowed) {
    // The spec or the Guardrail is another one now.
    delete status.guardrail;
    return { accepted: false, ...judged.refusal };
  }
  const { issuer, others, permissionsBoundary } = judged;
  status.guardrail = judged.guardrail;

  const forgotten = mayHaveForgotten(object);
  if (!forgotten) status.issuers ??= [];
  const recorded = forgotten ? providersOf(issuer) : (status.issuers ?? []);
  const situation = assess({ issuer, others: others.map(([, other]) => other), recorded });
  // A forgotten role has to drop its statement before the issuer leaves, so it must be found again.
  if (situation.state === 'ready' || (forgotten && (situation.trusted.length > 0 || isLeavingForGood(issuer)))) {
    recordAccount(status, issuer, await accountIDOf(visit, issuer));
    status.roleName = roleIdentity(object, owner.installation).name;
    recordIssuers(status, forgotten ? recorded : situation.trusted);
    recordServiceAccounts(status, object, issuer);
  }
  const account = await accountOf(visit);
  const target = account && {
    account,
    desired: desiredRole(object, { owner, partition: account.partition, situation, permissionsBoundary }),
  };
  return {
    accepted: true,
    storeFirst: !isStored(object.status, status),
    context: { ...visit, issuer, others, situation, target },
  };
}

type Judged =
  { readonly allowed: false; readonly refusal: Refusal } | (Allowed & Pick<IssuersRead, 'issuer' | 'others'>);

/** Whether the spec is valid and allowed. Nothing is sent to AWS for that. */
async function judge({ services, object, status }: Visit): Promise<Judged> {
  const refused = (refusal: Refusal) => ({ allowed: false, refusal }) as const;
  const specRefusal = refuseSpec(object);
  if (specRefusal) return refused(specRefusal);

  const { issuer, others, refusal: notAllowed } = await readIssuer(services, object);
  if (notAllowed) return refused(notAllowed);
  const issuerRefusal = issuer && refuseIssuer(issuer, status);
  if (issuerRefusal) return refused(issuerRefusal);
  const verdict = services.admission.role({ object, issuer, issuerReady: isReady(issuer) });
  if (!verdict.allowed) return refused({ reason: 'NotAllowed', message: verdict.message });
  return { ...verdict, issuer, others };
}

/** If the status was lost, the spec and the issuer tell what they still can. */
async function removal(visit: Visit): Promise<RoleRemoval | undefined> {
  const { services, object, status, owner, pass } = visit;
  const { issuer, others } = await readIssuer(services, object);
  const identity = roleIdentity(object, owner.installation);
  const sayRoleLeft = (why: string) => pass.event('Warning', 'RoleLeft', `role ${identity.name} may be left: ${why}`);
  // Anybody can write a finalizer: it alone opens no account that no Guardrail allows.
  const allows = (found: OIDCIssuer) =>
    services.admission.role({ object, issuer: found, issuerReady: isReady(found) }).allowed;
  if (status.accountID === undefined && issuer && allows(issuer)) {
    try {
      recordAccount(status, issuer, await accountIDOf(visit, issuer));
    } catch (error) {
      // If the issuer may be registered, its account was open once and a role may be there. That holds the deletion.
      if (!isShutOut(error) || mayBeRegistered(issuer)) throw error;
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
  return { ...visit, issuer, others, account, roleName, role, roleARN };
}

/** The role's account is the issuer's, because the provider has to be in it too. */
function recordAccount(status: IAMServiceAccountStatus, issuer: OIDCIssuer | undefined, accountID?: string): void {
  if (accountID === undefined) return;
  status.accountID = accountID;
  delete status.accountRoleARN;
  delete status.accountNamespace;
  if (!issuer?.spec.account) return;
  status.accountRoleARN = issuer.spec.account.roleARN;
  status.accountNamespace = issuer.metadata.namespace;
}

/** If both lost their status, there may be a role all the same, in the account that the issuer's spec names. */
async function accountIDOf({ services, object, pass }: Visit, issuer: OIDCIssuer | undefined) {
  const accountID = issuer?.status?.accountID;
  if (accountID !== undefined || !issuer || !mayHaveForgotten(object)) return accountID;
  const account = await services.accounts.get(issuerAccount(issuer), pass);
  await account.open();
  return account.id;
}

/** Undefined: no issuer has told the account yet, so nothing was made. */
async function accountOf(visit: Visit): Promise<Account | undefined> {
  const { services, object, status, pass } = visit;
  if (status.accountID === undefined) return undefined;
  // Not the namespace of the present issuer: it did not name the role, so its external id must not open it.
  const { accountRoleARN: roleARN, accountNamespace: namespace = object.metadata.namespace } = status;
  const account = await services.accounts.get({ roleARN, namespace }, pass);
  if (account.id === status.accountID) return account;
  throw new TerminalError(
    'NotAllowed',
    `the role is in account ${status.accountID}, and the operator's credentials are now of account ${account.id}`,
  );
}
