import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { AddTagsToCertificateCommand, DeleteCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetRoleCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  UntagRoleCommand,
} from '@aws-sdk/client-iam';
import { ListResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import { CreateBucketCommand, GetBucketTaggingCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Clients } from './clients.ts';
import { isKnown } from './needs.ts';
import { OperatorAccess } from './operator-access.ts';
import { changeRecords, makeZone } from './rules/samples.ts';
import { withFront } from './with-front.ts';

const world = withFront();
const operatorKey = { accessKeyId: 'AKIAOPERATOR', secretAccessKey: 'secret' };
const account = '111122223333';
const Tags = [{ Key: 'irsa.giantswarm.io/installation', Value: 'demo' }];
const foreignTags = [{ Key: 'irsa.giantswarm.io/installation', Value: 'other' }];
const RoleName = 'reader';
const role = {
  RoleName,
  Path: '/irsa/demo/team/',
  AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [] }),
};

let access: OperatorAccess, owner: Clients, operator: Clients;
beforeEach(async () => {
  access = new OperatorAccess(world.front.state, operatorKey.accessKeyId, {
    installation: 'demo',
    domain: 'example.com',
    roles: ['operator'],
  });
  world.front.authorize = (request) => access.judge(request);
  world.front.state.timing.callsWithoutPath = 0;
  owner = await world.aws.in(account);
  operator = await new Clients(world.front, 'us-east-1', operatorKey).in(account);
});

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );
const lacks = (action: string) => expect.stringContaining(`is not authorized to perform: ${action} on resource: `);

test('the table knows each operation that the operator sends', () => {
  const folder = new URL('../../../src/aws/', import.meta.url);
  const sent = readdirSync(folder).flatMap((file) => {
    const source = readFileSync(new URL(file, folder), 'utf8');
    const service = /AssumeRoleCommand|GetCallerIdentityCommand/.test(source) ? 'sts' : '';
    return [...source.matchAll(/new (?:(\w+)\.)?(\w+)Command\(/g)].map(
      ([, prefix = service, operation]) => `${prefix}:${operation}`,
    );
  });
  expect(sent.length).toBeGreaterThan(50);
  expect(sent.filter((operation) => !isKnown(operation))).toEqual([]);
});

test('an operation that the table does not know is denied, for the operator only', async () => {
  expect(await outcome(operator.iam.send(new ListUsersCommand({})))).toContain(
    'no table here knows what iam:ListUsers needs',
  );
  expect(await outcome(owner.iam.send(new ListUsersCommand({})))).toBe('done');
});

test('the operator may assume the roles that its policy names, and no others; everybody may ask who he is', async () => {
  const own = new Clients(world.front, 'us-east-1', operatorKey);
  expect(await outcome(own.sts.send(new GetCallerIdentityCommand({})))).toBe('done');
  const RoleArn = `arn:aws:iam::${account}:role/admin`;
  expect(await outcome(own.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'operator' })))).toEqual(
    'AccessDenied: User: arn:aws:iam::123456789012:user/operator is not authorized to perform: sts:AssumeRole on ' +
      `resource: ${RoleArn} because no identity-based policy allows the sts:AssumeRole action`,
  );
});

describe('roles', () => {
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
  });
  const put = () =>
    operator.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: document }));

  test('may be made on the operator’s path only', async () => {
    expect(await outcome(operator.iam.send(new CreateRoleCommand({ ...role, Path: '/' })))).toEqual(
      lacks('iam:CreateRole'),
    );
    expect(await outcome(operator.iam.send(new CreateRoleCommand({ ...role, Tags })))).toBe('done');
    expect(await outcome(put())).toBe('done');
  });

  test('made with tags need the action that tags them', async () => {
    access.withhold('iam:TagRole');
    expect(await outcome(operator.iam.send(new CreateRoleCommand({ ...role, Tags })))).toEqual(lacks('iam:TagRole'));
    expect(await outcome(operator.iam.send(new CreateRoleCommand(role)))).toBe('done');
    access.restore();
  });

  test('an action that is taken out of the policy is denied by name', async () => {
    await operator.iam.send(new CreateRoleCommand({ ...role, Tags }));
    const untag = () => outcome(operator.iam.send(new UntagRoleCommand({ RoleName, TagKeys: ['a'] })));
    access.withhold('iam:UntagRole');
    expect(await untag()).toEqual(lacks('iam:UntagRole'));
    access.restore();
    expect(await untag()).toBe('done');
  });

  test('the first call on a new role is judged without its path, if it is not GetRole', async () => {
    world.front.state.timing.callsWithoutPath = 1;
    world.front.state.timing.withoutPathMillis = 60_000;
    await operator.iam.send(new CreateRoleCommand({ ...role, Tags }));
    expect(await outcome(operator.iam.send(new GetRoleCommand({ RoleName })))).toBe('done');
    expect(await outcome(put())).toContain(`on resource: arn:aws:iam::${account}:role/${RoleName} because`);
    expect(await outcome(put())).toBe('done');
  });
});

test('providers of others may not be deleted', async () => {
  const provider = (name: string, tags: typeof Tags) =>
    new CreateOpenIDConnectProviderCommand({ Url: `https://${name}.example.com`, ClientIDList: ['sts'], Tags: tags });
  expect(await outcome(operator.iam.send(provider('a', foreignTags)))).toEqual(
    lacks('iam:CreateOpenIDConnectProvider'),
  );
  const mine = await operator.iam.send(provider('b', Tags));
  const theirs = await owner.iam.send(provider('c', foreignTags));
  const remove = (OpenIDConnectProviderArn = '') =>
    outcome(operator.iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn })));
  expect(await remove(theirs.OpenIDConnectProviderArn)).toEqual(lacks('iam:DeleteOpenIDConnectProvider'));
  expect(await remove(mine.OpenIDConnectProviderArn)).toBe('done');
});

test('buckets have the account in their names, and hold two documents', async () => {
  const Bucket = `${account}-g8s-abcl0-oidc-pod-identity-v2`;
  expect(await outcome(operator.s3.send(new CreateBucketCommand({ Bucket: 'reports' })))).toEqual(
    lacks('s3:CreateBucket'),
  );
  expect(await outcome(operator.s3.send(new CreateBucketCommand({ Bucket })))).toBe('done');
  const put = (Key: string) => outcome(operator.s3.send(new PutObjectCommand({ Bucket, Key, Body: '{}' })));
  expect(await put('keys.json')).toBe('done');
  expect(await put('other.json')).toEqual(lacks('s3:PutObject'));
  expect(await outcome(operator.s3.send(new GetBucketTaggingCommand({ Bucket })))).toContain('NoSuchTagSet');
});

test('a bucket of another account refuses to be read, and its name is taken', async () => {
  const Bucket = `${account}-g8s-abcl0-oidc-pod-identity-v2`;
  const stranger = await world.aws.in('999988887777');
  await stranger.s3.send(new CreateBucketCommand({ Bucket }));
  expect(await outcome(operator.s3.send(new GetBucketTaggingCommand({ Bucket })))).toMatch(/^AccessDenied/);
  expect(await outcome(operator.s3.send(new CreateBucketCommand({ Bucket })))).toMatch(/^BucketAlreadyExists/);
});

test('certificates are told apart by their tags, and denied as ACM denies', async () => {
  const request = { DomainName: 'a.example.com', ValidationMethod: 'DNS' } as const;
  const mine = await operator.acm.send(new RequestCertificateCommand({ ...request, Tags }));
  const theirs = await owner.acm.send(new RequestCertificateCommand({ ...request, Tags: foreignTags }));
  const add = ({ CertificateArn }: { CertificateArn?: string | undefined }) =>
    outcome(operator.acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags: [{ Key: 'a', Value: 'b' }] })));
  expect(await add(mine)).toBe('done');
  expect(await add(theirs)).toMatch(/^AccessDenied.*acm:AddTagsToCertificate/);
  const { CertificateArn } = mine;
  expect(await outcome(operator.acm.send(new DeleteCertificateCommand({ CertificateArn })))).toBe('done');
  expect(await outcome(operator.cloudFront.send(new ListDistributionsCommand({})))).toBe('done');
});

test('records may be changed in the zones of the account, private ones too, of three types', async () => {
  const zone = await makeZone(owner, 'example.com');
  const record = (Type: 'CNAME' | 'TXT', Value: string) => ({
    Action: 'UPSERT' as const,
    ResourceRecordSet: { Name: 'a.example.com', Type, TTL: 60, ResourceRecords: [{ Value }] },
  });
  expect(await outcome(changeRecords(operator, zone, record('CNAME', 'b.example.com')))).toBe('done');
  expect(await outcome(changeRecords(operator, zone, record('TXT', '"x"')))).toEqual(
    lacks('route53:ChangeResourceRecordSets'),
  );
  const hidden = await makeZone(owner, 'example.com', 'vpc-1');
  const list = new ListResourceRecordSetsCommand({ HostedZoneId: hidden });
  expect(await outcome(operator.route53.send(list))).toBe('done');
});
