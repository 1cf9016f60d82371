import { isDeepStrictEqual } from 'node:util';
import type { DefaultCacheBehavior, DistributionConfig, Origin, ViewerCertificate } from '@aws-sdk/client-cloudfront';
import type { DistributionSpec } from './distributions.ts';

/** AWS managed policy "CachingDisabled": key rotation must show at once. */
const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
/** Not TLSv1.3_2025: where TLS 1.3 is required, IAM falls back to comparing thumbprints. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html */
const tlsPolicies: readonly (string | undefined)[] = ['TLSv1.2_2021', 'TLSv1.2_2025'];
const httpVersions: readonly (string | undefined)[] = ['http2', 'http2and3'];

export function newConfig(spec: DistributionSpec): DistributionConfig {
  return {
    CallerReference: spec.callerReference,
    Comment: spec.comment,
    Enabled: true,
    IsIPV6Enabled: true,
    HttpVersion: 'http2',
    Aliases: { Quantity: 1, Items: [spec.alias] },
    Origins: { Quantity: 1, Items: [originOf(spec, { Id: spec.originDomain, DomainName: spec.originDomain })] },
    DefaultCacheBehavior: {
      TargetOriginId: spec.originDomain,
      ViewerProtocolPolicy: 'redirect-to-https',
      CachePolicyId: cachingDisabled,
    },
    ViewerCertificate: viewerCertificateOf(spec),
  };
}

/** The observed configuration with what is ours put right: an update replaces the whole. Equal to it where all is right. */
export function mergeConfig(observed: DistributionConfig, spec: DistributionSpec): DistributionConfig {
  const origins = observed.Origins?.Items ?? [];
  const target = observed.DefaultCacheBehavior?.TargetOriginId;
  return {
    ...observed,
    Comment: spec.comment,
    Enabled: true,
    IsIPV6Enabled: true,
    HttpVersion: httpVersions.includes(observed.HttpVersion) ? observed.HttpVersion : 'http2',
    Aliases: isDeepStrictEqual(observed.Aliases?.Items, [spec.alias])
      ? observed.Aliases
      : { Quantity: 1, Items: [spec.alias] },
    Origins: {
      Quantity: origins.length,
      Items: origins.map((origin) => (origin.Id === target ? originOf(spec, origin) : origin)),
    },
    DefaultCacheBehavior: observed.DefaultCacheBehavior && cacheBehaviorOf(observed.DefaultCacheBehavior),
    ViewerCertificate: isRight(observed.ViewerCertificate, spec)
      ? observed.ViewerCertificate
      : viewerCertificateOf(spec),
  };
}

/** Names of the parts that an update would change. */
export function driftOf(observed: DistributionConfig, spec: DistributionSpec): string[] {
  const merged = Object.entries(mergeConfig(observed, spec));
  const current: Readonly<Record<string, unknown>> = { ...observed };
  return merged.filter(([part, value]) => !isDeepStrictEqual(current[part], value)).map(([part]) => part);
}

/** The origin that answers by default, wherever else it may have pointed. */
function originOf(spec: DistributionSpec, { CustomOriginConfig: _, ...observed }: Origin): Origin {
  return {
    ...observed,
    DomainName: spec.originDomain,
    OriginPath: '',
    OriginAccessControlId: spec.originAccessControlID,
    // Required for a bucket; empty, for an origin access control takes the place of an origin access identity.
    S3OriginConfig: { ...observed.S3OriginConfig, OriginAccessIdentity: '' },
  };
}

/** A cache policy excludes the TTLs and forwarded values of older distributions. */
function cacheBehaviorOf(observed: DefaultCacheBehavior): DefaultCacheBehavior {
  const older = { ForwardedValues: undefined, MinTTL: undefined, MaxTTL: undefined, DefaultTTL: undefined };
  return {
    ...observed,
    ...(observed.CachePolicyId ? {} : older),
    ViewerProtocolPolicy: 'redirect-to-https',
    CachePolicyId: cachingDisabled,
  };
}

function viewerCertificateOf(spec: DistributionSpec): ViewerCertificate {
  return {
    ACMCertificateArn: spec.certificateARN,
    SSLSupportMethod: 'sni-only',
    MinimumProtocolVersion: 'TLSv1.2_2021',
    CloudFrontDefaultCertificate: false,
  };
}

/** CloudFront answers with more fields than it was sent. */
function isRight(observed: ViewerCertificate | undefined, spec: DistributionSpec): boolean {
  return (
    observed?.ACMCertificateArn === spec.certificateARN &&
    observed.SSLSupportMethod === 'sni-only' &&
    tlsPolicies.includes(observed.MinimumProtocolVersion)
  );
}
