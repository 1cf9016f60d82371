import { GetRoleCommand } from '@aws-sdk/client-iam';
import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { CreateBucketCommand, type BucketLocationConstraint } from '@aws-sdk/client-s3';
import type { Clients } from '../test/backends/aws/clients.ts';

/** What a cluster's account has before the operator comes: a public zone, and a bucket that pods want to write to. */
export async function furnish({ route53, s3, region }: Clients, zone: string, bucket: string): Promise<void> {
  await route53.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: zone }));
  const LocationConstraint = region as BucketLocationConstraint;
  const Tags = [{ Key: 'team', Value: 'acme' }];
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint, Tags } }));
}

/** The role's trust policy as IAM has it, for people. */
export async function trustPolicy({ iam }: Clients, roleARN: string): Promise<string> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleARN.slice(roleARN.lastIndexOf('/') + 1) }));
  return JSON.stringify(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')), null, 2);
}
