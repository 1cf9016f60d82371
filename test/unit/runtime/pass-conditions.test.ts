import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../../src/api/meta.ts';
import type { Finding } from '../../../src/runtime/findings.ts';
import { conditionsAfter, deletion, news, readiness } from '../../../src/runtime/pass-conditions.ts';

const bucket: Finding = { type: 'BucketReady', state: 'ready', reason: 'Provisioned', message: '' };
const certificate: Finding = {
  type: 'CertificateReady',
  state: 'waiting',
  reason: 'CertificatePendingValidation',
  message: 'ACM is validating',
};
const keys: Finding = {
  type: 'SigningKeysReady',
  state: 'failed',
  reason: 'InvalidKey',
  message: 'no PEM',
  terminal: true,
};
const distribution: Finding = {
  type: 'DistributionReady',
  state: 'skipped',
  reason: 'DependencyNotReady',
  message: 'waits for CertificateReady',
};

const monday = new Date('2030-01-07T10:00:00.500Z');
const tuesday = new Date('2030-01-08T10:00:00.500Z');
const after = (before: readonly Condition[], findings: readonly Finding[], generation = 1, now = monday) =>
  conditionsAfter(before, { findings, ready: readiness(findings) }, { generation, now });
const byType = (conditions: readonly Condition[]) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`]));

describe('Ready', () => {
  test('is True where all is', () =>
    expect(readiness([bucket])).toMatchObject({ status: 'True', reason: 'Provisioned' }));

  test.each<[string, Finding[], string]>([
    ['a failure before what waits', [certificate, keys, distribution], 'SigningKeysReady: no PEM'],
    ['what waits before what waits for it', [distribution, certificate], 'CertificateReady: ACM is validating'],
    ['what could not be looked at before what waits', [certificate, { ...bucket, state: 'unknown' }], 'BucketReady: '],
  ])('names %s', (_what, findings, message) => {
    expect(readiness(findings)).toMatchObject({ status: 'False', message });
  });

  test('names, during a deletion, what holds it and how to end it', () => {
    const removed: Finding = { ...bucket, state: 'waiting', reason: 'Deleting', message: 'removed' };
    expect(deletion([removed, certificate])).toEqual({
      status: 'False',
      reason: 'Deleting',
      message:
        'CertificateReady: ACM is validating (spec.deletionPolicy: Retain ends the deletion at once and leaves on AWS what is there)',
    });
  });
});

describe('conditions', () => {
  test('have no message that the API server refuses as too long', () => {
    const message = 'what AWS says, äußerst ausführlich; '.repeat(2000);
    const conditions = after([], [{ ...keys, message }]);
    expect(conditions.map(({ type }) => type)).toEqual(['SigningKeysReady', 'Ready', 'Stalled']);
    for (const condition of conditions) {
      expect(condition.message.length).toBeLessThanOrEqual(32_768);
      expect(condition.message).toMatch(/what AWS says, äußerst .*…$/);
    }
  });

  test('are True, False or Unknown by what was found, in the order of the API', () => {
    const conditions = after([], [certificate, distribution, bucket, { ...keys, state: 'unknown', terminal: false }]);
    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'SigningKeysReady=Unknown',
      'BucketReady=True',
      'CertificateReady=False',
      'DistributionReady=Unknown',
      'Ready=False',
    ]);
  });

  test('move their transition time only with their status', () => {
    const before = after([], [certificate]);
    const [still, ready] = after(before, [{ ...certificate, message: 'ACM is still validating' }], 2, tuesday);
    expect(still).toMatchObject({ lastTransitionTime: '2030-01-07T10:00:00Z', observedGeneration: 2 });
    expect(ready).toMatchObject({ lastTransitionTime: '2030-01-07T10:00:00Z' });
    const [moved] = after(before, [{ ...certificate, state: 'ready' }], 2, tuesday);
    expect(moved).toMatchObject({ lastTransitionTime: '2030-01-08T10:00:00Z' });
  });

  test('that the pass did not look at keep their word and their generation', () => {
    const conditions = after(after([], [bucket]), [certificate], 2);
    expect(conditions.find((condition) => condition.type === 'BucketReady')).toMatchObject({
      status: 'True',
      observedGeneration: 1,
    });
  });

  test('Stalled stands exactly while only a person can help', () => {
    const stalled = after([], [keys, certificate]);
    expect(byType(stalled)).toMatchObject({ Stalled: 'True/InvalidKey', Ready: 'False/InvalidKey' });
    expect(byType(after(stalled, [{ ...keys, terminal: false }]))).not.toHaveProperty('Stalled');
  });
});

describe('news', () => {
  test('is each condition that turned bad, not what waits', () => {
    expect(news([], after([], [keys, certificate, distribution]))).toEqual([
      { type: 'Warning', reason: 'InvalidKey', message: 'SigningKeysReady: no PEM' },
    ]);
  });

  test('is none while it stays bad in the same way, and some when the words change', () => {
    const before = after([], [keys]);
    expect(news(before, after(before, [keys], 2, tuesday))).toEqual([]);
    expect(news(before, after(before, [{ ...keys, message: 'a private key' }]))).toHaveLength(1);
  });

  test('is Ready turning True, once', () => {
    const ready = after(after([], [certificate]), [bucket, { ...certificate, state: 'ready' }]);
    expect(news(after([], [certificate]), ready)).toEqual([
      { type: 'Normal', reason: 'Ready', message: 'all is provisioned' },
    ]);
    expect(news(ready, ready)).toEqual([]);
  });
});
