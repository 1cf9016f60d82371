import { describe, expect, test } from '@jest/globals';
import { mayAssume, mayCall, type PolicyDocument, type Verdict } from './evaluator.ts';

const account = '111122223333';
const issuer = 'https://irsa.abcl0.example.com';
const provider = 'irsa.abcl0.example.com';
const federated = { Federated: `arn:aws:iam::${account}:oidc-provider/${provider}` };
const sub = 'system:serviceaccount:default:s3-reader';
const matching = { StringEquals: { [`${provider}:aud`]: 'sts.amazonaws.com', [`${provider}:sub`]: sub } };

function trust(statement: object): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: federated,
        Condition: matching,
        ...statement,
      },
    ],
  };
}

describe('a trust policy', () => {
  const right = { issuer, subject: sub, audience: 'sts.amazonaws.com' };
  const roleARN = `arn:aws:iam::${account}:role/irsa/test/default/s3-reader`;
  const claim = (name: string) => `${provider}:${name}`;
  const condition = (operator: string, subs: string | string[]) => ({
    Condition: { StringEquals: { [claim('aud')]: 'sts.amazonaws.com' }, [operator]: { [claim('sub')]: subs } },
  });
  const cases: [string, PolicyDocument, object, Verdict][] = [
    ['lets the right service account in', trust({}), {}, 'Allowed'],
    ['keeps another service account out', trust({}), { subject: `${sub}-2` }, 'ImplicitlyDenied'],
    ['keeps another namespace out', trust({}), { subject: sub.replace('default', 'kube-system') }, 'ImplicitlyDenied'],
    ['keeps another audience out', trust({}), { audience: 'kubernetes' }, 'ImplicitlyDenied'],
    ['keeps another issuer out', trust({}), { issuer: 'https://other.example.com' }, 'ImplicitlyDenied'],
    ['compares names by case', trust({}), { subject: sub.toUpperCase() }, 'ImplicitlyDenied'],
    ['knows a list of subjects', trust(condition('ForAnyValue:StringEquals', ['x', sub])), {}, 'Allowed'],
    ['takes a star literally under StringEquals', trust(condition('StringEquals', '*')), {}, 'ImplicitlyDenied'],
    [
      'knows wildcards under StringLike',
      trust(condition('StringLike', 'system:serviceaccount:default:*')),
      {},
      'Allowed',
    ],
    ['lets everybody of the issuer in without a condition', trust({ Condition: {} }), { subject: 'any' }, 'Allowed'],
    [
      'trusts no other principal',
      trust({ Principal: { AWS: `arn:aws:iam::${account}:root` } }),
      {},
      'ImplicitlyDenied',
    ],
    ['allows no other action', trust({ Action: 'sts:AssumeRole' }), {}, 'ImplicitlyDenied'],
    ['denies with a Deny', trust({ Effect: 'Deny', Condition: {} }), {}, 'ExplicitlyDenied'],
    [
      'does not take the claims for those of another provider',
      trust({ Condition: { StringEquals: { 'cognito-identity.amazonaws.com:sub': sub } } }),
      {},
      'ImplicitlyDenied',
    ],
    [
      'keeps a provider of another account out',
      trust({ Principal: { Federated: `arn:aws:iam::999999999999:oidc-provider/${provider}` } }),
      {},
      'ImplicitlyDenied',
    ],
  ];
  test.each(cases)('%s', async (_, trustPolicy, change, verdict) => {
    expect(await mayAssume({ roleARN, trustPolicy, ...right, ...change })).toBe(verdict);
  });

  test('knows issuers with a path', async () => {
    const long = 'https://s3.eu-central-1.amazonaws.com/bucket';
    const name = 's3.eu-central-1.amazonaws.com/bucket';
    const trustPolicy = trust({
      Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${name}` },
      Condition: { StringEquals: { [`${name}:aud`]: 'sts.amazonaws.com', [`${name}:sub`]: sub } },
    });
    expect(await mayAssume({ roleARN, trustPolicy, ...right, issuer: long })).toBe('Allowed');
    expect(await mayAssume({ roleARN, trustPolicy, ...right })).toBe('ImplicitlyDenied');
  });

  test('with a Resource is refused as IAM refuses it', async () => {
    await expect(mayAssume({ roleARN, trustPolicy: trust({ Resource: '*' }), ...right })).rejects.toThrow(/Resource/);
  });
});

const statement = (Effect: string, Action: string, Resource: string | string[], rest: object = {}): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect, Action, Resource, ...rest }],
});

describe("a role's call to S3", () => {
  const principal = `arn:aws:iam::${account}:role/irsa/test/default/s3-reader`;
  const write = statement('Allow', 's3:PutObject', 'arn:aws:s3:::pods/echo/*');
  const everything = statement('Allow', '*', '*');
  const bucketPolicy = statement('Allow', 's3:PutObject', 'arn:aws:s3:::pods/*', { Principal: { AWS: principal } });
  const tlsOnly = statement('Deny', 's3:*', 'arn:aws:s3:::pods/*', {
    Principal: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  });
  const base = {
    principal,
    action: 's3:PutObject',
    resource: { arn: 'arn:aws:s3:::pods/echo/1', accountID: account },
    context: { 'aws:SecureTransport': 'true' },
    identityPolicies: [write],
  };
  const elsewhere = { resource: { ...base.resource, accountID: '999999999999' } };
  const cases: [string, object, Verdict][] = [
    ['is allowed by an identity policy', {}, 'Allowed'],
    ['is refused without one', { identityPolicies: [] }, 'ImplicitlyDenied'],
    [
      'is refused on another key',
      { resource: { ...base.resource, arn: 'arn:aws:s3:::pods/other' } },
      'ImplicitlyDenied',
    ],
    ['is refused for another action', { action: 's3:DeleteObject' }, 'ImplicitlyDenied'],
    [
      'is refused by a Deny beside the Allow',
      { identityPolicies: [write, statement('Deny', 's3:*', '*')] },
      'ExplicitlyDenied',
    ],
    [
      'is refused by a boundary that has not the action',
      { boundary: statement('Allow', 's3:GetObject', '*') },
      'ImplicitlyDenied',
    ],
    ['is allowed within the boundary', { boundary: everything }, 'Allowed'],
    [
      'is refused where only the boundary allows it',
      { identityPolicies: [], boundary: everything },
      'ImplicitlyDenied',
    ],
    [
      'is allowed by the bucket policy alone in one account',
      { identityPolicies: [], resourcePolicy: bucketPolicy },
      'Allowed',
    ],
    ['is allowed over TLS where the bucket wants TLS', { resourcePolicy: tlsOnly }, 'Allowed'],
    [
      'is refused over plain HTTP where the bucket wants TLS',
      { resourcePolicy: tlsOnly, context: { 'aws:SecureTransport': 'false' } },
      'ExplicitlyDenied',
    ],
    ['into another account is refused by its own policy alone', elsewhere, 'ImplicitlyDenied'],
    [
      'into another account is refused by the bucket policy alone',
      { ...elsewhere, identityPolicies: [], resourcePolicy: bucketPolicy },
      'ImplicitlyDenied',
    ],
    ['into another account is allowed by both', { ...elsewhere, resourcePolicy: bucketPolicy }, 'Allowed'],
  ];
  test.each(cases)('%s', async (_, change, verdict) => {
    expect(await mayCall({ ...base, ...change })).toBe(verdict);
  });

  test('is not judged by a document that is no policy', async () => {
    await expect(mayCall({ ...base, identityPolicies: [{ Version: '2012-10-17' }] })).rejects.toThrow(/Statement/);
  });
  test('is not judged on a key with a star, which would stand for many', async () => {
    const resource = { ...base.resource, arn: 'arn:aws:s3:::pods/*' };
    await expect(mayCall({ ...base, resource })).rejects.toThrow(/stand for other names/);
  });
});

describe("CloudFront's call to a private bucket", () => {
  const source = `arn:aws:cloudfront::${account}:distribution/E1`;
  const service = { Service: 'cloudfront.amazonaws.com' };
  const read = { Effect: 'Allow', Principal: service, Action: 's3:GetObject', Resource: 'arn:aws:s3:::issuer/*' };
  const onlyThis = { Condition: { StringEquals: { 'AWS:SourceArn': source } } };
  const tlsOnly = {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: ['arn:aws:s3:::issuer', 'arn:aws:s3:::issuer/*'],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const policy = (...statements: object[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });
  const whole = policy({ ...read, ...onlyThis }, tlsOnly);
  const base = {
    principal: 'cloudfront.amazonaws.com',
    action: 's3:GetObject',
    resource: { arn: 'arn:aws:s3:::issuer/keys.json', accountID: account },
    context: { 'aws:SourceArn': source, 'aws:SecureTransport': 'true' },
    identityPolicies: [],
    resourcePolicy: whole,
  };
  const cases: [string, object, Verdict][] = [
    ['is allowed for the distribution that the policy names', {}, 'Allowed'],
    [
      'is refused for another distribution',
      { context: { ...base.context, 'aws:SourceArn': `${source}2` } },
      'ImplicitlyDenied',
    ],
    [
      'is refused over plain HTTP',
      { context: { ...base.context, 'aws:SecureTransport': 'false' } },
      'ExplicitlyDenied',
    ],
    ['is refused without a policy', { resourcePolicy: undefined }, 'ImplicitlyDenied'],
    [
      'is refused where only another service is let in',
      { resourcePolicy: policy({ ...read, Principal: { Service: 'logging.s3.amazonaws.com' } }) },
      'ImplicitlyDenied',
    ],
    [
      'to list is refused where only reading is allowed',
      { action: 's3:ListBucket', resource: { ...base.resource, arn: 'arn:aws:s3:::issuer' } },
      'ImplicitlyDenied',
    ],
  ];
  test.each(cases)('%s', async (_, change, verdict) => {
    expect(await mayCall({ ...base, ...change })).toBe(verdict);
  });
});
