import { expect, test } from '@jest/globals';
import { isIssuerURL, issuerURL, withoutScheme } from '../../../src/oidc/issuer-url.ts';

test.each([
  'https://irsa.abcl0.k8s.example.com',
  'https://d111111abcdef8.cloudfront.net',
  'https://s3.cn-north-1.amazonaws.com.cn/111122223333-g8s-abcl0-oidc-pod-identity-v2',
  'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE',
])('takes %s', (url) => expect(isIssuerURL(url)).toBe(true));

test.each([
  ['another scheme', 'http://irsa.example.com'],
  ['a trailing slash', 'https://irsa.example.com/'],
  ['a port', 'https://irsa.example.com:8443'],
  ['a query', 'https://irsa.example.com/a?b=c'],
  ['a fragment', 'https://irsa.example.com/a#b'],
  ['a user', 'https://me@irsa.example.com'],
  ['a wildcard', 'https://*.example.com'],
  ['a policy variable', 'https://irsa.example.com/${aws:username}'],
  ['a host without dot', 'https://localhost'],
  ['more than 255 characters', `https://irsa.example.com/${'a'.repeat(240)}`],
])('refuses %s', (_, url) => expect(isIssuerURL(url)).toBe(false));

test('is written without scheme where IAM does so', () => {
  expect(withoutScheme(issuerURL('irsa.example.com/id/1'))).toBe('irsa.example.com/id/1');
});
