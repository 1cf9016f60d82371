import { DescribeCertificateCommand, ListCertificatesCommand } from '@aws-sdk/client-acm';
import { ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import {
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import {
  CreateHostedZoneCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53';
import { CreateBucketCommand, ListBucketsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Clients } from '../test/backends/aws/clients.ts';

/** What a cluster's account has before the operator comes: a public zone, and a bucket that pods want to write to. */
export async function furnish(account: Clients, zone: string, bucket: string): Promise<void> {
  await account.route53.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: zone }));
  const { region } = account;
  await account.s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: region as 'eu-central-1' },
    }),
  );
}

/** All that stands in the account, read from AWS and not from any status: a line each. */
export async function inventory(account: Clients): Promise<string[]> {
  const [buckets, distributions, certificates, records, providers, roles] = await Promise.all([
    listBuckets(account),
    listDistributions(account),
    listCertificates(account.at('us-east-1')),
    listRecords(account),
    listProviders(account),
    listRoles(account),
  ]);
  return [...buckets, ...distributions, ...certificates, ...records, ...providers, ...roles];
}

async function listBuckets({ s3 }: Clients): Promise<string[]> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const lines = Buckets.map(async ({ Name = '' }) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: Name }));
    return [`bucket        ${Name}`, ...Contents.map(({ Key }) => `  object      ${Key}`)];
  });
  return (await Promise.all(lines)).flat();
}

async function listDistributions({ cloudFront }: Clients): Promise<string[]> {
  const { DistributionList } = await cloudFront.send(new ListDistributionsCommand({}));
  return (DistributionList?.Items ?? []).map(
    ({ Id, DomainName, Status, Aliases }) =>
      `distribution  ${Id} ${DomainName} ${Status}, alias ${(Aliases?.Items ?? []).join(', ')}`,
  );
}

async function listCertificates({ acm }: Clients): Promise<string[]> {
  const { CertificateSummaryList = [] } = await acm.send(new ListCertificatesCommand({}));
  const lines = CertificateSummaryList.map(async ({ CertificateArn }) => {
    const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn }));
    return `certificate   ${Certificate?.DomainName} ${Certificate?.Status}`;
  });
  return Promise.all(lines);
}

async function listRecords({ route53 }: Clients): Promise<string[]> {
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  const lines = HostedZones.map(async ({ Id }) => {
    const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id }));
    return ResourceRecordSets.filter(({ Type }) => Type !== 'NS' && Type !== 'SOA').map(
      ({ Name, Type, AliasTarget, ResourceRecords = [] }) =>
        `record        ${Name} ${Type} ${AliasTarget ? `alias ${AliasTarget.DNSName}` : ResourceRecords.map(({ Value }) => Value).join(' ')}`,
    );
  });
  return (await Promise.all(lines)).flat();
}

async function listProviders({ iam }: Clients): Promise<string[]> {
  const { OpenIDConnectProviderList = [] } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
  return OpenIDConnectProviderList.map(({ Arn }) => `provider      ${Arn}`);
}

async function listRoles({ iam }: Clients): Promise<string[]> {
  const { Roles = [] } = await iam.send(new ListRolesCommand({}));
  const lines = Roles.map(async ({ RoleName, Arn }) => {
    const [{ AttachedPolicies = [] }, { PolicyNames = [] }] = await Promise.all([
      iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
      iam.send(new ListRolePoliciesCommand({ RoleName })),
    ]);
    return [
      `role          ${Arn}`,
      ...AttachedPolicies.map(({ PolicyArn }) => `  managed     ${PolicyArn}`),
      ...PolicyNames.map((name) => `  inline      ${name}`),
    ];
  });
  return (await Promise.all(lines)).flat();
}

/** The role's trust policy as IAM has it, for people. */
export async function trustPolicy({ iam }: Clients, roleARN: string): Promise<string> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleARN.slice(roleARN.lastIndexOf('/') + 1) }));
  return JSON.stringify(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')), null, 2);
}
