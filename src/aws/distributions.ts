import * as cloudfront from '@aws-sdk/client-cloudfront';
import type { CloudFrontCalls } from './calls.ts';
import { driftOf, mergeConfig, newConfig } from './distribution-config.ts';
import { foretold, isInUse, undefinedIfNotFound } from './errors.ts';
import { fromTagList, type TagChanges, toTagList, type Tags } from './tags.ts';

/** Our part of a distribution. Everything else keeps CloudFront's or the user's value. */
export interface DistributionSpec {
  /** A second create with the same reference fails with DistributionAlreadyExists, so repeating a create makes no second distribution. */
  readonly callerReference: string;
  /** Undefined: it has only its own name, with CloudFront's certificate. */
  readonly named: Named | undefined;
  /** `<bucket>.s3.<region>.<suffix>`: the regional name, because the global one redirects for up to a day. */
  readonly originDomain: string;
  /** The folder of the bucket that is served: empty, or with a leading `/`. */
  readonly originPath: string;
  readonly originAccessControlID: string;
  /** The CloudFront Function that sees each request first. It must be published. Undefined: none does. */
  readonly viewerRequestFunctionARN: string | undefined;
  /** What a new one says. Later it is the user's. At most 128 characters. */
  readonly comment: string;
  readonly tags: Tags;
}

export interface Named {
  readonly alias: string;
  readonly certificateARN: string;
}

/** What CloudFront tells of a distribution that has an alias. The first characters of its id and of its account's are hidden. */
export interface AliasHolder {
  /** The alias itself, or a wildcard of it. */
  readonly alias: string;
  readonly distribution: string;
  readonly account: string;
}

/** From where a distribution takes what it serves. */
export type Origin = Pick<DistributionSpec, 'originDomain' | 'originPath'>;

/** By what a distribution may be found. None of it proves whose it is. */
export interface DistributionTraits {
  readonly comment: string;
  /** It reads from one of these. */
  readonly originDomains: readonly string[];
}

export interface Distribution {
  readonly id: string;
  readonly arn: string;
  /** `<…>.cloudfront.net`. */
  readonly domainName: string;
  /** False while CloudFront is rolling out a change to its edges. */
  readonly deployed: boolean;
  readonly aliases: readonly string[];
  /** Undefined: it has CloudFront's own. */
  readonly certificateARN: string | undefined;
  /** Of its first origin. */
  readonly origin: Origin;
  /** An origin reads with the origin access identity of older programs, which needs a statement of its own in the bucket's policy. */
  readonly usesAccessIdentity: boolean;
  /** The CloudFront Function that sees each request first. */
  readonly viewerRequestFunctionARN: string | undefined;
  readonly tags: Tags;
  /** Of its making or its last update. */
  readonly changedAt: Date;
  /** The parts that differ from a spec, in CloudFront's words. Empty: nothing to update. */
  drift(spec: DistributionSpec): readonly string[];
}

/** CloudFront distributions of one account. ETags and full-replace updates stay inside. */
export interface Distributions {
  /** 2 reads. */
  find(id: string): Promise<Distribution | undefined>;
  /** One read. Undefined if there is none that reads from there. */
  isDeployed(id: string, origin: Origin): Promise<boolean | undefined>;
  /** Reads all pages. Only one distribution in the world can have an alias, and this sees those of the account. */
  findByAlias(alias: string): Promise<Distribution | undefined>;
  /** Finds a distribution without alias by its only origin. Reads all pages. */
  findByOrigin(origin: Origin): Promise<Distribution | undefined>;
  /** Finds a distribution that reads from there, with or without aliases. Reads all pages. */
  findReader(origin: Origin): Promise<Distribution | undefined>;
  /** All with one of these traits, whatever else they have. Reads all pages. */
  listWith(traits: DistributionTraits): Promise<readonly Distribution[]>;
  /**
   * Who has the alias, or a wildcard of it, in whatever account, in an order that stays. CloudFront tells that only to a distribution
   * of the account whose certificate is for the alias. Reads all pages.
   * https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListConflictingAliases.html
   */
  listAliasHolders(id: string, alias: string): Promise<readonly AliasHolder[]>;
  /**
   * One write. Throws what `isAliasTaken` or `isAlreadyExists` (the caller reference was used) knows.
   * @param withoutAlias with the certificate alone: the alias is left to an update
   */
  create(spec: DistributionSpec, options?: { readonly withoutAlias?: boolean }): Promise<Distribution>;
  /** GetDistributionConfig, merge, UpdateDistribution with If-Match. Tags are neither written nor read: the answer repeats the spec's. */
  update(id: string, spec: DistributionSpec): Promise<Distribution>;
  /** One write to set tags and one to remove some. Other tags stay. */
  tag(arn: string, changes: TagChanges): Promise<void>;
  /** Takes the next step towards deletion and never waits for CloudFront: it disables, and it deletes once that is deployed. */
  delete(id: string): Promise<'disabling' | 'gone'>;
}

export class CloudFrontDistributions implements Distributions {
  constructor(private readonly cloudfront: CloudFrontCalls) {}

  async find(id: string): Promise<Distribution | undefined> {
    const found = await this.get(id);
    if (!found?.Distribution) return undefined;
    const tagging = await this.cloudfront
      .send(
        `reading the tags of distribution ${id}`,
        new cloudfront.ListTagsForResourceCommand({ Resource: found.Distribution.ARN }),
      )
      .catch(undefinedIfNotFound);
    return tagging && toDistribution(found.Distribution, fromTagList(tagging.Tags?.Items));
  }

  async isDeployed(id: string, { originDomain, originPath }: Origin): Promise<boolean | undefined> {
    const found = (await this.get(id))?.Distribution;
    if (!found) return undefined;
    const { origin, deployed } = toDistribution(found, {});
    return origin.originDomain === originDomain && origin.originPath === originPath ? deployed : undefined;
  }

  findByAlias(alias: string): Promise<Distribution | undefined> {
    return this.findWhere(({ Aliases }) => Aliases?.Items?.includes(alias) ?? false);
  }

  findByOrigin({ originDomain, originPath }: Origin): Promise<Distribution | undefined> {
    return this.findWhere((summary) => {
      const origin = onlyOrigin(summary);
      const isOurs = origin?.DomainName === originDomain && (origin.OriginPath ?? '') === originPath;
      return isOurs && !summary.Aliases?.Items?.length;
    });
  }

  findReader({ originDomain, originPath }: Origin): Promise<Distribution | undefined> {
    return this.findWhere(({ Origins }) =>
      (Origins?.Items ?? []).some(
        ({ DomainName, OriginPath = '' }) => DomainName === originDomain && OriginPath === originPath,
      ),
    );
  }

  async listWith({ comment, originDomains }: DistributionTraits): Promise<readonly Distribution[]> {
    const found: Distribution[] = [];
    for await (const { Id, Comment, Origins } of this.all()) {
      const reads = (Origins?.Items ?? []).some(({ DomainName = '' }) => originDomains.includes(DomainName));
      if (Id && (reads || Comment === comment)) found.push(await this.getListed(Id));
    }
    return found;
  }

  async listAliasHolders(id: string, alias: string): Promise<readonly AliasHolder[]> {
    const holders: AliasHolder[] = [];
    let Marker: string | undefined;
    do {
      const { ConflictingAliasesList: page } = await this.cloudfront.send(
        `asking CloudFront who has alias ${alias}`,
        new cloudfront.ListConflictingAliasesCommand({ DistributionId: id, Alias: alias, Marker }),
      );
      for (const { Alias = '', DistributionId = '', AccountId = '' } of page?.Items ?? []) {
        holders.push({ alias: Alias, distribution: DistributionId, account: AccountId });
      }
      Marker = page?.NextMarker;
    } while (Marker);
    const key = (holder: AliasHolder) => `${holder.alias} ${holder.account} ${holder.distribution}`;
    return holders.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async create(spec: DistributionSpec, { withoutAlias = false } = {}): Promise<Distribution> {
    const config = newConfig(spec);
    const { Distribution: created } = await this.cloudfront.send(
      `creating the distribution of ${spec.named?.alias ?? spec.originDomain}`,
      new cloudfront.CreateDistributionWithTagsCommand({
        DistributionConfigWithTags: {
          DistributionConfig: withoutAlias ? { ...config, Aliases: { Quantity: 0 } } : config,
          Tags: { Items: toTagList(spec.tags) },
        },
      }),
      () => this.foretellCreation(spec, { withoutAlias }),
    );
    return toDistribution(created, spec.tags);
  }

  async update(id: string, spec: DistributionSpec): Promise<Distribution> {
    const { DistributionConfig: observed, ETag } = await this.cloudfront.send(
      `reading the configuration of distribution ${id}`,
      new cloudfront.GetDistributionConfigCommand({ Id: id }),
    );
    const { Distribution: updated } = await this.cloudfront.send(
      `updating distribution ${id}`,
      new cloudfront.UpdateDistributionCommand({
        Id: id,
        IfMatch: ETag,
        DistributionConfig: observed && mergeConfig(observed, spec),
      }),
    );
    return toDistribution(updated, spec.tags);
  }

  async tag(arn: string, { set, remove }: TagChanges): Promise<void> {
    const Resource = arn;
    if (Object.keys(set).length > 0) {
      await this.cloudfront.send(
        `tagging distribution ${arn}`,
        new cloudfront.TagResourceCommand({ Resource, Tags: { Items: toTagList(set) } }),
      );
    }
    if (remove.length > 0) {
      await this.cloudfront.send(
        `untagging distribution ${arn}`,
        new cloudfront.UntagResourceCommand({ Resource, TagKeys: { Items: [...remove] } }),
      );
    }
  }

  async delete(id: string): Promise<'disabling' | 'gone'> {
    const found = await this.get(id);
    if (!found?.Distribution) return 'gone';
    const {
      ETag: IfMatch,
      Distribution: { DistributionConfig, Status },
    } = found;
    if (DistributionConfig?.Enabled) {
      await this.cloudfront.send(
        `disabling distribution ${id}`,
        new cloudfront.UpdateDistributionCommand({
          Id: id,
          IfMatch,
          DistributionConfig: { ...DistributionConfig, Enabled: false },
        }),
      );
      return 'disabling';
    }
    if (Status !== 'Deployed') return 'disabling';
    try {
      await this.cloudfront
        .send(`deleting distribution ${id}`, new cloudfront.DeleteDistributionCommand({ Id: id, IfMatch }))
        .catch(undefinedIfNotFound);
      return 'gone';
    } catch (error) {
      // CloudFront says Deployed before every part of it knows the change.
      if (isInUse(error)) return 'disabling';
      throw error;
    }
  }

  /** Distributions of other accounts can have the alias too, which no look shows. */
  private async foretellCreation(
    { named, originDomain, callerReference }: DistributionSpec,
    { withoutAlias }: { readonly withoutAlias: boolean },
  ): Promise<undefined> {
    for await (const { Id, Aliases, Origins } of this.all()) {
      if (named && !withoutAlias && Aliases?.Items?.includes(named.alias)) throw foretold.aliasTaken();
      const readsBucket = Origins?.Items?.some(({ DomainName }) => DomainName === originDomain);
      const found = Id && readsBucket ? await this.get(Id) : undefined;
      const reference = found?.Distribution?.DistributionConfig?.CallerReference;
      if (reference === callerReference) throw foretold.alreadyExists();
    }
  }

  /** The list and the read may disagree for a moment. Then neither answer counts. */
  private async getListed(id: string): Promise<Distribution> {
    const found = await this.find(id);
    if (!found)
      throw new Error(`distribution ${id} is listed and not found: CloudFront does not agree with itself yet`);
    return found;
  }

  private get(id: string): Promise<cloudfront.GetDistributionCommandOutput | undefined> {
    return this.cloudfront
      .send(`reading distribution ${id}`, new cloudfront.GetDistributionCommand({ Id: id }))
      .catch(undefinedIfNotFound);
  }

  private async findWhere(
    matches: (summary: cloudfront.DistributionSummary) => boolean,
  ): Promise<Distribution | undefined> {
    for await (const summary of this.all()) if (summary.Id && matches(summary)) return this.getListed(summary.Id);
    return undefined;
  }

  private async *all(): AsyncGenerator<cloudfront.DistributionSummary, void, undefined> {
    let Marker: string | undefined;
    do {
      const { DistributionList: page } = await this.cloudfront.send(
        'listing distributions',
        new cloudfront.ListDistributionsCommand({ Marker }),
      );
      yield* page?.Items ?? [];
      Marker = page?.NextMarker;
    } while (Marker);
  }
}

function onlyOrigin({ Origins }: cloudfront.DistributionSummary): cloudfront.Origin | undefined {
  return Origins?.Items?.length === 1 ? Origins.Items[0] : undefined;
}

function toDistribution(found: cloudfront.Distribution | undefined, tags: Tags): Distribution {
  const config = found?.DistributionConfig;
  return {
    id: found?.Id ?? '',
    arn: found?.ARN ?? '',
    domainName: found?.DomainName ?? '',
    deployed: found?.Status === 'Deployed',
    aliases: config?.Aliases?.Items ?? [],
    certificateARN: config?.ViewerCertificate?.ACMCertificateArn,
    origin: {
      originDomain: config?.Origins?.Items?.[0]?.DomainName ?? '',
      originPath: config?.Origins?.Items?.[0]?.OriginPath ?? '',
    },
    usesAccessIdentity: (config?.Origins?.Items ?? []).some((origin) => origin.S3OriginConfig?.OriginAccessIdentity),
    viewerRequestFunctionARN: config?.DefaultCacheBehavior?.FunctionAssociations?.Items?.find(
      ({ EventType }) => EventType === 'viewer-request',
    )?.FunctionARN,
    tags,
    changedAt: found?.LastModifiedTime ?? new Date(0),
    drift: (spec) => (config ? driftOf(config, spec) : []),
  };
}
