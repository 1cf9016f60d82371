import { expect, test } from '@jest/globals';
import { samePolicy, samePolicyText } from '../../../src/aws/policy-document.ts';

const statement = {
  Sid: 'Read',
  Effect: 'Allow',
  Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/a.example.com' },
  Action: ['s3:GetObject', 's3:ListBucket'],
  Resource: 'arn:aws:s3:::a/*',
  Condition: { StringEquals: { 'aws:SourceArn': ['a', 'b'] }, Bool: { 'aws:SecureTransport': 'false' } },
};
const policy = (change: object = {}) => ({ Version: '2012-10-17', Statement: [{ ...statement, ...change }] });

test.each([
  ['a list in another order', policy({ Action: ['s3:ListBucket', 's3:GetObject'] })],
  ['a list of one instead of its value', policy({ Resource: ['arn:aws:s3:::a/*'] })],
  ['a statement instead of a list of one', { Version: '2012-10-17', Statement: policy().Statement[0] }],
  ['a value that a list has twice', policy({ Action: ['s3:GetObject', 's3:ListBucket', 's3:GetObject'] })],
  ['an action in another case', policy({ Action: ['S3:getobject', 's3:ListBucket'] })],
  [
    'a condition key in another case, and a boolean instead of its text',
    policy({ Condition: { Bool: { 'AWS:SecureTransport': false }, StringEquals: { 'AWS:SourceArn': ['b', 'a'] } } }),
  ],
  ['fields in another order', { Statement: policy().Statement, Version: '2012-10-17' }],
])('%s means the same', (_, other) => {
  expect(samePolicy(policy(), other)).toBe(true);
});

test('the order of statements and the two ways to say everybody mean the same', () => {
  const [one] = policy().Statement;
  const everybody = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' };
  expect(samePolicy([one, everybody], [{ ...everybody, Principal: { AWS: '*' } }, one])).toBe(true);
});

test.each([
  ['another value', policy({ Resource: 'arn:aws:s3:::b/*' })],
  ['a value in another case', policy({ Resource: 'arn:aws:s3:::A/*' })],
  ['a value of a condition in another case', policy({ Condition: { StringEquals: { 'aws:SourceArn': ['A', 'b'] } } })],
  ['one value more', policy({ Action: ['s3:GetObject', 's3:ListBucket', 's3:PutObject'] })],
  ['another effect', policy({ Effect: 'Deny' })],
  ['another version', { ...policy(), Version: '2008-10-17' }],
  ['a field more', policy({ NotPrincipal: { AWS: '*' } })],
  ['nothing', undefined],
])('%s does not', (_, other) => {
  expect(samePolicy(policy(), other)).toBe(false);
});

test('texts are compared by what they say, and a text that is no JSON equals only itself', () => {
  expect(samePolicyText(JSON.stringify(policy()), JSON.stringify(policy(), null, 2))).toBe(true);
  expect(samePolicyText('no JSON', 'no JSON')).toBe(true);
  expect(samePolicyText('no JSON', JSON.stringify(policy()))).toBe(false);
});
