import { isDeepStrictEqual } from 'node:util';
import type { DefaultCacheBehavior, DistributionConfig, Origin, ViewerCertificate } from '@aws-sdk/client-cloudfront';
import type { DistributionSpec } from './distributions.ts';

/** AWS managed policy "CachingDisabled": key rotation must show at once. */
const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
/** Not TLSv1.3_2025: if TLS 1.3 is required, IAM falls back to comparing thumbprints. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html */
const tlsPolicies: readonly (string | undefined)[] = ['TLSv1.2_2021', 'TLSv1.2_2025'];
const httpVersions: readonly (string | undefined)[] = ['http2', 'http2and3'];

export function newConfig(spec: DistributionSpec): DistributionConfig {
  return {
    CallerReference: spec.callerReference,
    Comment: spec.comment,
    Enabled: true,
    IsIPV6Enabled: true,
    HttpVersion: 'http2',
    Aliases: aliasesOf(spec),
    Origins: { Quantity: 1, Items: [originOf(spec, { Id: spec.originDomain, DomainName: spec.originDomain })] },
    DefaultCacheBehavior: {
      TargetOriginId: spec.originDomain,
      ViewerProtocolPolicy: 'redirect-to-https',
      CachePolicyId: cachingDisabled,
      ...functionsOf({}, spec),
    },
    ViewerCertificate: viewerCertificateOf(spec),
  };
}

/**
 * The observed configuration with our part put right, because an update replaces the whole. It equals the observed one if all is
 * right. Our part is everything that decides who answers, to whom and with which certificate. The rest is the user's.
 */
export function mergeConfig(observed: DistributionConfig, spec: DistributionSpec): DistributionConfig {
  // A client certificate, or a function that sees the connection, decides which viewers get an answer.
  const { ViewerMtlsConfig: _, ConnectionFunctionAssociation: __, ...rest } = observed;
  const origin = originOf(spec, ownOrigin(observed, spec));
  const geography = observed.Restrictions?.GeoRestriction?.RestrictionType ?? 'none';
  return {
    ...rest,
    Enabled: true,
    IsIPV6Enabled: true,
    HttpVersion: httpVersions.includes(observed.HttpVersion?.toLowerCase()) ? observed.HttpVersion : 'http2',
    Aliases: isDeepStrictEqual(observed.Aliases?.Items ?? [], aliasesOf(spec).Items)
      ? observed.Aliases
      : aliasesOf(spec),
    Origins: { Quantity: 1, Items: [origin] },
    DefaultCacheBehavior: cacheBehaviorOf(observed.DefaultCacheBehavior, origin, spec),
    ViewerCertificate: isRight(observed.ViewerCertificate, spec)
      ? observed.ViewerCertificate
      : viewerCertificateOf(spec),
    ...emptied(observed, 'OriginGroups'),
    ...emptied(observed, 'CacheBehaviors'),
    ...emptied(observed, 'CustomErrorResponses'),
    ...(geography !== 'none' && { Restrictions: { GeoRestriction: { RestrictionType: 'none', Quantity: 0 } } }),
    // A staging distribution would answer a part of the viewers.
    ...(observed.ContinuousDeploymentPolicyId && { ContinuousDeploymentPolicyId: '' }),
  };
}

/** Names of the parts that an update would change. */
export function driftOf(observed: DistributionConfig, spec: DistributionSpec): string[] {
  const merged: Readonly<Record<string, unknown>> = { ...mergeConfig(observed, spec) };
  const current: Readonly<Record<string, unknown>> = { ...observed };
  const parts = new Set([...Object.keys(merged), ...Object.keys(current)]);
  return [...parts].filter((part) => !isDeepStrictEqual(current[part], merged[part]));
}

type EmptiedPart = 'OriginGroups' | 'CacheBehaviors' | 'CustomErrorResponses';

/** A list that must be empty. */
function emptied<P extends EmptiedPart>(observed: DistributionConfig, part: P): Partial<DistributionConfig> {
  return observed[part]?.Quantity ? { [part]: { Quantity: 0 } } : {};
}

/** The origin to keep: the one that answers by default, unless that is a group; else one that names our bucket. */
function ownOrigin(observed: DistributionConfig, spec: DistributionSpec): Origin {
  const origins = observed.Origins?.Items ?? [];
  return (
    origins.find(({ Id }) => Id === observed.DefaultCacheBehavior?.TargetOriginId) ??
    origins.find(({ DomainName }) => DomainName === spec.originDomain) ?? {
      Id: spec.originDomain,
      DomainName: spec.originDomain,
    }
  );
}

/** The origin that answers by default, pointed at our bucket again. */
function originOf(spec: DistributionSpec, origin: Origin): Origin {
  const { CustomOriginConfig: _, VpcOriginConfig: __, ...observed } = origin;
  return {
    ...observed,
    DomainName: spec.originDomain,
    OriginPath: spec.originPath,
    OriginAccessControlId: spec.originAccessControlID,
    // CloudFront requires this for a bucket. It is empty, because an origin access control replaces the origin access identity.
    S3OriginConfig: { ...observed.S3OriginConfig, OriginAccessIdentity: '' },
  };
}

/**
 * A cache policy rules out the TTLs and forwarded values of older distributions. An origin request policy could send the
 * viewer's Host header, by which S3 would choose another bucket.
 */
function cacheBehaviorOf(
  behavior: DefaultCacheBehavior | undefined,
  origin: Origin,
  spec: DistributionSpec,
): DefaultCacheBehavior {
  const { OriginRequestPolicyId: _, ...observed } = behavior ?? {};
  const older = { ForwardedValues: undefined, MinTTL: undefined, MaxTTL: undefined, DefaultTTL: undefined };
  const nobody = { Enabled: false, Quantity: 0 };
  return {
    ...observed,
    ...('CachePolicyId' in observed && observed.CachePolicyId ? {} : older),
    TargetOriginId: origin.Id,
    ViewerProtocolPolicy: 'redirect-to-https',
    CachePolicyId: cachingDisabled,
    ...(behavior?.TrustedSigners?.Enabled && { TrustedSigners: nobody }),
    ...(behavior?.TrustedKeyGroups?.Enabled && { TrustedKeyGroups: nobody }),
    ...(behavior?.LambdaFunctionAssociations?.Quantity && { LambdaFunctionAssociations: { Quantity: 0 } }),
    ...functionsOf(observed, spec),
  };
}

/** Our function and no other. Empty if the observed ones are right. */
function functionsOf(
  { FunctionAssociations: observed }: Pick<DefaultCacheBehavior, 'FunctionAssociations'>,
  { viewerRequestFunctionARN: FunctionARN }: DistributionSpec,
): Pick<DefaultCacheBehavior, 'FunctionAssociations'> {
  const Items = FunctionARN === undefined ? [] : [{ EventType: 'viewer-request' as const, FunctionARN }];
  if (isDeepStrictEqual(observed?.Items ?? [], Items)) return {};
  return { FunctionAssociations: { Quantity: Items.length, ...(Items.length > 0 && { Items }) } };
}

const aliasesOf = ({ named }: DistributionSpec) => {
  const Items = named ? [named.alias] : [];
  return { Quantity: Items.length, Items };
};

function viewerCertificateOf({ named }: DistributionSpec): ViewerCertificate {
  if (!named) return { CloudFrontDefaultCertificate: true };
  return {
    ACMCertificateArn: named.certificateARN,
    SSLSupportMethod: 'sni-only',
    MinimumProtocolVersion: 'TLSv1.2_2021',
    CloudFrontDefaultCertificate: false,
  };
}

/** CloudFront answers with more fields than it was sent. */
function isRight(observed: ViewerCertificate | undefined, { named }: DistributionSpec): boolean {
  if (!named) return observed?.CloudFrontDefaultCertificate === true;
  return (
    observed?.ACMCertificateArn === named.certificateARN &&
    observed.SSLSupportMethod === 'sni-only' &&
    tlsPolicies.includes(observed.MinimumProtocolVersion)
  );
}
