import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../../src/api/meta.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { Finding } from '../../../src/runtime/findings.ts';
import { conditionsAfter, deletion, type Moment, news } from '../../../src/runtime/pass-conditions.ts';

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
const after = (
  before: readonly Condition[],
  findings: readonly Finding[],
  generation = 1,
  now = monday,
  { failingSince = new Map(), waiting = new Map() }: Partial<Pick<Moment, 'failingSince' | 'waiting'>> = {},
) => conditionsAfter(before, { findings }, { generation, now, elapsed: now.getTime(), failingSince, waiting });
const readiness = (findings: readonly Finding[]) => after([], findings).find(({ type }) => type === 'Ready');
const byType = (conditions: readonly Condition[]) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`]));

describe('Ready', () => {
  test('is True where all is', () =>
    expect(readiness([bucket])).toMatchObject({ status: 'True', reason: 'Provisioned' }));

  const unknown: Finding = { ...bucket, state: 'unknown', reason: 'Throttled', message: 'slow down' };

  test.each<[string, Condition['status'], Finding[], string]>([
    ['a failure before what waits', 'False', [certificate, keys, distribution], 'SigningKeysReady: no PEM'],
    [
      'what waits before what waits for it',
      'False',
      [distribution, certificate],
      'CertificateReady: ACM is validating',
    ],
    [
      'what waits before what could not be looked at',
      'False',
      [unknown, certificate],
      'CertificateReady: ACM is validating',
    ],
    [
      'what could not be looked at before what waits for it',
      'Unknown',
      [distribution, unknown],
      'BucketReady: slow down',
    ],
  ])('names %s and is %s', (_what, status, findings, message) => {
    expect(readiness(findings)).toMatchObject({ status, message });
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

describe('a look that failed in passing', () => {
  const unknown: Finding = {
    type: 'BucketReady',
    state: 'unknown',
    reason: 'ReconciliationFailed',
    message: 'read ECONNRESET',
    passing: true,
  };
  const skipped: Finding = { ...distribution, passing: true };
  const well = after([], [bucket, { ...distribution, state: 'ready', reason: 'Provisioned', message: '' }]);
  const failingFor = (milliseconds: number) => ({
    failingSince: new Map(['BucketReady', 'DistributionReady'].map((type) => [type, tuesday.getTime() - milliseconds])),
  });

  test('leaves what is True as it is for ten minutes, with the error as its message, and is no news', () => {
    const first = after(well, [unknown, skipped], 1, tuesday, failingFor(0));
    const other = { ...unknown, message: 'not done within 120 s' };
    const last = after(first, [other, skipped], 1, tuesday, failingFor(minutes(10) - 1));
    for (const conditions of [first, last]) {
      expect(byType(conditions)).toEqual(byType(well));
      expect(conditions.map(({ message }) => message)).toEqual(['read ECONNRESET', '', '']);
      expect(news(well, conditions)).toEqual([]);
    }
  });

  test('makes it Unknown after ten minutes, with one event', () => {
    const conditions = after(well, [unknown, skipped], 1, tuesday, failingFor(minutes(10)));
    expect(byType(conditions)).toEqual({
      BucketReady: 'Unknown/ReconciliationFailed',
      DistributionReady: 'Unknown/DependencyNotReady',
      Ready: 'Unknown/ReconciliationFailed',
    });
    expect(news(well, conditions)).toHaveLength(1);
  });

  test('leaves no True that was said of an older spec', () => {
    expect(byType(after(well, [unknown, skipped], 2, tuesday))).toMatchObject({
      BucketReady: 'Unknown/ReconciliationFailed',
      Ready: 'Unknown/ReconciliationFailed',
    });
  });

  test('does not make an object Ready again that was not, nor take Stalled from it', () => {
    const stalled = after([], [bucket, keys]);
    const conditions = after(stalled, [{ ...unknown, type: 'SigningKeysReady' }], 1, tuesday);
    expect(byType(conditions)).toMatchObject({ Ready: 'Unknown/ReconciliationFailed', Stalled: 'True/InvalidKey' });
  });
});

describe('a wait for a person', () => {
  const secret: Finding = { ...certificate, type: 'SigningKeysReady', reason: 'SecretNotFound' };
  const waitingFor = (type: string, milliseconds: number) => ({
    waiting: new Map([[type, { since: tuesday.getTime() - milliseconds }]]),
  });

  test('makes the object Stalled after ten minutes', () => {
    const first = after([], [secret]);
    const at = (milliseconds: number) =>
      byType(after(first, [secret], 1, tuesday, waitingFor('SigningKeysReady', milliseconds)));
    expect(at(minutes(10) - 1)).not.toHaveProperty('Stalled');
    expect(at(minutes(10))).toMatchObject({ Stalled: 'True/SecretNotFound' });
  });

  test('is not one for something that takes its own time', () => {
    const first = after([], [certificate]);
    const conditions = after(first, [certificate], 1, tuesday, waitingFor('CertificateReady', minutes(20)));
    expect(byType(conditions)).not.toHaveProperty('Stalled');
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
