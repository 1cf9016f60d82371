import type { OIDCIssuerStatus } from '../../api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { Distribution } from '../../aws/distributions.ts';
import { bucketDomain } from '../../aws/names.ts';
import { isOwned, type Owner } from '../../aws/tags.ts';
import { withoutScheme } from '../../oidc/issuer-url.ts';
import type { Pass } from '../../runtime/definition.ts';
import { type IssuerDependencies, type IssuerRemoval, leftAlone, once, readRecords } from './context.ts';
import { bucketNameOf, ownerOf } from './desired.ts';
import { findOwnDistribution } from './distribution-step.ts';

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
  const account = await dependencies.accounts.get(spec.account?.roleARN);
  if (status.accountID !== undefined && status.accountID !== account.id) {
    throw new Error(
      `the issuer stands in account ${status.accountID}, which the operator now cannot reach: it got into ${account.id}`,
    );
  }
  const owner = ownerOf(issuer, installation);
  const alias = status.issuerURL === undefined ? spec.hosting.cloudFront?.alias : withoutScheme(status.issuerURL);
  const bucketName = status.bucket?.name ?? bucketNameOf(issuer, account.id, installation);
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
    ownBucket: once(async () => {
      const bucket = await account.buckets(spec.region).find(bucketName);
      const own = bucket !== undefined && isOwned(bucket.tags, owner);
      if (bucket && !own) leftAlone(pass, `bucket ${bucketName}`);
      return own ? bucket : undefined;
    }),
    ownDistribution: once(async () => {
      const known = status.distribution && (await account.distributions.find(status.distribution.id));
      const originDomain = bucketDomain(bucketName, spec.region, account.partition);
      const { own, foreign } =
        status.distribution || alias === undefined
          ? sorted(known, owner)
          : await findOwnDistribution(account, { alias, owner, originDomain });
      if (foreign) leftAlone(pass, `distribution ${foreign.id}`);
      return own;
    }),
  };
}

function sorted(known: Distribution | undefined, owner: Owner): { own?: Distribution; foreign?: Distribution } {
  if (!known) return {};
  return isOwned(known.tags, owner) ? { own: known } : { foreign: known };
}
