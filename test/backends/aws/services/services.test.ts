import { describe, expect, test } from '@jest/globals';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AttachRolePolicyCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteRoleCommand,
  GetOpenIDConnectProviderCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
} from '@aws-sdk/client-iam';
import { DeleteHostedZoneCommand, GetChangeCommand, ListResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { issuerPolicy } from '../rules/bucket-policies.cases.ts';
import { makeBucket } from '../rules/buckets.cases.ts';
import { makeRole, putPolicy, readPolicy } from '../rules/iam-samples.ts';
import { changeRecords, makeZone } from '../rules/samples.ts';
import { withFront } from '../with-front.ts';
import { samePolicyText } from '../../../../src/aws/policy-document.ts';

const world = withFront();
const Bucket = 'the-bucket';

describe('a bucket', () => {
  test('is private and without ACLs from the beginning', async () => {
    const { s3 } = world.aws;
    await makeBucket(world.aws, Bucket);
    const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(block.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    const ownership = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(ownership.OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  test('keeps the tags it was made with', async () => {
    const TagSet = [
      { Key: 'kubernetes.io/cluster/abcl0', Value: 'owned' },
      { Key: 'owner', Value: 'a&b' },
    ];
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' as const, Tags: TagSet };
    const { s3 } = world.aws.at('eu-central-1');
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
  });

  test('keeps its policy and gives it back in another order, and its owner may still write', async () => {
    const { s3 } = world.aws;
    await makeBucket(world.aws, Bucket);
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: issuerPolicy }, undefined, 1);
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const shown = (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? '';
    expect(shown).not.toBe(JSON.stringify(JSON.parse(Policy)));
    expect(samePolicyText(shown, Policy)).toBe(true);
    const Deleted = Policy.replace('"*"', '{"AWS":"AROAEXAMPLEDELETED"}');
    await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: Deleted }))).rejects.toMatchObject({
      name: 'MalformedPolicy',
    });
    const sid = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...issuerPolicy[0], Sid: 'AROAEXAMPLETEXT' }] });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: sid }));
    expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic).toBe(false);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'keys.json', Body: '{"keys":[]}' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'keys.json' }));
    expect(await Body?.transformToString()).toBe('{"keys":[]}');
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  test('takes other settings of access, and says when there are none', async () => {
    const { s3 } = world.aws;
    await makeBucket(world.aws, Bucket);
    const PublicAccessBlockConfiguration = { BlockPublicPolicy: false, RestrictPublicBuckets: true };
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(block.PublicAccessBlockConfiguration).toEqual(PublicAccessBlockConfiguration);
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    const ownership = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(ownership.OwnershipControls).toEqual(OwnershipControls);

    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
    await expect(s3.send(new GetPublicAccessBlockCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchPublicAccessBlockConfiguration',
    });
    await expect(s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'OwnershipControlsNotFoundError',
    });
  });

  test('can be made once, is deleted only when empty, and its name is then free for others', async () => {
    const { s3 } = world.aws.at('eu-central-1');
    const other = await world.aws.in('111122223333');
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' as const };
    const make = () => s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    await make();
    await expect(make()).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou', $metadata: { httpStatusCode: 409 } });
    await expect(makeBucket(other, Bucket)).rejects.toMatchObject({ name: 'BucketAlreadyExists' });

    await s3.send(new PutObjectCommand({ Bucket, Key: 'keys.json', Body: '{}' }));
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    expect((await world.front.state.object(Bucket, 'keys.json'))?.body.toString()).toBe('{}');
    await world.aws.at('eu-central-1').s3.send(new PutObjectCommand({ Bucket, Key: 'keys.json', Body: '{}' }));
  });

  test('refuses a write on a condition that does not hold', async () => {
    const { s3 } = world.aws;
    await makeBucket(world.aws, Bucket);
    const put = { Bucket, Key: 'keys.json', Body: '{}' };
    await s3.send(new PutObjectCommand({ ...put, IfNoneMatch: '*' }));
    const failed = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };
    await expect(s3.send(new PutObjectCommand({ ...put, IfNoneMatch: '*' }))).rejects.toMatchObject(failed);
    await expect(s3.send(new PutObjectCommand({ ...put, IfMatch: '"0"' }))).rejects.toMatchObject(failed);
  });
});

describe('an OIDC provider', () => {
  const OpenIDConnectProviderArn = 'arn:aws:iam::123456789012:oidc-provider/irsa.example.com';
  const clientIDs = async () =>
    (await world.aws.iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).ClientIDList;

  test('keeps the client ids it is made with, given and taken', async () => {
    const { iam } = world.aws;
    const Url = 'https://irsa.example.com';
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['sts.amazonaws.com'] }));
    expect(await clientIDs()).toEqual(['sts.amazonaws.com']);
    await iam.send(
      new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: 'sts.amazonaws.com.cn' }),
    );
    expect(await clientIDs()).toEqual(['sts.amazonaws.com', 'sts.amazonaws.com.cn']);
    await iam.send(
      new RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: 'sts.amazonaws.com' }),
    );
    expect(await clientIDs()).toEqual(['sts.amazonaws.com.cn']);
  });

  test('gets a thumbprint from IAM where none was sent, and keeps the one that was', async () => {
    const { iam } = world.aws;
    const thumbprints = async (arn: string) =>
      (await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }))).ThumbprintList;
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: 'https://irsa.example.com' }));
    expect(await thumbprints(OpenIDConnectProviderArn)).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)]);
    const ThumbprintList = ['0'.repeat(40)];
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: 'https://irsa.example.org', ThumbprintList }));
    expect(await thumbprints(OpenIDConnectProviderArn.replace('.com', '.org'))).toEqual(ThumbprintList);
  });

  test('that is not there takes no client id', async () => {
    const add = new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: 'a' });
    await expect(world.aws.iam.send(add)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });
});

describe('a role', () => {
  test('takes no policy that does not exist', async () => {
    await makeRole(world.aws);
    const PolicyArn = 'arn:aws:iam::123456789012:policy/not-there';
    const attach = world.aws.iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));
    await expect(attach).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  test('is not deleted while it has policies', async () => {
    await makeRole(world.aws);
    await putPolicy(world.aws, 'read', readPolicy());
    const remove = world.aws.iam.send(new DeleteRoleCommand({ RoleName: 'reader' }));
    await expect(remove).rejects.toMatchObject({ name: 'DeleteConflictException', $metadata: { httpStatusCode: 409 } });
  });
});

test('a role shows its policies in pages of two, however many are asked for', async () => {
  const { iam } = world.aws;
  await makeRole(world.aws);
  const names = ['p0', 'p1', 'p2', 'p3', 'p4'];
  for (const name of names) await putPolicy(world.aws, name, readPolicy());
  const PolicyArns = ['AmazonS3ReadOnlyAccess', 'AmazonS3FullAccess', 'AmazonSQSFullAccess'].map(
    (name) => `arn:aws:iam::aws:policy/${name}`,
  );
  for (const PolicyArn of PolicyArns) await iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));
  const input = { RoleName: 'reader', MaxItems: 100 };
  const inline = await pages((Marker) => iam.send(new ListRolePoliciesCommand({ ...input, Marker })));
  expect(inline.map(({ PolicyNames }) => PolicyNames?.length)).toEqual([2, 2, 1]);
  expect(inline.flatMap(({ PolicyNames = [] }) => PolicyNames).sort()).toEqual(names);
  const managed = await pages((Marker) => iam.send(new ListAttachedRolePoliciesCommand({ ...input, Marker })));
  const arns = managed.flatMap(({ AttachedPolicies = [] }) => AttachedPolicies.map(({ PolicyArn }) => PolicyArn));
  expect([managed.length, arns.sort()]).toEqual([2, PolicyArns.toSorted()]);
  const one = await iam.send(new ListRolePoliciesCommand({ RoleName: 'reader', MaxItems: 1 }));
  expect(one).toMatchObject({ PolicyNames: [expect.any(String)], IsTruncated: true });
  await expect(iam.send(new ListRolePoliciesCommand({ RoleName: 'nobody' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  });
});

/** Follows the markers to the end. */
async function pages<P extends { IsTruncated?: boolean | undefined; Marker?: string | undefined }>(
  read: (marker: string | undefined) => Promise<P>,
): Promise<P[]> {
  const all = [await read(undefined)];
  while (all.at(-1)?.IsTruncated) all.push(await read(all.at(-1)?.Marker));
  return all;
}

describe('a DNS change', () => {
  const ResourceRecordSet = {
    Name: 'irsa.example.com',
    Type: 'A' as const,
    AliasTarget: { HostedZoneId: 'Z2FDTNDATAQYW2', DNSName: 'd1.cloudfront.net', EvaluateTargetHealth: false },
  };

  test('is PENDING first and then INSYNC', async () => {
    const zone = await makeZone(world.aws, 'example.com');
    const { ChangeInfo } = await changeRecords(world.aws, zone, { Action: 'UPSERT', ResourceRecordSet });
    expect(ChangeInfo?.Status).toBe('PENDING');
    const status = async () =>
      (await world.aws.route53.send(new GetChangeCommand({ Id: ChangeInfo?.Id }))).ChangeInfo?.Status;
    expect([await status(), await status()]).toEqual(['PENDING', 'INSYNC']);
  });

  test('that nobody sent is not known', async () => {
    const get = world.aws.route53.send(new GetChangeCommand({ Id: 'C1' }));
    await expect(get).rejects.toMatchObject({ name: 'NoSuchChange', $metadata: { httpStatusCode: 404 } });
  });

  test('shows alias targets as Route 53 does, with the dot at their end', async () => {
    const HostedZoneId = await makeZone(world.aws, 'example.com');
    await changeRecords(world.aws, HostedZoneId, { Action: 'UPSERT', ResourceRecordSet });
    const { ResourceRecordSets } = await world.aws.route53.send(new ListResourceRecordSetsCommand({ HostedZoneId }));
    expect(ResourceRecordSets).toContainEqual({
      ...ResourceRecordSet,
      Name: 'irsa.example.com.',
      AliasTarget: { ...ResourceRecordSet.AliasTarget, DNSName: 'd1.cloudfront.net.' },
    });
  });

  test('is seen by whoever looks the name up, in the most specific public zone of any account', async () => {
    const other = await world.aws.in('111122223333');
    await changeRecords(world.aws, await makeZone(world.aws, 'example.com'), { Action: 'UPSERT', ResourceRecordSet });
    const { dns } = world.front.state;
    expect(await dns.lookup('IRSA.example.com', 'A')).toMatchObject([
      { aliasTarget: { dnsName: 'd1.cloudfront.net.' } },
    ]);
    expect(await dns.lookup('irsa.example.com', 'AAAA')).toEqual([]);
    await makeZone(other, 'irsa.example.com');
    expect(await dns.lookup('irsa.example.com', 'A')).toEqual([]);
  });

  test('is seen as each change leaves it', async () => {
    const { dns } = world.front.state;
    const zone = await makeZone(world.aws, 'example.com');
    expect(await dns.lookup('irsa.example.com', 'A')).toEqual([]);
    await changeRecords(world.aws, zone, { Action: 'UPSERT', ResourceRecordSet });
    expect(await dns.lookup('irsa.example.com', 'A')).toHaveLength(1);
    await changeRecords(world.aws, zone, { Action: 'DELETE', ResourceRecordSet });
    expect(await dns.lookup('irsa.example.com', 'A')).toEqual([]);
    await world.aws.route53.send(new DeleteHostedZoneCommand({ Id: zone }));
    expect(await dns.zones('123456789012')).toEqual([]);
  });
});
