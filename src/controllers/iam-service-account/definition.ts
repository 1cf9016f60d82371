import type { IAMServiceAccountStatus } from '../../api/generated/iam-service-account.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../api/kinds.ts';
import { iamServiceAccounts, type NamespacedName, oidcIssuers } from '../../api/resources.ts';
import { unlessAborted } from '../../runtime/deadline.ts';
import type { Acceptance, Definition, Pass } from '../../runtime/definition.ts';
import { SharedReads } from '../../runtime/shared-reads.ts';
import type { Step } from '../../runtime/step.ts';
import type { Allowed } from '../admission.ts';
import { IssuerClusters } from '../clusters.ts';
import { mayHaveForgotten } from '../dependents.ts';
import { duringPass } from '../during-pass.ts';
import { explain } from '../explain.ts';
import { isLeavingForGood } from '../issuer-contract.ts';
import { ownerOf } from '../ownership.ts';
import { issuerKey } from '../references.ts';
import { isTrustOnly, roleIdentity } from '../role-identity.ts';
import { recordTagKeys, tooManyTagKeys } from '../tag-keys.ts';
import type { RoleContext, RoleDependencies, RoleRemoval, RoleServices, Visit } from './context.ts';
import { desiredRole } from './desired.ts';
import { existingRoleStep } from './existing-role-step.ts';
import { issuerStep } from './issuer-step.ts';
import { accountAsked, assess, providersOf, type RoleAccount } from './issuers.ts';
import { policiesStep } from './policies-step.ts';
import { Propagation } from './propagation.ts';
import { holderOfRole } from './role-names.ts';
import { type IssuersRead, readIssuers } from './read-issuers.ts';
import { isStored, recordIssuers, recordServiceAccounts } from './record.ts';
import { accountOf, opened, recordAccount, removal } from './recovery.ts';
import { roleStep } from './role-step.ts';
import { serviceAccountsStep } from './service-accounts-step.ts';
import { trustStep } from './trust-step.ts';
import { roleRequest } from './role-request.ts';
import { type Refusal, refuseIssuers, refuseSpec } from './validate.ts';

type RoleDefinition = Definition<IAMServiceAccount, IAMServiceAccountStatus, RoleContext, RoleRemoval>;

/** IAMServiceAccount: one role, whom it trusts, what it may do, and the service accounts that name it. */
export function iamServiceAccountDefinition(dependencies: RoleDependencies): RoleDefinition {
  const { settings, clock, kube } = dependencies;
  const propagation = new Propagation(settings.intervals, clock);
  const issuerReads = new SharedReads<OIDCIssuer | undefined>();
  const sharedIssuer = (ref: NamespacedName) =>
    issuerReads.read(issuerKey(ref), () => kube.find<OIDCIssuer>(oidcIssuers, ref));
  const servicesOf = (pass: Pass): RoleServices => {
    const bound = duringPass(dependencies, pass);
    const findIssuer = (ref: NamespacedName) => unlessAborted(pass.signal, sharedIssuer(ref));
    return { ...bound, clusters: new IssuerClusters(bound, pass), propagation, findIssuer };
  };
  const visit = (object: IAMServiceAccount, status: IAMServiceAccountStatus, pass: Pass): Visit => ({
    services: servicesOf(pass),
    object,
    status,
    pass,
    owner: ownerOf(iamServiceAccounts, object, settings),
  });
  return {
    resource: iamServiceAccounts,
    accept: (object, draft, pass) => accept(visit(object, draft, pass)),
    async removal(object, draft, pass) {
      const context = await removal(visit(object, draft, pass));
      return context ? [{ steps: removed, context }] : [];
    },
    explain,
  };
}

type Steps = readonly Step<RoleContext, RoleRemoval>[];

/** Each comes after those that it needs. */
const stepsOf = (object: IAMServiceAccount): Steps =>
  isTrustOnly(object)
    ? [issuerStep, existingRoleStep, trustStep, serviceAccountsStep]
    : [issuerStep, roleStep, trustStep, policiesStep, serviceAccountsStep];

/** Whatever the spec says of the management now, it may have been another one when things were made. */
const removed: Steps = [issuerStep, roleStep, trustStep, serviceAccountsStep];

async function accept(visit: Visit): Promise<Acceptance<RoleContext, RoleRemoval>> {
  const { services, object, status } = visit;
  const judged = await judge(visit);
  if (!judged.allowed) {
    // The spec or the Guardrail is another one now.
    delete status.guardrail;
    return { accepted: false, ...judged.refusal };
  }
  const { references, others, asked, permissionsBoundary } = judged;
  status.guardrail = judged.guardrail;
  const owner = { ...visit.owner, mayAdopt: judged.existingRole ?? false };

  const forgotten = mayHaveForgotten(object);
  if (!forgotten) status.issuers ??= [];
  const accountID = status.accountID ?? asked?.accountID;
  const mayBeRecorded = references.flatMap(({ issuer }) => (issuer ? providersOf(issuer, accountID) : []));
  const recorded = forgotten ? mayBeRecorded : (status.issuers ?? []);
  const situation = assess({ references, others: others.map(([, other]) => other), recorded, accountID });
  // A forgotten role has to drop its statement before the issuer leaves, so it must be found again.
  const mustBeFound =
    forgotten && (situation.trusted.length > 0 || references.some(({ issuer }) => isLeavingForGood(issuer)));
  const mayBeMade = situation.ready.length > 0 || mustBeFound;
  if (mayBeMade) {
    recordAccount(status, await opened(visit, asked));
    status.roleName = roleIdentity(object, owner.installation).name;
  }
  const holder = holderOfRole(object, status, services.roleNames);
  if (holder !== undefined) return { accepted: false, reason: 'NameHeld', message: holder };
  // Only now, for what is recorded holds an issuer, and is undone with the object.
  if (mayBeMade) {
    recordIssuers(status, forgotten ? recorded : situation.trusted);
    for (const { issuer } of situation.ready) recordServiceAccounts(status, object, issuer);
  }
  recordTagKeys(status, object.spec.tags);
  const account = await accountOf(visit);
  const target = account && {
    account,
    desired: desiredRole(object, { owner, account, situation, permissionsBoundary }),
  };
  return {
    accepted: true,
    storeFirst: !isStored(object.status, status),
    parts: [{ steps: stepsOf(object), context: { ...visit, owner, references, others, situation, target } }],
  };
}

type Judged =
  | { readonly allowed: false; readonly refusal: Refusal }
  | (Allowed & Pick<IssuersRead, 'references' | 'others'> & { readonly asked: RoleAccount | undefined });

/** Whether the spec is valid and allowed. Nothing is sent to AWS for that. */
async function judge({ services, object, status }: Visit): Promise<Judged> {
  const refused = (refusal: Refusal) => ({ allowed: false, refusal }) as const;
  const specRefusal = refuseSpec(object);
  if (specRefusal) return refused(specRefusal);
  const tooMany = tooManyTagKeys(status, object.spec.tags);
  if (tooMany !== undefined) return refused({ reason: 'InvalidSpec', message: tooMany });

  const { references, others, refusal: notAllowed } = await readIssuers(services, object);
  if (notAllowed) return refused(notAllowed);
  const asked = accountAsked(object, references);
  const issuerRefusal = refuseIssuers(object, { references, asked });
  if (issuerRefusal) return refused(issuerRefusal);
  const verdict = services.admission.role(roleRequest(object, references));
  if (!verdict.allowed) return refused({ reason: 'NotAllowed', message: verdict.message });
  return { ...verdict, references, others, asked };
}
