import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { isTrue, type Reason } from '../../api/conditions.ts';
import { oidcIssuers } from '../../api/resources.ts';
import { isOurs } from '../../aws/ownership.ts';
import { partitionOf } from '../../aws/partitions.ts';
import type { Acceptance, Pass } from '../../runtime/definition.ts';
import { sameJson } from '../../runtime/json.ts';
import { issuerAccount } from '../issuer-account.ts';
import { findNotBuilt, oidcIssuerFields } from '../not-implemented.ts';
import { once } from '../once.ts';
import { ownerOf } from '../ownership.ts';
import { recordTagKeys, tooManyTagKeys } from '../tag-keys.ts';
import { type IssuerContext, type IssuerServices, readRecords } from './context.ts';
import { desiredIssuer, signingKeySource } from './desired.ts';
import { findRegistration } from './registrations.ts';
import { type Change, findChange, findWrittenChange } from './settled.ts';

/** Rejects a spec before anything is sent to AWS. Only an allowed spec leads to calls, which tell the account and whether we may use it. */
export async function accept(
  services: IssuerServices,
  object: OIDCIssuer,
  { draft, pass }: { readonly draft: OIDCIssuerStatus; readonly pass: Pass },
): Promise<Acceptance<IssuerContext>> {
  const { settings } = services;
  const problem = findProblem(object, draft);
  if (problem) return problem;
  const alias = object.spec.hosting.cloudFront?.alias;
  const signingKeys = signingKeySource(object.spec);
  if (alias === undefined)
    return refused('NotImplemented', 'spec.hosting.cloudFront without an alias is not built yet');
  if (signingKeys === undefined) return refused('InvalidSpec', 'spec.signingKeys must say which keys are published');
  const verdict = services.admission.issuer(object);
  if (!verdict.allowed) return refused('NotAllowed', verdict.message);

  const getAccount = () => services.accounts.get(issuerAccount(object), pass);
  const stored = object.status?.accountID;
  // The recorded account is enough to find a change that is refused, so nothing is sent to AWS then.
  const accountID = stored ?? (await getAccount()).id;
  const owner = ownerOf(oidcIssuers, object, settings);
  const desired = desiredIssuer(object, accountID, { owner, alias, signingKeys });
  const change = findChange(object, desired);
  if (change) return unchangeable(change);
  const account = await getAccount();
  if (account.id !== accountID) {
    return refused('ImmutableField', `spec.account: the issuer is in account ${accountID}, not in ${account.id}`);
  }
  // A recorded account may hold something that we made, so an account is recorded only if it lets us in.
  if (stored === undefined) await account.open();
  const written = findWrittenChange(object, desired);
  // Not for a stranger's provider: anybody can write the annotation and would learn from the answer which ones there are.
  const provider = written && (await findRegistration({ url: written.url, account }));
  if (written && provider && isOurs(provider.tags, owner)) return unchangeable(written);
  recordTagKeys(draft, object.spec.tags);
  draft.accountID = account.id;
  draft.issuerURL = desired.issuerURL;
  draft.jwksURI = desired.jwksURI;
  return {
    accepted: true,
    storeFirst: stored === undefined || !sameJson(object.status?.tagKeys ?? [], draft.tagKeys ?? []),
    context: {
      services,
      object,
      status: draft,
      pass,
      account,
      owner,
      desired,
      seen: { keys: [], bucket: undefined },
      // While the alias does not stand, somebody may just have made the zone that it needs.
      records: once(() => readRecords(account, desired.alias, { fresh: !stands(object) })),
    },
  };
}

const stands = ({ status }: OIDCIssuer) =>
  isTrue(status?.conditions ?? [], 'CertificateReady') && isTrue(status?.conditions ?? [], 'DNSReady');

type Refusal = Extract<Acceptance<never>, { accepted: false }>;

const refused = (reason: Reason, message: string): Refusal => ({ accepted: false, reason, message });

const unchangeable = ({ field, was, is }: Change): Refusal =>
  refused('NotImplemented', `${field} cannot be changed yet: what stands on AWS is for "${was}", not "${is}"`);

function findProblem({ spec }: OIDCIssuer, status: OIDCIssuerStatus): Refusal | undefined {
  const notBuilt = findNotBuilt(spec, oidcIssuerFields);
  if (notBuilt !== undefined) return refused('NotImplemented', `spec.${notBuilt} is not built yet`);
  const partition = partitionOf(spec.region).name;
  if (partition !== 'aws') {
    return refused(
      'NotImplemented',
      `spec.region ${spec.region}: hosting.cloudFront is not built for partition ${partition}`,
    );
  }
  const tooMany = tooManyTagKeys(status, spec.tags);
  return tooMany === undefined ? undefined : refused('InvalidSpec', tooMany);
}
