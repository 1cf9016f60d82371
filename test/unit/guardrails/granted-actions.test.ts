import { expect, test } from '@jest/globals';
import { findDenied } from '../../../src/controllers/guardrails/granted-actions.ts';

const denied = ['iam:*', 'sts:AssumeRole'];
const find = (...statements: object[]) => findDenied(JSON.stringify({ Statement: statements }), denied);
const allow = (fields: object) => ({ Effect: 'Allow', Resource: '*', ...fields });

test.each([
  ['one action', { Action: 'iam:PassRole' }, 'Action iam:PassRole'],
  ['a list', { Action: ['s3:*', 'IAM:passrole'] }, 'Action IAM:passrole'],
  ['a wildcard of the user', { Action: '*' }, 'Action *'],
  ['a wildcard in the service', { Action: 'st?:Assume*' }, 'Action st?:Assume*'],
  ['an escaped letter', { Action: 'iam:\u0050assRole' }, 'Action iam:PassRole'],
  ['white space around it', { Action: [' iam:PassRole\n'] }, 'Action iam:PassRole'],
  ['all but nothing', { NotAction: [] }, 'NotAction , which leaves iam:*'],
  [
    'an exception that has something of it as a literal',
    { NotAction: ['*:PassRole', 'sts:*'] },
    'NotAction *:PassRole, sts:*, which leaves iam:*',
  ],
  ['all but others', { NotAction: 's3:*' }, 'NotAction s3:*, which leaves iam:*'],
  ['all but some of it', { NotAction: ['iam:Pass*', 'sts:*'] }, 'NotAction iam:Pass*, sts:*, which leaves iam:*'],
])('finds %s', (_what, fields, expected) => {
  expect(find(allow(fields))).toBe(expected);
});

test.each([
  ['other actions', allow({ Action: ['s3:*', 'sts:GetCallerIdentity'] })],
  ['a Deny', { Effect: 'Deny', Action: 'iam:*', Resource: '*' }],
  ['all but what is denied', allow({ NotAction: ['iam:*', 'sts:*'] })],
])('takes %s', (_what, statement) => {
  expect(find(statement)).toBeUndefined();
});

test('looks into each statement, and into one that is no list', () => {
  expect(find(allow({ Action: 's3:*' }), allow({ Action: 'iam:*' }))).toBe('Action iam:*');
  expect(findDenied(JSON.stringify({ Statement: allow({ Action: 'iam:*' }) }), denied)).toBe('Action iam:*');
});

test.each([
  '{"Statement":[{"Effect":"Allow","Action":"iam:*","Action":"s3:*","Resource":"*"}]}',
  '{"Statement":[{"Effect":"Allow","Action":"s3:*","action":"iam:*","Resource":"*"}]}',
  '{"Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}],"Statement" : []}',
])('does not guess which of two keys counts: %s', (document) => {
  expect(findDenied(document, denied)).toContain('twice');
});

test('reads keys of any case, and takes an effect for an Allow unless it is written Deny', () => {
  expect(findDenied('{"statement":{"effect":"deny","action":"iam:*"}}', denied)).toBe('Action iam:*');
});

test('reads a policy that nests deeper than the stack', () => {
  const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  expect(findDenied(`{"a":${nested},"Statement":{"Effect":"Allow","Action":"iam:*"}}`, denied)).toBe('Action iam:*');
});

test('reads as many actions as a role takes in little time', () => {
  const many = Array.from({ length: 1000 }, (_, index) => `s3:Get${index}*`);
  const started = Date.now();
  expect(
    findDenied(JSON.stringify({ Statement: allow({ Action: many }) }), ['iam:*', 'sts:*', 'organizations:*']),
  ).toBeUndefined();
  expect(find(allow({ Action: `s3:${'*a'.repeat(5000)}` }))).toBeUndefined();
  expect(Date.now() - started).toBeLessThan(1000);
});

test('is not led astray by text that looks like a key', () => {
  const statement = allow({ Action: 's3:*', Condition: { StringLike: { 's3:prefix': ['a": "b', '\\"c":'] } } });
  expect(find(statement)).toBeUndefined();
});

test('has nothing to find where nothing is denied', () => {
  expect(findDenied('{"Statement":[{"Effect":"Allow","Action":"*"}]}', [])).toBeUndefined();
});
