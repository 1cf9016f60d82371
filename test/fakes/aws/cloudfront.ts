import type * as cloudfront from '@aws-sdk/client-cloudfront';
import { filled } from './cloudfront-defaults.ts';
import { checkIfMatch, FakeFunctions } from './cloudfront-functions.ts';
import { copy, page, ServiceError, tagList, tagRecord } from './service.ts';

export interface FakeDistribution {
  readonly id: string;
  readonly arn: string;
  readonly domainName: string;
  etag: string;
  status: 'InProgress' | 'Deployed';
  config: cloudfront.DistributionConfig;
  /** What edges may still have in its place. Undefined: no edge has the distribution yet. */
  before: cloudfront.DistributionConfig[] | undefined;
  tags: Record<string, string>;
  changedAt: Date;
}

export interface FakeOriginAccessControl {
  readonly id: string;
  etag: string;
  config: cloudfront.OriginAccessControlConfig;
}

interface Scope {
  readonly id: string;
  readonly now: () => number;
  pageSize(): number;
  nextNumber(): number;
  /** Of all accounts, for an alias is taken once in the world. */
  distributions(): Iterable<FakeDistribution>;
  /** An issued certificate of the account that is for this name. */
  isIssued(certificateARN: string, alias: string): boolean;
}

export class FakeCloudFront extends FakeFunctions {
  readonly distributions = new Map<string, FakeDistribution>();
  /** By id. */
  readonly originAccessControls = new Map<string, FakeOriginAccessControl>();

  /** All that were ever used, also by distributions that are gone. */
  private readonly references = new Set<string | undefined>();

  constructor(private readonly scope: Scope) {
    super();
  }

  protected get numbers(): Scope {
    return this.scope;
  }

  protected usesFunction(arn: string): boolean {
    return [...this.distributions.values()].some(({ config }) =>
      config.DefaultCacheBehavior?.FunctionAssociations?.Items?.some(({ FunctionARN }) => FunctionARN === arn),
    );
  }

  /** CloudFront brings every change to its edges. */
  deploy(): void {
    for (const distribution of this.distributions.values()) {
      distribution.status = 'Deployed';
      distribution.before = [];
    }
  }

  CreateDistributionWithTags({ DistributionConfigWithTags }: cloudfront.CreateDistributionWithTagsRequest) {
    const { DistributionConfig, Tags } = DistributionConfigWithTags ?? {};
    const config = filled(DistributionConfig);
    if (this.references.has(config.CallerReference))
      throw new ServiceError('DistributionAlreadyExists', 409, config.CallerReference);
    this.check(config, undefined);
    const number = this.scope.nextNumber();
    const id = `E${number}`;
    const distribution: FakeDistribution = {
      id,
      arn: `arn:aws:cloudfront::${this.scope.id}:distribution/${id}`,
      domainName: `d${number}.cloudfront.net`,
      etag: `ETAG${number}`,
      status: 'InProgress',
      config,
      before: undefined,
      tags: tagRecord(Tags?.Items),
      changedAt: new Date(this.scope.now()),
    };
    this.references.add(config.CallerReference);
    this.distributions.set(id, distribution);
    return { Distribution: asDistribution(distribution), ETag: distribution.etag };
  }

  GetDistribution({ Id }: cloudfront.GetDistributionRequest) {
    const distribution = this.distribution(Id);
    return { Distribution: asDistribution(distribution), ETag: distribution.etag };
  }

  GetDistributionConfig({ Id }: cloudfront.GetDistributionConfigRequest) {
    const { config, etag } = this.distribution(Id);
    return { DistributionConfig: copy(config), ETag: etag };
  }

  UpdateDistribution({ Id, IfMatch, DistributionConfig }: cloudfront.UpdateDistributionRequest) {
    const distribution = this.distribution(Id);
    checkIfMatch(IfMatch, distribution.etag);
    const config = filled(DistributionConfig);
    if (config.CallerReference !== distribution.config.CallerReference) throw new ServiceError('IllegalUpdate', 400);
    this.check(config, distribution);
    distribution.before?.push(distribution.config);
    distribution.config = config;
    distribution.status = 'InProgress';
    distribution.changedAt = new Date(this.scope.now());
    distribution.etag = `ETAG${this.scope.nextNumber()}`;
    return { Distribution: asDistribution(distribution), ETag: distribution.etag };
  }

  DeleteDistribution({ Id, IfMatch }: cloudfront.DeleteDistributionRequest) {
    const distribution = this.distribution(Id);
    checkIfMatch(IfMatch, distribution.etag);
    if (distribution.config.Enabled || distribution.status !== 'Deployed') {
      throw new ServiceError('DistributionNotDisabled', 409, distribution.id);
    }
    this.distributions.delete(distribution.id);
    return {};
  }

  ListDistributions({ Marker }: cloudfront.ListDistributionsRequest) {
    const size = Math.min(100, this.scope.pageSize());
    const { items, next } = page([...this.distributions.values()], ({ id }) => id, Marker, size);
    return {
      // Marker repeats what was asked for: only NextMarker leads on.
      DistributionList: {
        Marker: Marker ?? '',
        NextMarker: next,
        IsTruncated: next !== undefined,
        Items: items.map((distribution) => {
          const { Aliases, Origins, Comment, Enabled } = copy(distribution.config);
          const { id, arn, domainName, status } = distribution;
          return { Id: id, ARN: arn, DomainName: domainName, Status: status, Aliases, Origins, Comment, Enabled };
        }),
      },
    };
  }

  ListConflictingAliases({ DistributionId, Alias = '', Marker, MaxItems }: cloudfront.ListConflictingAliasesRequest) {
    const own = this.distribution(DistributionId);
    if (!this.scope.isIssued(own.config.ViewerCertificate?.ACMCertificateArn ?? '', Alias)) {
      throw new ServiceError('InvalidArgument', 400, `${own.id} has no certificate for ${Alias}`);
    }
    const wildcard = Alias.replace(/^[^.]+/, '*');
    const listed = [...this.scope.distributions()]
      .filter((other) => other !== own)
      .flatMap(({ arn, id, config }) =>
        (config.Aliases?.Items ?? [])
          .filter((alias) => [Alias, wildcard].includes(alias))
          .map((alias) => ({
            Alias: alias,
            DistributionId: masked(id, id.length - 4),
            AccountId: masked(arn.split(':')[4] ?? '', 6),
          })),
      );
    const size = Math.min(MaxItems ?? 100, this.scope.pageSize());
    const { items, next } = page(listed, (item) => JSON.stringify(item), Marker, size);
    return { ConflictingAliasesList: { NextMarker: next, Quantity: items.length, Items: items } };
  }

  ListTagsForResource({ Resource }: cloudfront.ListTagsForResourceRequest) {
    return { Tags: { Items: tagList(this.byARN(Resource).tags) } };
  }

  TagResource({ Resource, Tags }: cloudfront.TagResourceRequest) {
    Object.assign(this.byARN(Resource).tags, tagRecord(Tags?.Items));
    return {};
  }

  UntagResource({ Resource, TagKeys }: cloudfront.UntagResourceRequest) {
    for (const key of TagKeys?.Items ?? []) delete this.byARN(Resource).tags[key];
    return {};
  }

  CreateOriginAccessControl({ OriginAccessControlConfig: config }: cloudfront.CreateOriginAccessControlRequest) {
    const taken = [...this.originAccessControls.values()].some((known) => known.config.Name === config?.Name);
    if (!config || taken) throw new ServiceError('OriginAccessControlAlreadyExists', 409, config?.Name);
    if ((config.Name?.length ?? 0) > 64) throw new ServiceError('InvalidArgument', 400, config.Name);
    const number = this.scope.nextNumber();
    const control = { id: `EOAC${number}`, etag: `ETAG${number}`, config: { ...config } };
    this.originAccessControls.set(control.id, control);
    return { OriginAccessControl: { Id: control.id, OriginAccessControlConfig: config }, ETag: control.etag };
  }

  GetOriginAccessControl({ Id }: cloudfront.GetOriginAccessControlRequest) {
    const { id, etag, config } = this.originAccessControl(Id);
    return { OriginAccessControl: { Id: id, OriginAccessControlConfig: config }, ETag: etag };
  }

  UpdateOriginAccessControl(request: cloudfront.UpdateOriginAccessControlRequest) {
    const { Id, IfMatch, OriginAccessControlConfig: config } = request;
    const control = this.originAccessControl(Id);
    checkIfMatch(IfMatch, control.etag);
    if (!config) throw new ServiceError('InvalidArgument', 400, Id);
    control.config = config;
    control.etag = `ETAG${this.scope.nextNumber()}`;
    return { OriginAccessControl: { Id: control.id, OriginAccessControlConfig: config }, ETag: control.etag };
  }

  ListOriginAccessControls({ Marker }: cloudfront.ListOriginAccessControlsRequest) {
    const size = Math.min(100, this.scope.pageSize());
    const { items, next } = page([...this.originAccessControls.values()], ({ id }) => id, Marker, size);
    return {
      OriginAccessControlList: {
        Marker: Marker ?? '',
        NextMarker: next,
        IsTruncated: next !== undefined,
        Items: items.map(({ id, config }) => ({ Id: id, ...config })),
      },
    };
  }

  DeleteOriginAccessControl({ Id, IfMatch }: cloudfront.DeleteOriginAccessControlRequest) {
    const { id, etag } = this.originAccessControl(Id);
    checkIfMatch(IfMatch, etag);
    const inUse = [...this.distributions.values()].some(({ config }) =>
      config.Origins?.Items?.some((origin) => origin.OriginAccessControlId === id),
    );
    if (inUse) throw new ServiceError('OriginAccessControlInUse', 409, id);
    this.originAccessControls.delete(id);
    return {};
  }

  private check(config: cloudfront.DistributionConfig, self: FakeDistribution | undefined): void {
    const origins = config.Origins?.Items ?? [];
    if (!origins.some(({ Id }) => Id === config.DefaultCacheBehavior?.TargetOriginId)) {
      throw new ServiceError('NoSuchOrigin', 404, config.DefaultCacheBehavior?.TargetOriginId);
    }
    for (const { OriginAccessControlId: control, S3OriginConfig } of origins) {
      if (control && !this.originAccessControls.has(control)) throw new ServiceError('InvalidOriginAccessControl', 400);
      if (control && S3OriginConfig?.OriginAccessIdentity)
        throw new ServiceError('InvalidArgument', 400, 'OAI and OAC');
    }
    if (config.DefaultCacheBehavior) this.checkFunctions(config.DefaultCacheBehavior);
    const { CachePolicyId, MinTTL } = config.DefaultCacheBehavior ?? {};
    if (CachePolicyId && MinTTL !== undefined)
      throw new ServiceError('InvalidArgument', 400, 'MinTTL and cache policy');
    for (const alias of config.Aliases?.Items ?? []) {
      for (const other of this.scope.distributions()) {
        const taken = other !== self && other.config.Aliases?.Items?.includes(alias);
        if (taken) throw new ServiceError('CNAMEAlreadyExists', 409, alias);
      }
      if (!this.scope.isIssued(config.ViewerCertificate?.ACMCertificateArn ?? '', alias)) {
        throw new ServiceError('InvalidViewerCertificate', 400, alias);
      }
    }
  }

  private distribution(id = ''): FakeDistribution {
    const distribution = this.distributions.get(id);
    if (!distribution) throw new ServiceError('NoSuchDistribution', 404, id);
    return distribution;
  }

  private byARN(arn = ''): FakeDistribution {
    const distribution = [...this.distributions.values()].find((known) => known.arn === arn);
    if (!distribution) throw new ServiceError('NoSuchResource', 404, arn);
    return distribution;
  }

  private originAccessControl(id = ''): FakeOriginAccessControl {
    const control = this.originAccessControls.get(id);
    if (!control) throw new ServiceError('NoSuchOriginAccessControl', 404, id);
    return control;
  }
}

/** As CloudFront shows the ids of others: the first ones hidden. */
const masked = (id: string, hidden: number) => '*'.repeat(Math.max(0, hidden)) + id.slice(Math.max(0, hidden));

function asDistribution({ id, arn, domainName, status, config, changedAt }: FakeDistribution) {
  const DistributionConfig = copy(config);
  return { Id: id, ARN: arn, DomainName: domainName, Status: status, LastModifiedTime: changedAt, DistributionConfig };
}
