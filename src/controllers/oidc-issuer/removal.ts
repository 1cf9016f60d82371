import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { oidcIssuers } from '../../api/resources.ts';
import { bucketDomain } from '../../aws/names.ts';
import { isOurs } from '../../aws/ownership.ts';
import { withoutScheme } from '../../oidc/issuer-url.ts';
import type { Pass } from '../../runtime/definition.ts';
import { issuerAccount } from '../issuer-account.ts';
import { once } from '../once.ts';
import { leftAlone, ownerOf } from '../ownership.ts';
import { type IssuerDependencies, type IssuerRemoval, readRecords } from './context.ts';
import { bucketNameOf } from './desired.ts';
import { findBucket, findOwnDistribution, sorted } from './recovery.ts';

/**
 * The status may be lost, or never have been written by a pass that was cut off after its first call to AWS:
 * so everything is looked for under the names that the spec gives.
 */
export async function removal(
  dependencies: IssuerDependencies,
  issuer: OIDCIssuer,
  { draft: status, pass }: { readonly draft: OIDCIssuerStatus; readonly pass: Pass },
): Promise<IssuerRemoval> {
  const { spec } = issuer;
  const { installation } = dependencies.settings;
  const account = await dependencies.accounts.get(issuerAccount(issuer), pass);
  if (status.accountID !== undefined && status.accountID !== account.id) {
    throw new Error(
      `the issuer stands in account ${status.accountID}, which the operator now cannot reach: it got into ${account.id}`,
    );
  }
  const owner = ownerOf(oidcIssuers, issuer, dependencies.settings);
  const alias = status.issuerURL === undefined ? spec.hosting.cloudFront?.alias : withoutScheme(status.issuerURL);
  const bucketName = status.bucket?.name ?? bucketNameOf(issuer, account.id, installation);
  const ownBucket = once(async () => {
    const bucket = await findBucket(account, bucketName, { issuer, pass });
    const own = bucket !== undefined && isOurs(bucket.tags, owner);
    if (bucket && !own) leftAlone(pass, `bucket ${bucketName}`);
    return own ? bucket : undefined;
  });
  /** Only our own bucket proves that what reads it is ours. */
  const search = async () => {
    if (alias === undefined) return {};
    const originDomain = (await ownBucket()) && bucketDomain(bucketName, spec.region, account.partition);
    return findOwnDistribution(account, { alias, owner, originDomain });
  };
  const found = once(async () => {
    const sorting = status.distribution
      ? sorted(await account.distributions.find(status.distribution.id), owner)
      : await search();
    if (sorting.foreign) leftAlone(pass, `distribution ${sorting.foreign.id}`);
    return sorting;
  });
  return {
    dependencies,
    issuer,
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
      return foreign ? undefined : (own ?? status.distribution)?.domainName;
    }),
  };
}
