import { describe, expect, test } from '@jest/globals';
import {
  type Trusted,
  type TrustedIssuer,
  isServiceAccountName,
  sidOf,
  trustPolicy,
} from '../../../src/oidc/trust-policy.ts';

const issuer = (changes: Partial<TrustedIssuer> = {}): TrustedIssuer => ({
  url: 'https://irsa.abcl0.example.com',
  providerARN: 'arn:aws:iam::111122223333:oidc-provider/irsa.abcl0.example.com',
  audiences: ['sts.amazonaws.com'],
  subjects: [{ namespace: 'default', name: 's3-reader' }],
  ...changes,
});

const deny = [{ Sid: 'IrsaNobody', Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }];

test('lets in the subject of the issuer with the audience, and nobody else', () => {
  expect(trustPolicy([issuer()])).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: expect.stringMatching(/^Irsa[0-9a-f]{16}$/),
        Effect: 'Allow',
        Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/irsa.abcl0.example.com' },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'irsa.abcl0.example.com:aud': ['sts.amazonaws.com'],
            'irsa.abcl0.example.com:sub': ['system:serviceaccount:default:s3-reader'],
          },
        },
      },
    ],
  });
});

const statements: [string, TrustedIssuer[], unknown][] = [
  [
    'all subjects and audiences, sorted, in one statement',
    [
      issuer({
        audiences: ['sts.amazonaws.com.cn', 'sts.amazonaws.com'],
        subjects: [
          { namespace: 'web', name: 'b' },
          { namespace: 'default', name: 'a' },
        ],
      }),
    ],
    {
      'irsa.abcl0.example.com:aud': ['sts.amazonaws.com', 'sts.amazonaws.com.cn'],
      'irsa.abcl0.example.com:sub': ['system:serviceaccount:default:a', 'system:serviceaccount:web:b'],
    },
  ],
  [
    'an issuer with a path',
    [issuer({ url: 'https://s3.cn-north-1.amazonaws.com.cn/my-bucket' })],
    {
      's3.cn-north-1.amazonaws.com.cn/my-bucket:aud': ['sts.amazonaws.com'],
      's3.cn-north-1.amazonaws.com.cn/my-bucket:sub': ['system:serviceaccount:default:s3-reader'],
    },
  ],
];
test.each(statements)('writes %s', (_, issuers, condition) => {
  expect(trustPolicy(issuers).Statement).toEqual([expect.objectContaining({ Condition: { StringEquals: condition } })]);
});

test('gives each issuer a statement with a Sid that stays', () => {
  const other = issuer({ url: 'https://irsa.other.example.com' });
  const both = trustPolicy([issuer(), other]).Statement;
  expect(both).toEqual([...trustPolicy([issuer()]).Statement, ...trustPolicy([other]).Statement]);
  expect(both[0]?.['Sid']).not.toBe(both[1]?.['Sid']);
});

describe('merged into what is observed', () => {
  const other = 'https://irsa.other.example.com';
  const kept = {
    Sid: sidOf(other),
    Effect: 'Allow',
    Principal: { Federated: 'arn:other' },
    Action: ['sts:AssumeRoleWithWebIdentity'],
    Condition: { StringEquals: { 'irsa.other.example.com:sub': 'system:serviceaccount:a:b' } },
  };
  const foreign = { Sid: 'Mine', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
  const unread: Trusted = { url: other, unread: true };
  const [own] = trustPolicy([issuer()]).Statement;

  test.each<[string, Trusted[], unknown, unknown[]]>([
    ['an issuer that cannot be read keeps its statement to the letter', [unread], [kept], [kept]],
    ['also where the statement stands without a list', [unread], kept, [kept]],
    [
      'beside one that is read, whose statement is repaired',
      [issuer(), unread],
      [kept, { ...own, Effect: 'Deny' }],
      [own, kept],
    ],
    ['a statement of somebody else goes', [issuer(), unread], [foreign, kept], [own, kept]],
    ['so does that of an issuer that is trusted no more', [issuer()], [own, kept], [own]],
    ['an issuer that cannot be read and has no statement gets none', [issuer(), unread], [foreign], [own]],
    ['where that was all, everybody is denied', [unread], [foreign], deny],
    ['where all subjects are gone, so is what was kept of others', [issuer({ subjects: [] })], [own, kept], deny],
  ])('%s', (_, trusted, statements, expected) => {
    const observed = { Version: '2012-10-17', Statement: statements };
    expect(trustPolicy(trusted, observed).Statement).toEqual(expected);
  });

  test('a Sid has only characters that IAM takes', () => {
    expect(sidOf('https://s3.cn-north-1.amazonaws.com.cn/my-bucket')).toMatch(/^[A-Za-z0-9]+$/);
  });
});

describe('where nobody is left to be let in', () => {
  test.each<[string, TrustedIssuer[]]>([
    ['no issuer', []],
    ['no subject', [issuer({ subjects: [] })]],
  ])('denies everybody for %s', (_, issuers) => expect(trustPolicy(issuers).Statement).toEqual(deny));
});

describe('what must never enter a policy', () => {
  test.each<[string, Partial<TrustedIssuer>]>([
    ['a policy variable beside a wildcard', { subjects: [{ namespace: 'team-*', name: '${aws:username}' }] }],
    ['a colon beside a wildcard', { subjects: [{ namespace: 'team-*', name: 'a:b' }] }],
    ['a question mark beside a wildcard', { subjects: [{ namespace: 'team-*', name: 'a?' }] }],
    ['an empty name beside a wildcard', { subjects: [{ namespace: 'team-*', name: '' }] }],
    ['a policy variable', { subjects: [{ namespace: 'default', name: '${aws:username}' }] }],
    ['a colon', { subjects: [{ namespace: 'default:x', name: 'a' }] }],
    ['a question mark', { subjects: [{ namespace: 'default', name: 'a?' }] }],
    ['a variable as audience', { audiences: ['${aws:username}'] }],
    ['no audience', { audiences: [] }],
    ['an issuer with a wildcard', { url: 'https://*.example.com' }],
    ['an issuer with a slash at its end', { url: 'https://irsa.example.com/' }],
  ])('throws for %s', (_, changes) => expect(() => trustPolicy([issuer(changes)])).toThrow());
});

test.each([
  ['default', 'a', true],
  ['default', 'a.b-c.d', true],
  ['a'.repeat(63), 'a'.repeat(253), true],
  ['a'.repeat(64), 'a', false],
  ['default', 'a'.repeat(254), false],
  ['default', 'a..b', false],
  ['default', '', false],
  ['with.dot', 'a', false],
  ['Default', 'a', false],
  ['default', '-a', false],
])('knows that %s/%s is a name: %s', (namespace, name, valid) => {
  expect(isServiceAccountName({ namespace, name })).toBe(valid);
});

test('fits IAM for the longest names there are', () => {
  const longest = issuer({ subjects: [{ namespace: 'n'.repeat(63), name: 'a'.repeat(253) }] });
  expect(JSON.stringify(trustPolicy([longest])).length).toBeLessThan(2048);
});
