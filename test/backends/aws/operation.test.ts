import { expect, test } from '@jest/globals';
import * as acm from '@aws-sdk/client-acm';
import * as cloudFront from '@aws-sdk/client-cloudfront';
import * as iam from '@aws-sdk/client-iam';
import * as route53 from '@aws-sdk/client-route-53';
import * as s3 from '@aws-sdk/client-s3';
import * as sts from '@aws-sdk/client-sts';
import type { Clients } from './clients.ts';
import { isWrite } from './operation.ts';
import { distributionConfig } from './rules/samples.ts';
import { withFront } from './with-front.ts';

const world = withFront();

const DistributionConfig = distributionConfig();
const arn = 'arn:aws:iam::123456789012:oidc-provider/irsa.example.com';
const role = { RoleName: 'reader' };
const Tags = [{ Key: 'key', Value: 'value' }];
const bucket = { Bucket: 'the-bucket' };
const object = { ...bucket, Key: 'a folder/keys.json' };
const OriginAccessControlConfig = {
  Name: 'control',
  SigningBehavior: 'always',
  SigningProtocol: 'sigv4',
  OriginAccessControlOriginType: 's3',
} as const;
const ChangeBatch = {
  Changes: [{ Action: 'DELETE', ResourceRecordSet: { Name: 'a.example.com', Type: 'A' } }],
} satisfies route53.ChangeBatch;

/** Sends one command; whether it succeeds does not matter here. */
type Send = (aws: Clients) => Promise<unknown>;

/** The clients' own types of commands do not fit each other: a command is trusted to be one of its client. */
function via(client: (aws: Clients) => { send(command: never): Promise<unknown> }, command: object): [string, Send] {
  return [command.constructor.name.replace(/Command$/, ''), (aws) => client(aws).send(command as never)];
}

const toAcm = (aws: Clients) => aws.acm;
const toCloudFront = (aws: Clients) => aws.cloudFront;
const toIam = (aws: Clients) => aws.iam;
const toRoute53 = (aws: Clients) => aws.route53;
const toS3 = (aws: Clients) => aws.s3;
const toSts = (aws: Clients) => aws.sts;

const reads: [string, Send][] = [
  via(toAcm, new acm.DescribeCertificateCommand({ CertificateArn: 'arn' })),
  via(toAcm, new acm.ListCertificatesCommand({})),
  via(toAcm, new acm.ListTagsForCertificateCommand({ CertificateArn: 'arn' })),
  via(toCloudFront, new cloudFront.GetDistributionCommand({ Id: 'E1' })),
  via(toCloudFront, new cloudFront.GetDistributionConfigCommand({ Id: 'E1' })),
  via(toCloudFront, new cloudFront.ListDistributionsCommand({ Marker: '' })),
  via(toCloudFront, new cloudFront.ListTagsForResourceCommand({ Resource: 'arn' })),
  via(toCloudFront, new cloudFront.GetOriginAccessControlCommand({ Id: 'E1' })),
  via(toCloudFront, new cloudFront.GetOriginAccessControlConfigCommand({ Id: 'E1' })),
  via(toCloudFront, new cloudFront.ListOriginAccessControlsCommand({})),
  via(toIam, new iam.GetRoleCommand(role)),
  via(toIam, new iam.ListRolesCommand({})),
  via(toIam, new iam.ListAttachedRolePoliciesCommand(role)),
  via(toIam, new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
  via(toIam, new iam.GetAccountAuthorizationDetailsCommand({})),
  via(toRoute53, new route53.GetChangeCommand({ Id: '/change/C1' })),
  via(toRoute53, new route53.GetHostedZoneCommand({ Id: '/hostedzone/Z1' })),
  via(toRoute53, new route53.ListHostedZonesCommand({})),
  via(toRoute53, new route53.ListHostedZonesByNameCommand({ DNSName: 'example.com' })),
  via(
    toRoute53,
    new route53.ListResourceRecordSetsCommand({ HostedZoneId: 'Z1', StartRecordName: 'a', StartRecordType: 'A' }),
  ),
  via(toRoute53, new route53.ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: 'Z1' })),
  via(toS3, new s3.ListBucketsCommand({})),
  via(toS3, new s3.HeadBucketCommand(bucket)),
  via(toS3, new s3.GetBucketLocationCommand(bucket)),
  via(toS3, new s3.GetBucketPolicyCommand(bucket)),
  via(toS3, new s3.GetBucketPolicyStatusCommand(bucket)),
  via(toS3, new s3.GetPublicAccessBlockCommand(bucket)),
  via(toS3, new s3.GetBucketOwnershipControlsCommand(bucket)),
  via(toS3, new s3.GetBucketTaggingCommand(bucket)),
  via(toS3, new s3.GetBucketAclCommand(bucket)),
  via(toS3, new s3.GetBucketEncryptionCommand(bucket)),
  via(toS3, new s3.GetBucketVersioningCommand(bucket)),
  via(toS3, new s3.ListObjectsCommand(bucket)),
  via(toS3, new s3.ListObjectsV2Command({ ...bucket, Prefix: 'a', ContinuationToken: 'b' })),
  via(toS3, new s3.ListObjectVersionsCommand(bucket)),
  via(toS3, new s3.GetObjectCommand(object)),
  via(toS3, new s3.HeadObjectCommand(object)),
  via(toS3, new s3.GetObjectTaggingCommand(object)),
  via(toSts, new sts.GetCallerIdentityCommand({})),
  via(toSts, new sts.AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/reader', RoleSessionName: 'test' })),
  via(
    toSts,
    new sts.AssumeRoleWithWebIdentityCommand({
      RoleArn: 'arn:aws:iam::123456789012:role/reader',
      RoleSessionName: 'test',
      WebIdentityToken: 'token',
    }),
  ),
];

const writes: [string, Send][] = [
  via(toAcm, new acm.RequestCertificateCommand({ DomainName: 'a.example.com' })),
  via(toAcm, new acm.DeleteCertificateCommand({ CertificateArn: 'arn' })),
  via(toAcm, new acm.AddTagsToCertificateCommand({ CertificateArn: 'arn', Tags })),
  via(toAcm, new acm.RemoveTagsFromCertificateCommand({ CertificateArn: 'arn', Tags })),
  via(toCloudFront, new cloudFront.CreateDistributionCommand({ DistributionConfig })),
  via(
    toCloudFront,
    new cloudFront.CreateDistributionWithTagsCommand({
      DistributionConfigWithTags: { DistributionConfig, Tags: { Items: Tags } },
    }),
  ),
  via(toCloudFront, new cloudFront.UpdateDistributionCommand({ Id: 'E1', DistributionConfig })),
  via(toCloudFront, new cloudFront.DeleteDistributionCommand({ Id: 'E1', IfMatch: 'E2' })),
  via(toCloudFront, new cloudFront.TagResourceCommand({ Resource: 'arn', Tags: { Items: Tags } })),
  via(toCloudFront, new cloudFront.UntagResourceCommand({ Resource: 'arn', TagKeys: { Items: ['key'] } })),
  via(toCloudFront, new cloudFront.CreateOriginAccessControlCommand({ OriginAccessControlConfig })),
  via(toCloudFront, new cloudFront.UpdateOriginAccessControlCommand({ Id: 'E1', OriginAccessControlConfig })),
  via(toCloudFront, new cloudFront.DeleteOriginAccessControlCommand({ Id: 'E1' })),
  via(toIam, new iam.CreateRoleCommand({ ...role, AssumeRolePolicyDocument: '{}' })),
  via(toIam, new iam.TagRoleCommand({ ...role, Tags })),
  via(toIam, new iam.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn, ClientID: 'a' })),
  via(toIam, new iam.RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn, ClientID: 'a' })),
  via(toRoute53, new route53.CreateHostedZoneCommand({ Name: 'example.com', CallerReference: 'one' })),
  via(toRoute53, new route53.DeleteHostedZoneCommand({ Id: 'Z1' })),
  via(toRoute53, new route53.ChangeResourceRecordSetsCommand({ HostedZoneId: '/hostedzone/Z1', ChangeBatch })),
  via(
    toRoute53,
    new route53.ChangeTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: 'Z1', AddTags: Tags }),
  ),
  via(toS3, new s3.CreateBucketCommand(bucket)),
  via(toS3, new s3.DeleteBucketCommand(bucket)),
  via(toS3, new s3.PutBucketPolicyCommand({ ...bucket, Policy: '{}' })),
  via(toS3, new s3.DeleteBucketPolicyCommand(bucket)),
  via(toS3, new s3.PutPublicAccessBlockCommand({ ...bucket, PublicAccessBlockConfiguration: {} })),
  via(toS3, new s3.DeletePublicAccessBlockCommand(bucket)),
  via(toS3, new s3.PutBucketOwnershipControlsCommand({ ...bucket, OwnershipControls: { Rules: [] } })),
  via(toS3, new s3.DeleteBucketOwnershipControlsCommand(bucket)),
  via(toS3, new s3.PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet: Tags } })),
  via(toS3, new s3.DeleteBucketTaggingCommand(bucket)),
  via(toS3, new s3.PutBucketAclCommand({ ...bucket, ACL: 'private' })),
  via(toS3, new s3.PutObjectCommand({ ...object, Body: 'text' })),
  via(toS3, new s3.PutObjectAclCommand({ ...object, ACL: 'private' })),
  via(toS3, new s3.DeleteObjectCommand(object)),
  via(toS3, new s3.DeleteObjectsCommand({ ...bucket, Delete: { Objects: [{ Key: 'keys.json' }] } })),
];

test('names every read that the SDK sends', async () => {
  for (const [, send] of reads) await send(world.aws).catch(() => undefined);
  expect(world.front.calls.map(({ operation }) => operation)).toEqual(reads.map(([name]) => name));
  expect(world.front.writes()).toEqual([]);
});

test('names every write that the SDK sends', async () => {
  for (const [, send] of writes) await send(world.aws).catch(() => undefined);
  expect(world.front.writes().map(({ operation }) => operation)).toEqual(writes.map(([name]) => name));
});

test('takes an operation that it does not know for another one of the same path never', async () => {
  const CopySource = 'another-bucket/keys.json';
  await world.aws.s3.send(new s3.CopyObjectCommand({ ...object, CopySource })).catch(() => undefined);
  await world.aws.s3.send(new s3.GetBucketLifecycleConfigurationCommand(bucket)).catch(() => undefined);
  await world.aws.cloudFront.send(new cloudFront.ListCachePoliciesCommand({})).catch(() => undefined);
  expect(world.front.takeUnknown()).toHaveLength(3);
});

test('counts what it cannot name as a write', () => {
  expect(isWrite('Unknown')).toBe(true);
});
