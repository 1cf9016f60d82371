import type * as cloudfront from '@aws-sdk/client-cloudfront';
import { copy, ServiceError } from './service.ts';

/** With what CloudFront says of its own accord, so that a diff that trips over it shows here. */
export function filled(sent: cloudfront.DistributionConfig | undefined): cloudfront.DistributionConfig {
  if (!sent) throw new ServiceError('InvalidArgument', 400);
  const config = copy(sent);
  const { ViewerCertificate: viewer } = config;
  return {
    DefaultRootObject: '',
    CacheBehaviors: { Quantity: 0 },
    CustomErrorResponses: { Quantity: 0 },
    PriceClass: 'PriceClass_All',
    HttpVersion: 'http2',
    WebACLId: '',
    Staging: false,
    Aliases: { Quantity: 0 },
    ...config,
    Origins: {
      Quantity: config.Origins?.Quantity,
      Items: config.Origins?.Items?.map((origin) => ({
        OriginPath: '',
        CustomHeaders: { Quantity: 0 },
        ConnectionAttempts: 3,
        ConnectionTimeout: 10,
        OriginShield: { Enabled: false },
        OriginAccessControlId: '',
        ...origin,
      })),
    },
    DefaultCacheBehavior: config.DefaultCacheBehavior && {
      SmoothStreaming: false,
      Compress: false,
      FieldLevelEncryptionId: '',
      FunctionAssociations: { Quantity: 0 },
      AllowedMethods: { Quantity: 2, Items: ['HEAD', 'GET'], CachedMethods: { Quantity: 2, Items: ['HEAD', 'GET'] } },
      ...config.DefaultCacheBehavior,
    },
    ViewerCertificate: viewer?.ACMCertificateArn
      ? { ...viewer, Certificate: viewer.ACMCertificateArn, CertificateSource: 'acm' }
      : { CloudFrontDefaultCertificate: true, MinimumProtocolVersion: 'TLSv1', CertificateSource: 'cloudfront' },
  };
}
