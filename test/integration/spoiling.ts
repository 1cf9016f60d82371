import { GetRoleCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  ChangeResourceRecordSetsCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../backends/aws/clients.ts';

/** Lets another service account have the role. */
export async function spoilSub({ iam }: Clients, RoleName: string): Promise<void> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const policy = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
  const PolicyDocument = replaced(policy, /system:serviceaccount:[^"]+/, 'system:serviceaccount:default:other');
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
}

/** Gives the published key another id. */
export async function spoilKid({ s3 }: Clients, Bucket: string): Promise<void> {
  const object = { Bucket, Key: 'keys.json' };
  const { Body } = await s3.send(new GetObjectCommand(object));
  const keys = (await Body?.transformToString()) ?? '';
  await s3.send(new PutObjectCommand({ ...object, Body: replaced(keys, /"kid":\s*"[^"]+"/, '"kid":"spoiled"') }));
}

/** Takes the alias out of DNS. */
export async function spoilAlias({ route53 }: Clients, alias: string): Promise<void> {
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  const zone = { HostedZoneId: HostedZones[0]?.Id };
  const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand(zone));
  const Changes = ResourceRecordSets.filter(({ Name, AliasTarget }) => Name === `${alias}.` && AliasTarget).map(
    (ResourceRecordSet) => ({ Action: 'DELETE' as const, ResourceRecordSet }),
  );
  await route53.send(new ChangeResourceRecordSetsCommand({ ...zone, ChangeBatch: { Changes } }));
}

function replaced(text: string, what: RegExp, by: string): string {
  const result = text.replace(what, by);
  if (result === text) throw new Error(`nothing to spoil in ${text}`);
  return result;
}
