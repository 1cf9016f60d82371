import type { AwsRequest } from './request.ts';
import { element, items, text, type Xml } from './xml.ts';

type Fields = Record<string, Xml>;

// What CloudFront shows of a field that was not sent:
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html

const none: Fields = { Quantity: '0' };

const configDefaults: Fields = {
  Aliases: none,
  DefaultRootObject: '',
  OriginGroups: none,
  CacheBehaviors: none,
  CustomErrorResponses: none,
  Logging: { Enabled: 'false', IncludeCookies: 'false', Bucket: '', Prefix: '' },
  PriceClass: 'PriceClass_All',
  Restrictions: { GeoRestriction: { RestrictionType: 'none', Quantity: '0' } },
  WebACLId: '',
  HttpVersion: 'http2',
  IsIPV6Enabled: 'false',
  ContinuousDeploymentPolicyId: '',
  Staging: 'false',
};

const originDefaults: Fields = {
  OriginPath: '',
  CustomHeaders: none,
  ConnectionAttempts: '3',
  ConnectionTimeout: '10',
  OriginShield: { Enabled: 'false' },
  OriginAccessControlId: '',
};

const readOnly: Fields = { Quantity: '2', Items: { Method: ['HEAD', 'GET'] } };

const behaviorDefaults: Fields = {
  TrustedSigners: { Enabled: 'false', Quantity: '0' },
  TrustedKeyGroups: { Enabled: 'false', Quantity: '0' },
  AllowedMethods: { ...readOnly, CachedMethods: readOnly },
  SmoothStreaming: 'false',
  Compress: 'false',
  LambdaFunctionAssociations: none,
  FunctionAssociations: none,
  FieldLevelEncryptionId: '',
};

/** The DistributionConfig that a create or an update sends. */
export function sentConfig({ operation, xml }: AwsRequest): Xml {
  return operation === 'CreateDistributionWithTags' ? (element(xml, 'DistributionConfig') ?? '') : xml;
}

/** A DistributionConfig as CloudFront gives it back. */
export function asStored(sent: Xml): Xml {
  const config = { ...configDefaults, ...(sent as Fields) };
  const origins = items(sent, 'Origins', 'Items', 'Origin').map((origin) => ({
    ...originDefaults,
    ...(origin as Fields),
  }));
  return {
    ...config,
    Origins: { Quantity: String(origins.length), Items: { Origin: origins } },
    DefaultCacheBehavior: { ...behaviorDefaults, ...(config['DefaultCacheBehavior'] as Fields) },
    ViewerCertificate: viewerCertificate(config['ViewerCertificate'] ?? {}),
  };
}

/** https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html */
function viewerCertificate(sent: Xml): Xml {
  const arn = text(sent, 'ACMCertificateArn');
  if (arn) {
    return { CloudFrontDefaultCertificate: 'false', ...(sent as Fields), Certificate: arn, CertificateSource: 'acm' };
  }
  return {
    CloudFrontDefaultCertificate: 'true',
    SSLSupportMethod: 'vip',
    MinimumProtocolVersion: 'TLSv1',
    CertificateSource: 'cloudfront',
  };
}

/** Fields that an update must carry besides those of a create: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-overview-required-fields.html */
export const requiredInUpdate = [
  'CallerReference',
  'Aliases',
  'DefaultRootObject',
  'Origins',
  'DefaultCacheBehavior',
  'CacheBehaviors',
  'CustomErrorResponses',
  'Comment',
  'Logging',
  'PriceClass',
  'Enabled',
  'ViewerCertificate',
  'Restrictions',
  'WebACLId',
  'HttpVersion',
] as const;
