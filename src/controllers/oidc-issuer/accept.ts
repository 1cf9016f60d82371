import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { Reason } from '../../api/conditions.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Account } from '../../aws/accounts.ts';
import { reservedPrefixOf } from '../../aws/names.ts';
import { partitionOf } from '../../aws/partitions.ts';
import { jwksURL } from '../../oidc/discovery.ts';
import type { Acceptance, Pass } from '../../runtime/definition.ts';
import { sameJson } from '../../runtime/json.ts';
import { TerminalError } from '../explain.ts';
import { issuerAccount } from '../issuer-account.ts';
import { clusterNameOf, currentSiteOf } from '../issuer-contract.ts';
import { ownerOf } from '../ownership.ts';
import { recordTagKeys, tooManyTagKeys } from '../tag-keys.ts';
import { clusterTokens } from './cluster-tokens.ts';
import type { AcceptedSite, IssuerPass, IssuerServices, SiteContext } from './context.ts';
import { desiredIssuer, keyRetentionOf } from './desired.ts';
import { findHeldName } from './names.ts';
import { departingParts, servingParts } from './parts.ts';
import { findAccountsProblem, recordAdditionalAccounts } from './registrations/places.ts';
import { trustedURLs } from './registrations/registrations.ts';
import { forgetBuckets, unreadBuckets, withoutNextBucket } from './site/bucket-move.ts';
import { hasMoved, withAnnotation } from './site/has-moved.ts';
import { advance } from './site/phases.ts';
import { withLostPlace, withPlace } from './site/places.ts';
import { missesSites, rediscover } from './site/recovery.ts';
import { type Asked, askedOf, bucketsOf, currentEntry, servedURLs, isAsked, type SiteEntry } from './site/site.ts';

/** Rejects a spec before anything is sent to AWS. Only an allowed spec leads to calls, which tell the account and whether we may use it. */
export async function accept(
  services: IssuerServices,
  object: OIDCIssuer,
  { draft, pass }: { readonly draft: OIDCIssuerStatus; readonly pass: Pass },
): Promise<Acceptance<AcceptedSite, SiteContext>> {
  const { settings, clock } = services;
  const problem = findProblem(object, draft);
  if (problem) return problem;
  const verdict = services.admission.issuer(object);
  if (!verdict.allowed) return refused('NotAllowed', verdict.message);
  const held = findHeldName(object, services.names);
  if (held) return refused('NameHeld', `${held.what} is held by ${held.holder}: choose another`);

  const getAccount = () => services.accounts.get(issuerAccount(object), pass);
  const stored = object.status?.accountID;
  // The recorded account is enough to find a change that is refused, so nothing is sent to AWS then.
  const accountID = stored ?? (await getAccount()).id;
  const ofAccounts = findAccountsProblem(object.spec, accountID);
  if (ofAccounts !== undefined) return refused('InvalidSpec', ofAccounts);
  const asked = askedOf(object, { accountID, installation: settings.installation, now: clock.now() });
  const doubled = refuseOwnURL(draft.sites, asked);
  if (doubled) return doubled;
  const account = await getAccount();
  const away = refusePartition(object, account);
  if (away) return away;
  if (account.id !== accountID) {
    return refused('ImmutableField', `spec.account: the issuer is in account ${accountID}, not in ${account.id}`);
  }
  const owner = ownerOf(oidcIssuers, object, settings);
  const cluster = clusterTokens({ services, object, pass });
  const issuer: IssuerPass = { services, object, status: draft, pass, account, owner, cluster };
  // A recorded account may hold something that we made, so an account is recorded only if it lets us in.
  if (stored === undefined) await account.open();
  const sites = await planSites(issuer, asked);
  if ('accepted' in sites) return sites;
  draft.sites = sites;
  recordTagKeys(draft, object.spec.tags);
  draft.accountID = account.id;
  if (object.spec.cluster?.podIdentity === 'Policy') draft.podIdentity = 'Policy';
  recordAdditionalAccounts(draft, object.spec);
  const storeFirst = !isStored(object.status, draft);
  // Whoever reads the URL and the conditions together must not see a new URL beside the conditions of the former one.
  if (!storeFirst) tellURL(draft);
  return {
    accepted: true,
    storeFirst,
    parts: servingParts(issuer, desiredIssuer(object, owner)),
    departing: departingParts(issuer),
  };
}

/** The sites from now on, the current one first. */
async function planSites(issuer: IssuerPass, asked: Asked): Promise<SiteEntry[] | Refusal> {
  const { services, status } = issuer;
  const anothers = missesSites(status) ? await rediscovered(issuer, asked) : undefined;
  if (anothers) return anothers;
  const asWas = withAnnotation(currentEntry(status.sites, asked), issuer);
  const current = withPlace(asWas, issuer.object, issuer.account.id);
  const sites = advance(status.sites ?? [], current, {
    now: services.clock.now(),
    trusted: await trustedURLs(issuer, current.url),
    hasMoved: await hasMoved(issuer, current.url),
    keyRetention: keyRetentionOf(issuer.object),
  });
  const tooMany = refuseTooMany(sites, current);
  if (tooMany) return tooMany;
  return sites.map((entry) => retainBuckets(issuer, entry.phase === 'Current' ? entry : withoutNextBucket(entry)));
}

function refuseTooMany(sites: readonly SiteEntry[], current: SiteEntry): Refusal | undefined {
  const former = sites.slice(1).map(({ url }) => url);
  if (sites.length > mostSites) {
    return refused(
      'SitesRemaining',
      `spec.hosting: an issuer has at most ${mostSites} sites, and ${former.join(', ')} are not retired yet`,
    );
  }
  const [, ...others] = bucketsOf(current).map(({ name }) => name);
  if (others.length < mostBuckets) return undefined;
  return refused(
    'SitesRemaining',
    `spec.bucket.name: a site has at most ${mostBuckets} buckets while it moves, and ${others.slice(1).join(', ')} are not removed yet: ` +
      'put the former name back until they are',
  );
}

/** What the issuer made outlives it, and so does what it left. */
function retainBuckets({ object, pass }: IssuerPass, entry: SiteEntry): SiteEntry {
  const unread = object.spec.deletionPolicy === 'Retain' ? unreadBuckets(entry) : [];
  if (unread.length === 0) return entry;
  const names = unread.map(({ name }) => name).join(' and ');
  pass.event('Normal', 'BucketKept', `bucket ${names} is kept as it is, because deletionPolicy is Retain`);
  const rest = { ...entry };
  forgetBuckets(rest, unread);
  return rest;
}

/** Its keys and all that stands behind it would be forgotten. */
function refuseOwnURL(sites: readonly SiteEntry[] = [], asked: Asked): Refusal | undefined {
  if (asked.hosting !== 'External') return undefined;
  const own = sites.filter(({ hosting }) => hosting !== 'External').flatMap(servedURLs);
  if (!own.includes(asked.url)) return undefined;
  return refused('InvalidSpec', `spec.hosting.external.issuerURL: ${asked.url} is published by this issuer itself`);
}

function refusePartition({ spec: { region } }: OIDCIssuer, { partition }: Account): Refusal | undefined {
  const { name } = partitionOf(region);
  if (name === partition.name) return undefined;
  return refused(
    'InvalidSpec',
    `spec.region ${region} is in partition ${name}, and the operator works in partition ${partition.name}: each partition needs an operator of its own`,
  );
}

/** The URL of a site without alias is not known before its distribution is there. Somebody else's keys may be anywhere. */
function tellURL(draft: OIDCIssuerStatus): void {
  const { url = '', hosting } = currentSiteOf(draft) ?? {};
  if (url === '') return;
  draft.issuerURL = url;
  if (hosting === 'External') delete draft.jwksURI;
  else draft.jwksURI = jwksURL(url);
}

/** Nothing is recorded before the move is declared of what another cluster holds. */
async function rediscovered(issuer: IssuerPass, asked: Asked): Promise<Refusal | undefined> {
  try {
    await rediscover(issuer, asked);
    const { account, object, status } = issuer;
    status.sites = (status.sites ?? []).map((entry) =>
      isAsked(entry, asked) ? entry : withLostPlace(entry, object, account.id),
    );
    return undefined;
  } catch (error) {
    if (error instanceof TerminalError) return refused(error.reason, error.message);
    throw error;
  }
}

/** Each has a distribution and a certificate, of which an account has few. */
const mostSites = 5;

/** The one that is served from, and those beside it. */
const mostBuckets = 5;

/** Whether the stored status holds everything in the draft that is needed to undo the next steps. */
const isStored = (stored: OIDCIssuerStatus | undefined, draft: OIDCIssuerStatus) =>
  sameJson(toUndo(stored ?? {}), toUndo(draft));

const toUndo = ({ accountID, podIdentity, additionalAccounts = [], tagKeys = [], sites = [] }: OIDCIssuerStatus) => ({
  accountID,
  podIdentity,
  additionalAccounts,
  tagKeys,
  sites: sites.map((entry) => ({
    url: entry.url,
    hosting: entry.hosting,
    buckets: bucketsOf(entry).map(({ name, path }) => ({ name, path })),
    places: entry.dns?.places,
  })),
});

type Refusal = Extract<Acceptance<never, never>, { accepted: false }>;

const refused = (reason: Reason, message: string): Refusal => ({ accepted: false, reason, message });

function findProblem(object: OIDCIssuer, status: OIDCIssuerStatus): Refusal | undefined {
  const { spec } = object;
  const partition = partitionOf(spec.region).name;
  if (spec.hosting.cloudFront && partition !== 'aws') {
    return refused(
      'InvalidSpec',
      `spec.hosting.cloudFront: partition ${partition} has no CloudFront: use spec.hosting.s3`,
    );
  }
  const reserved = spec.hosting.external || spec.bucket?.name ? undefined : reservedPrefixOf(clusterNameOf(object));
  if (reserved !== undefined) {
    return refused(
      'InvalidSpec',
      `spec.clusterName: S3 reserves names of buckets that begin with ${reserved}, as the default one would: set spec.bucket.name`,
    );
  }
  if (!spec.hosting.external && !spec.signingKeys) {
    return refused('InvalidSpec', 'spec.signingKeys must say which keys are published');
  }
  const tooMany = tooManyTagKeys(status, spec.tags);
  return tooMany === undefined ? undefined : refused('InvalidSpec', tooMany);
}
