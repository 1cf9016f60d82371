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
])('%s matches %s: %s', (pattern, value, expected) => {
  expect(matches(pattern, value)).toBe(expected);
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
