import { DescribeCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import {
  CreateDistributionCommand,
  CreateOriginAccessControlCommand,
  GetDistributionConfigCommand,
  UpdateDistributionCommand,
  type DistributionConfig,
} from '@aws-sdk/client-cloudfront';
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, type Change } from '@aws-sdk/client-route-53';
import type { Clients } from '../clients.ts';
import type { AwsFront } from '../front.ts';

/** A hosted zone, public unless a VPC is given; its id. */
export async function makeZone({ route53 }: Clients, Name: string, vpc?: string): Promise<string> {
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({
      Name,
      CallerReference: `${Name} ${Math.random()}`,
      ...(vpc !== undefined && {
        VPC: { VPCId: vpc, VPCRegion: 'us-east-1' },
        HostedZoneConfig: { PrivateZone: true, Comment: '' },
      }),
    }),
  );
  return HostedZone?.Id ?? '';
}

export async function changeRecords({ route53 }: Clients, HostedZoneId: string, ...Changes: Change[]) {
  return route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
}

export async function requestCertificate({ acm }: Clients, DomainName: string): Promise<string> {
  const { CertificateArn } = await acm.send(new RequestCertificateCommand({ DomainName, ValidationMethod: 'DNS' }));
  return CertificateArn ?? '';
}

/** Requests a certificate and publishes what ACM asks for, in a zone of its own. */
export async function issueCertificate(aws: Clients, domain: string, zone?: string): Promise<string> {
  aws.front.state.timing.describesWithoutRecord = 0;
  const CertificateArn = await requestCertificate(aws, domain);
  const { Certificate } = await aws.acm.send(new DescribeCertificateCommand({ CertificateArn }));
  const record = Certificate?.DomainValidationOptions?.[0]?.ResourceRecord;
  await changeRecords(aws, zone ?? (await makeZone(aws, domain.replace(/^[^.]+\./, ''))), {
    Action: 'UPSERT',
    ResourceRecordSet: {
      Name: record?.Name,
      Type: record?.Type,
      TTL: 300,
      ResourceRecords: [{ Value: record?.Value }],
    },
  });
  return CertificateArn;
}

/** A configuration that CloudFront accepts, of nothing but what it requires. */
export function distributionConfig(fields: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    CallerReference: 'first',
    Comment: '',
    Enabled: true,
    Origins: {
      Quantity: 1,
      Items: [
        { Id: 'bucket', DomainName: 'bucket.s3.us-east-1.amazonaws.com', S3OriginConfig: { OriginAccessIdentity: '' } },
      ],
    },
    DefaultCacheBehavior: {
      TargetOriginId: 'bucket',
      ViewerProtocolPolicy: 'https-only',
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
    },
    ...fields,
  };
}

export interface Made {
  readonly id: string;
  readonly etag: string;
  readonly arn: string;
}

export async function makeDistribution(
  { cloudFront }: Clients,
  fields: Partial<DistributionConfig> = {},
): Promise<Made> {
  const made = await cloudFront.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(fields) }));
  return { id: made.Distribution?.Id ?? '', etag: made.ETag ?? '', arn: made.Distribution?.ARN ?? '' };
}

/** Reads a distribution and sends it back with a change. */
export async function updateDistribution({ cloudFront }: Clients, id: string, fields: Partial<DistributionConfig>) {
  const { DistributionConfig: config, ETag } = await cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
  if (!config) throw new Error('no configuration');
  const DistributionConfig = { ...config, ...fields };
  return cloudFront.send(new UpdateDistributionCommand({ Id: id, IfMatch: ETag, DistributionConfig }));
}

/** Lets what was changed stand at every edge now, however long that would take. */
export function finishDeployments({ state }: AwsFront): void {
  for (const distribution of state.distributions.values()) distribution.deployedAt = 0;
}

export async function makeOriginAccessControl({ cloudFront }: Clients, Name: string): Promise<Made> {
  const made = await cloudFront.send(
    new CreateOriginAccessControlCommand({
      OriginAccessControlConfig: {
        Name,
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
        OriginAccessControlOriginType: 's3',
      },
    }),
  );
  return { id: made.OriginAccessControl?.Id ?? '', etag: made.ETag ?? '', arn: '' };
}

/** The origins of distributionConfig(), with an origin access control. */
export function originsThrough(OriginAccessControlId: string): NonNullable<DistributionConfig['Origins']> {
  const { Origins } = distributionConfig();
  return { Quantity: 1, Items: (Origins?.Items ?? []).map((origin) => ({ ...origin, OriginAccessControlId })) };
}

export function aliased(alias: string, ACMCertificateArn: string): Partial<DistributionConfig> {
  return {
    Aliases: { Quantity: 1, Items: [alias] },
    ViewerCertificate: { ACMCertificateArn, SSLSupportMethod: 'sni-only', MinimumProtocolVersion: 'TLSv1.2_2021' },
  };
}
