import { describe, expect, test } from '@jest/globals';
import { covers, matches, overlap } from '../../../src/controllers/guardrails/patterns.ts';

test.each([
  ['team-*', 'team-a', true],
  ['team-*', 'xteam-a', false],
  ['*', '', true],
  ['a.c', 'abc', false],
  ['*.example.com', 'a.b.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'a.example.com.evil.org', false],
  ['a', 'A', false],
  ['*', 'arn:aws:iam::111122223333:role/a', true],
  ['', '', true],
  ['', 'a', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a**b', 'ab', true],
  ['*a*b*', 'xbxa', false],
  ['*a*b*', 'xaxbx', true],
  ['*ab', 'abab', true],
  ['a*ab*b', 'aab', false],
  ['a\nb', 'a\nb', true],
  ['*', 'a\nb', true],
  ['$&', '$&', true],
])('%s matches %s: %s', (pattern, value, expected) => {
  expect(matches(pattern, value)).toBe(expected);
});

test.each([
  ['team', 'TEAM', true],
  ['*.Example.com', 'A.eXAMPLE.COM', true],
  // The Kelvin sign, the long s and the Turkish I, which Unicode takes for k, s and i.
  ['k', '\u212a', false],
  ['s', '\u017f', false],
  ['i*', '\u0130', false],
])('whatever the case of ASCII, %s matches %s: %s', (pattern, value, expected) => {
  expect(matches(pattern, value, { ignoreCase: true })).toBe(expected);
});

test('a value that nearly fits in many ways takes little time', () => {
  const started = Date.now();
  expect(matches('*a*a*a*a*a*b*', 'a'.repeat(5000))).toBe(false);
  expect(Date.now() - started).toBeLessThan(500);
});

describe('two patterns of actions', () => {
  test.each([
    ['iam:*', 'iam:PassRole', true],
    ['IAM:passrole', 'iam:Pass*', true],
    ['*', 'iam:*', true],
    ['i*', 'iam:*', true],
    ['*:*', 'iam:PassRole', true],
    ['i?m:Pass*', 'iam:*Role', true],
    ['*Role', 'iam:Pass*', true],
    ['s3:*', 'iam:*', false],
    ['iam:Get*', 'iam:Pass*', false],
    ['iam:?', 'iam:??', false],
    ['', '', true],
    ['*', '', true],
    ['a', '', false],
    ['**a', 'b*', true],
  ])('%s and %s overlap: %s', (first, second, expected) => {
    expect(overlap(first, second)).toBe(expected);
    expect(overlap(second, first)).toBe(expected);
  });

  test.each([
    ['iam:*', 'iam:PassRole', true],
    ['iam:*', 'IAM:*', true],
    ['*', 'iam:*', true],
    ['iam:PassRole', 'iam:*', false],
    ['iam:?', 'iam:*', false],
    ['iam:*', '*', false],
  ])('%s covers %s: %s', (outer, inner, expected) => {
    expect(covers(outer, inner)).toBe(expected);
  });

  test('are compared in little time, however many wildcards a user writes', () => {
    const started = Date.now();
    overlap('*a'.repeat(60), '*b'.repeat(100));
    expect(Date.now() - started).toBeLessThan(1000);
  });
});
