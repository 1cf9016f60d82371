import type { IAMServiceAccount } from '../../api/kinds.ts';
import { isAlreadyExists, isUnreachable } from '../../aws/errors.ts';
import type { Provider } from '../../aws/providers.ts';
import { diffTags } from '../../aws/tags.ts';
import { issuerURL } from '../../oidc/issuer-url.ts';
import { type Outcome, ready, type Step } from '../../runtime/step.ts';
import { dependentsOf } from '../dependents.ts';
import { isDeletionAllowed } from '../issuer-contract.ts';
import { mustBeOurs } from '../ownership.ts';
import type { IssuerContext, IssuerRemoval } from './context.ts';
import { accountsNear, namesOf } from './deletion-hold.ts';
import { look } from './look.ts';
import { removeProvider, withdraw } from './provider-removal.ts';
import { settle, settledFields } from './settled.ts';

/** One IAM OIDC provider for each URL that tokens may carry. */
export const providersStep: Step<IssuerContext, IssuerRemoval> = {
  condition: 'ProvidersReady',
  needs: ['DistributionReady', 'DocumentsPublished', 'DNSReady'],

  async reconcile(context) {
    const { status } = context;
    const wanted = wantedURLs(context);
    for (const url of wanted) {
      const outcome = await ensure(context, url);
      if (outcome.state === 'waiting') return outcome;
    }
    for (const { url } of status.providers ?? []) if (!wanted.includes(url)) await removeProvider(context, url);
    return ready;
  },

  withdraw,

  async remove(context) {
    const { status, dependencies, alias } = context;
    const dependents = await findDependents(context);
    if (dependents.length > 0) {
      warn(context, dependents);
      const message = `still trusted by IAMServiceAccount ${namesOf(dependents, context.issuer)}: resume one that is suspended, or delete it`;
      const requeueAfter = dependencies.settings.intervals.dependents;
      return { state: 'waiting', reason: 'DependentsRemaining', message, requeueAfter };
    }
    const domain = await context.ownDomain();
    const hosts = [alias, domain].filter((host) => host !== undefined);
    const urls = new Set([...(status.providers ?? []).map(({ url }) => url), ...hosts.map(issuerURL)]);
    const notSeen: string[] = [];
    for (const url of urls) if ((await removeProvider(context, url)) === 'notSeen') notSeen.push(url);
    if (notSeen.length === 0) return ready;
    const message = `IAM may not show the new provider of ${notSeen.join(' and ')} yet: it is looked for again`;
    return { state: 'waiting', reason: 'Deleting', message, requeueAfter: dependencies.settings.intervals.missing };
  },
};

/** The URLs that tokens may carry. */
export function wantedURLs({ desired, status }: IssuerContext): readonly string[] {
  const { distribution } = status;
  const own = desired.keepDistributionProvider && distribution ? [issuerURL(distribution.domainName)] : [];
  return [desired.issuerURL, ...own];
}

/** A role's statement outlives the provider, and would let in whoever it names as soon as there is one under that URL again. */
async function findDependents({ dependencies, issuer, alias }: IssuerRemoval): Promise<readonly IAMServiceAccount[]> {
  const accounts = await accountsNear(dependencies.kube);
  // Its own URL may be lost with the status.
  const status = { ...issuer.status, ...(alias !== undefined && { issuerURL: issuerURL(alias) }) };
  return dependentsOf({ ...issuer, status }, accounts);
}

/** Before the roles drop their trust: they begin when they read in the issuer's condition that it waits for them. */
function warn({ issuer, pass }: IssuerRemoval, dependents: readonly IAMServiceAccount[]): void {
  const losing = dependents.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (losing.length === 0 || !isDeletionAllowed(issuer)) return;
  const message = `the deletion is allowed, and so the roles of IAMServiceAccount ${namesOf(losing, issuer)} stop trusting this issuer: their pods lose AWS`;
  pass.event('Warning', 'DependentsLoseAccess', message);
}

async function ensure(context: IssuerContext, url: string): Promise<Outcome> {
  const { account, desired, status } = context;
  const known = status.providers?.find((provider) => provider.url === url);
  const observed = known && (await account.providers.find(known.arn));
  if (observed) return repair(context, observed);
  // Nobody is told to trust what is not there yet, or is there from somebody else.
  const verdict = await look(context, url);
  if (verdict.state !== 'ours') return notServed(context, verdict.message);
  await settle(context.dependencies.kube, context.issuer, desired);
  try {
    record(context, url, await account.providers.create({ url, audiences: desired.audiences, tags: desired.tags }));
    return ready;
  } catch (error) {
    if (isUnreachable(error)) return notServed(context, `IAM cannot fetch ${url}`);
    const there = isAlreadyExists(error) ? await account.providers.find(account.providers.arn(url)) : undefined;
    if (!there) throw error;
    return repair(context, there);
  }
}

async function repair(context: IssuerContext, { arn, url, audiences, tags }: Provider): Promise<Outcome> {
  const { account, owner, desired, dependencies, issuer } = context;
  mustBeOurs({ what: `IAM OIDC provider ${arn}`, tags }, owner);
  record(context, url, arn);
  await settle(dependencies.kube, issuer, desired);
  const changes = {
    addAudiences: desired.audiences.filter((audience) => !audiences.includes(audience)),
    removeAudiences: audiences.filter((audience) => !desired.audiences.includes(audience)),
    tags: diffTags(tags, desired.tags).set,
  };
  await account.providers.update(arn, changes);
  return ready;
}

/** Roles ask for the audiences of the status, never for those of a spec that may have been refused since. */
function record({ account, desired, status }: IssuerContext, url: string, arn: string): void {
  const { id: accountID, roleARN } = account;
  const audiences = [...desired.audiences];
  const entry = { url, arn, accountID, ...(roleARN !== undefined && { roleARN }), audiences, owned: true };
  status.providers = [...(status.providers ?? []).filter((other) => other.url !== url), entry];
  status.settled = settledFields(desired);
}

function notServed({ dependencies }: IssuerContext, message: string): Outcome {
  const requeueAfter = dependencies.settings.intervals.documents;
  return { state: 'waiting', reason: 'DocumentsNotServed', message, requeueAfter };
}
