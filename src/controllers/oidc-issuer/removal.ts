import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import type { Account } from '../../aws/accounts.ts';
import { isShutOut } from '../../aws/errors.ts';
import { bucketDomain } from '../../aws/names.ts';
import { isAnotherClusters, isOurs } from '../../aws/ownership.ts';
import { withoutScheme } from '../../oidc/issuer-url.ts';
import type { Pass } from '../../runtime/definition.ts';
import { explain } from '../explain.ts';
import { issuerAccount } from '../issuer-account.ts';
import { mayBeRegistered } from '../issuer-contract.ts';
import { once } from '../once.ts';
import { leftAlone, mustShowTags, ownerOf, withoutTakeOver } from '../ownership.ts';
import { type IssuerServices, type IssuerRemoval, readRecords } from './context.ts';
import { bucketNameOf } from './desired.ts';
import { isNew, mayBeNew } from './propagation.ts';
import { findBucket, findOwnDistribution, sorted } from './recovery.ts';

/**
 * Undefined if the account is shut and nothing was made in it, or if the issuer was moved to another cluster.
 * The status may be lost, or a pass may have been cut off after its first call to AWS. So everything is looked for under the names
 * that the spec gives.
 */
export async function removal(
  services: IssuerServices,
  object: OIDCIssuer,
  { draft: status, pass }: { readonly draft: OIDCIssuerStatus; readonly pass: Pass },
): Promise<IssuerRemoval | undefined> {
  const { spec } = object;
  const { installation } = services.settings;
  // Anybody can write a finalizer: it alone does not say that something was made.
  const verdict = status.accountID === undefined ? services.admission.issuer(object) : undefined;
  if (verdict && !verdict.allowed) {
    pass.event(
      'Warning',
      'NotLookedFor',
      `nothing is recorded as made, and nothing was looked for: ${verdict.message}`,
    );
    return undefined;
  }
  const account = await openAccount(services, object, pass);
  if (!account) return undefined;
  if (status.accountID !== undefined && status.accountID !== account.id) {
    throw new Error(
      `the issuer is in account ${status.accountID}, which the operator cannot reach now: its credentials are of ${account.id}`,
    );
  }
  const owner = withoutTakeOver(ownerOf(oidcIssuers, object, services.settings));
  const alias = status.issuerURL === undefined ? spec.hosting.cloudFront?.alias : withoutScheme(status.issuerURL);
  const bucketName = status.bucket?.name ?? bucketNameOf(object, account.id, installation);
  const bucket = await findBucket(account, bucketName, { object, pass });
  if (bucket)
    mustShowTags({
      what: `bucket ${bucketName}`,
      tags: bucket.tags,
      isNew: mayBeNew({ object, services }, 'BucketReady'),
    });
  const isOwn = bucket !== undefined && isOurs(bucket.tags, owner);
  if (bucket && !isOwn) leftAlone(pass, `bucket ${bucketName}`);
  // A move takes over the bucket first. The rest, which may not have followed yet, must not be deleted here.
  if (bucket && isAnotherClusters(bucket.tags, owner)) return undefined;
  const ownBucket = isOwn ? bucket : undefined;
  /** Only our own bucket proves that what reads it is ours. */
  const search = async () => {
    if (alias === undefined) return {};
    const originDomain = ownBucket && bucketDomain(bucketName, spec.region, account.partition);
    return findOwnDistribution(account, { alias, owner, originDomain });
  };
  const found = once(async () => {
    const sorting = status.distribution
      ? sorted(await account.distributions.find(status.distribution.id), owner)
      : await search();
    const { foreign } = sorting;
    if (foreign) {
      const what = `distribution ${foreign.id}`;
      mustShowTags({ what, tags: foreign.tags, isNew: isNew(services, foreign.changedAt) });
      leftAlone(pass, what);
    }
    return sorting;
  });
  return {
    services,
    object,
    status,
    pass,
    account,
    owner,
    alias,
    bucketName,
    records: once(async () => (alias === undefined ? undefined : readRecords(account, alias))),
    ownBucket,
    ownDistribution: once(async () => (await found()).own),
    ownDomain: once(async () => {
      const { own, foreign } = await found();
      const recorded = foreign || !ownBucket ? undefined : status.distribution;
      return (own ?? recorded)?.domainName;
    }),
  };
}

/**
 * The account is recorded before the first write to it, and only after it let us in. So if none is recorded and the account is
 * shut, nothing was made, or the status was lost before there was a provider. That must not hold the deletion for ever.
 */
async function openAccount({ accounts }: IssuerServices, object: OIDCIssuer, pass: Pass): Promise<Account | undefined> {
  try {
    const account = await accounts.get(issuerAccount(object), pass);
    await account.open();
    return account;
  } catch (error) {
    const mayHaveMade = object.status?.accountID !== undefined || mayBeRegistered(object);
    if (mayHaveMade || !isShutOut(error)) throw error;
    const { message } = explain(error);
    const alias = object.spec.hosting.cloudFront?.alias;
    const ofAlias = alias === undefined ? '' : ` of ${alias}`;
    pass.event(
      'Warning',
      'NotLookedFor',
      `nothing is recorded as made, and the account cannot be opened to see, so no bucket, distribution, certificate or record${ofAlias} was looked for: ${message}`,
    );
    return undefined;
  }
}
