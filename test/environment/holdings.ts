import { ListCertificatesCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
import {
  ListDistributionsCommand,
  ListFunctionsCommand,
  ListOriginAccessControlsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudfront';
import {
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
} from '@aws-sdk/client-iam';
import { ListHostedZonesCommand, ListResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import { GetBucketTaggingCommand, ListBucketsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Clients } from '../backends/aws/clients.ts';

export type HoldingKind =
  | 'bucket'
  | 'object'
  | 'certificate'
  | 'originAccessControl'
  | 'function'
  | 'distribution'
  | 'record'
  | 'provider'
  | 'role';

/** Something that an account has and somebody pays for, or trusts. */
export interface Holding {
  readonly kind: HoldingKind;
  readonly name: string;
  /** Absent where AWS takes none. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** All that stands in the account besides its hosted zones, read from AWS and not from any status. */
export async function holdings(account: Clients): Promise<Holding[]> {
  const lists = [buckets, certificates, originAccessControls, functions, distributions, records, providers, roles];
  return (await Promise.all(lists.map((list) => list(account)))).flat();
}

/** How many there are of each kind that is there at all. */
export function counts(held: readonly Holding[]): Partial<Record<HoldingKind, number>> {
  const result: Partial<Record<HoldingKind, number>> = {};
  for (const { kind } of held) result[kind] = (result[kind] ?? 0) + 1;
  return result;
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const tagsOf = (list: readonly Tag[] = []) => Object.fromEntries(list.map(({ Key = '', Value = '' }) => [Key, Value]));

async function buckets({ s3 }: Clients): Promise<Holding[]> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const each = Buckets.map(async ({ Name: Bucket = '' }): Promise<Holding[]> => {
    const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket }));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    const objects = Contents.map(({ Key = '' }): Holding => ({ kind: 'object', name: `${Bucket}/${Key}` }));
    return [{ kind: 'bucket', name: Bucket, tags: tagsOf(TagSet) }, ...objects];
  });
  return (await Promise.all(each)).flat();
}

async function certificates(account: Clients): Promise<Holding[]> {
  const { acm } = account.at('us-east-1');
  const { CertificateSummaryList = [] } = await acm.send(new ListCertificatesCommand({}));
  const each = CertificateSummaryList.map(async ({ CertificateArn, DomainName = '' }): Promise<Holding> => {
    const { Tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
    return { kind: 'certificate', name: DomainName, tags: tagsOf(Tags) };
  });
  return Promise.all(each);
}

async function originAccessControls({ cloudFront }: Clients): Promise<Holding[]> {
  const { OriginAccessControlList } = await cloudFront.send(new ListOriginAccessControlsCommand({}));
  return (OriginAccessControlList?.Items ?? []).map(({ Name = '' }) => ({ kind: 'originAccessControl', name: Name }));
}

async function functions({ cloudFront }: Clients): Promise<Holding[]> {
  const { FunctionList } = await cloudFront.send(new ListFunctionsCommand({}));
  const each = (FunctionList?.Items ?? []).map(async ({ Name = '', FunctionMetadata }): Promise<Holding> => {
    const Resource = FunctionMetadata?.FunctionARN;
    const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource }));
    return { kind: 'function', name: Name, tags: tagsOf(Tags?.Items) };
  });
  return Promise.all(each);
}

async function distributions({ cloudFront }: Clients): Promise<Holding[]> {
  const { DistributionList } = await cloudFront.send(new ListDistributionsCommand({}));
  const each = (DistributionList?.Items ?? []).map(async ({ Id = '', ARN }): Promise<Holding> => {
    const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource: ARN }));
    return { kind: 'distribution', name: Id, tags: tagsOf(Tags?.Items) };
  });
  return Promise.all(each);
}

async function records({ route53 }: Clients): Promise<Holding[]> {
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  const each = HostedZones.map(async ({ Id }) => {
    const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id }));
    const own = ResourceRecordSets.filter(({ Type }) => Type !== 'NS' && Type !== 'SOA');
    return own.map(({ Name, Type }): Holding => ({ kind: 'record', name: `${Name} ${Type}` }));
  });
  return (await Promise.all(each)).flat();
}

async function providers({ iam }: Clients): Promise<Holding[]> {
  const { OpenIDConnectProviderList = [] } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
  const each = OpenIDConnectProviderList.map(async ({ Arn = '' }): Promise<Holding> => {
    const { Tags } = await iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn: Arn }));
    return { kind: 'provider', name: Arn, tags: tagsOf(Tags) };
  });
  return Promise.all(each);
}

async function roles({ iam }: Clients): Promise<Holding[]> {
  const { Roles = [] } = await iam.send(new ListRolesCommand({}));
  const each = Roles.map(async ({ RoleName = '' }): Promise<Holding> => {
    const { Tags } = await iam.send(new ListRoleTagsCommand({ RoleName }));
    return { kind: 'role', name: RoleName, tags: tagsOf(Tags) };
  });
  return Promise.all(each);
}
