import { describe, expect, test } from '@jest/globals';
import { problemOfPolicy } from '../../../src/controllers/iam-service-account/inline-policies.ts';

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const policy = (...statements: readonly unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.length === 1 ? statements[0] : statements });

describe('a policy is taken', () => {
  test.each<[string, string]>([
    ['with one statement', policy(allow)],
    ['with several', policy(allow, { ...allow, Sid: 'Second', Effect: 'Deny' })],
    ['without a version', JSON.stringify({ Statement: [allow] })],
    ['with all actions', policy({ ...allow, Action: '*' })],
    ['with wildcards in an action', policy({ ...allow, Action: ['s3:Get*', 'ec2:Describe?ags'] })],
    ['of a service with a hyphen', policy({ ...allow, Action: 'execute-api:Invoke' })],
    ['with NotAction and NotResource', policy({ Effect: 'Deny', NotAction: 's3:*', NotResource: 'arn:aws:s3:::b/*' })],
    ['with a policy variable in a resource', policy({ ...allow, Resource: 'arn:aws:s3:::b/${aws:username}' })],
    ['with a condition', policy({ ...allow, Condition: { StringEquals: { 'aws:x': 'y' } } })],
  ])('%s', (_, text) => expect(problemOfPolicy(text)).toBeUndefined());
});

describe('a policy is refused', () => {
  test.each<[string, string, RegExp]>([
    ['that is no JSON', '{"a"', /no JSON object/],
    ['that is a list', '[]', /no JSON object/],
    ['without a statement', '{"Version":"2012-10-17"}', /no Statement/],
    ['with an empty list of statements', policy(...[[]]), /no Statement/],
    ['with a field of nobody', JSON.stringify({ Statement: allow, Statements: [] }), /Statements, which no policy has/],
    ['with another version', JSON.stringify({ Version: '2020-01-01', Statement: allow }), /Version/],
    ['with a statement that is text', policy('allow', allow), /number 1.*no JSON object/],
    ['with a principal', policy({ ...allow, Principal: '*' }), /Principal/],
    ['with a field of no statement', policy({ ...allow, Actions: [] }), /Actions, which no statement has/],
    ['with a Sid of other characters', policy({ ...allow, Sid: 'my-sid' }), /Sid/],
    ['with another effect', policy({ ...allow, Effect: 'allow' }), /Effect/],
    ['without an action', policy({ Effect: 'Allow', Resource: '*' }), /Action/],
    ['with both kinds of action', policy({ ...allow, NotAction: 's3:*' }), /Action/],
    ['with no action in its list', policy({ ...allow, Action: [] }), /empty list/],
    ['without a resource', policy({ Effect: 'Allow', Action: 's3:*' }), /Resource/],
    ['with an action without service', policy({ ...allow, Sid: 'Mine', Action: 'GetObject' }), /Mine.*"GetObject"/],
    ['with a wildcard as service', policy({ ...allow, Action: 's*:GetObject' }), /"s\*:GetObject"/],
    ['with a resource that is no ARN', policy({ ...allow, Resource: 'my-bucket' }), /"my-bucket"/],
    ['with a condition that is text', policy({ ...allow, Condition: 'x' }), /Condition/],
  ])('%s', (_, text, problem) => expect(problemOfPolicy(text)).toMatch(problem));
});
