import { describe, expect, test } from '@jest/globals';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import type { FakeCertificate } from '../../fakes/aws/acm.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, only, owner, someoneElse, Story } from './story.ts';

function put(story: Story, certificate: Partial<FakeCertificate>): FakeCertificate {
  const arn = `arn:aws:acm:us-east-1:111122223333:certificate/there-${story.account.certificates.size}`;
  const made: FakeCertificate = {
    arn,
    domain: alias,
    requestedAt: story.clock.now().getTime(),
    token: undefined,
    status: 'ISSUED',
    failure: undefined,
    keyAlgorithm: 'RSA_2048',
    tags: owner,
    recordHiddenFor: 0,
    ...certificate,
  };
  story.account.certificates.set(made.arn, made);
  return made;
}

const validation = (story: Story) => only(story.zone.records.filter(({ name }) => name.startsWith('_')));

test('requests a certificate with its tags and proves the domain', async () => {
  const story = new Story();
  await story.reconcile();
  expect(only([...story.account.certificates.values()])).toMatchObject({ domain: alias, tags: owner });
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'CertificateRecordPending' });
  await story.reconcile();
  expect(validation(story)).toMatchObject({ type: 'CNAME', ttl: 301 });
  expect(story.condition('CertificateReady')).toMatchObject({
    status: 'False',
    reason: 'CertificatePendingValidation',
  });
});

test('waits until ACM says which record it wants', async () => {
  const story = new Story();
  await story.reconcile();
  only([...story.account.certificates.values()]).recordHiddenFor = 1;
  const result = await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'CertificateRecordPending' });
  expect(result.requeueAfter).toBe(minutes(1));
  await story.untilReady();
  expect(story.account.certificates.size).toBe(1);
});

test('requests no second one while ACM does not know the first yet', async () => {
  const story = new Story();
  await story.reconcile();
  const unknown = () => new ServiceError('ResourceNotFoundException', 400);
  for (const operation of ['DescribeCertificate', 'DescribeCertificate']) story.aws.failNext(operation, unknown());
  story.aws.forgetCalls();
  await story.reconcile();
  expect(story.aws.writes).toContain('RequestCertificate');
  expect(story.account.certificates.size).toBe(1);
  await story.untilReady();
});

test('asks for nothing before there is a public zone for the alias', async () => {
  const story = new Story({ hosting: { cloudFront: { alias: 'irsa.abcl0.example.org' } } });
  story.account.addZone('example.org', { isPrivate: true });
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'HostedZoneNotFound' });
  expect(story.account.certificates.size).toBe(0);
  story.edit({ hosting: { cloudFront: { alias } } });
  await story.untilReady();
});

test('puts the validation record back, by which ACM renews', async () => {
  const story = new Story();
  await story.untilReady();
  const record = validation(story);
  story.zone.records = story.zone.records.filter((other) => other !== record);
  await story.reconcile();
  expect(validation(story)).toEqual(record);
});

test('does not touch a validation record that says something else', async () => {
  const story = new Story();
  await story.until(() => story.zone.records.length > 0);
  const record = { ...validation(story), values: ['_theirs.acm-validations.aws'] };
  story.zone.records = [record];
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(story.zone.records).toEqual([record]);
});

describe('of several certificates of the domain', () => {
  test('never takes somebody else’s', async () => {
    const story = new Story();
    const theirs = put(story, { tags: someoneElse });
    await story.untilReady();
    expect(story.site?.certificate?.arn).not.toBe(theirs.arn);
    story.delete();
    await story.untilGone();
    expect([...story.account.certificates.values()]).toEqual([theirs]);
  });

  test('takes its own issued one rather than a pending one or one that failed', async () => {
    const story = new Story();
    put(story, { status: 'FAILED', failure: 'CAA_ERROR' });
    put(story, { status: 'VALIDATION_TIMED_OUT' });
    put(story, { status: 'PENDING_VALIDATION' });
    const issued = put(story, { status: 'ISSUED' });
    await story.untilReady();
    expect(story.site?.certificate).toMatchObject({ arn: issued.arn, state: 'ISSUED' });
  });

  test('keeps the one that the distribution has when the status is lost', async () => {
    const story = new Story();
    await story.untilReady();
    const used = story.site?.certificate?.arn;
    const first = new Map(story.account.certificates);
    story.account.certificates.clear();
    put(story, { arn: 'arn:aws:acm:us-east-1:111122223333:certificate/first-listed' });
    for (const [arn, certificate] of first) story.account.certificates.set(arn, certificate);
    story.loseStatus();
    await story.untilReady();
    expect(story.distribution.config.ViewerCertificate?.ACMCertificateArn).toBe(used);
  });
});

test('requests another one in place of one that failed an hour ago, with another token, and deletes the old one', async () => {
  const story = new Story();
  story.aws.failNext('ChangeResourceRecordSets');
  await story.reconcile();
  await story.reconcile();
  const failed = only([...story.account.certificates.values()]);
  Object.assign(failed, { status: 'FAILED', failure: 'CAA_ERROR' });

  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({
    status: 'False',
    reason: 'CertificateFailed',
    message: expect.stringContaining('CAA_ERROR'),
  });
  expect([...story.account.certificates.keys()]).toEqual([failed.arn]);

  await story.clock.advance(hours(1));
  await story.untilReady();
  const certificate = only([...story.account.certificates.values()]);
  expect(certificate.token).not.toBe(failed.token);
  expect(story.account.certificates.has(failed.arn)).toBe(false);
});

test('asks less and less often, once a day at last, where each request fails, and says how often it asked', async () => {
  const story = new Story();
  // Nobody sees the record, so ACM issues none of them.
  story.aws.publicRecords = () => [];
  const fail = () => {
    for (const certificate of story.account.certificates.values()) {
      Object.assign(certificate, { status: 'FAILED', failure: 'CAA_ERROR' });
    }
  };
  const requests = () => story.aws.writes.filter((operation) => operation === 'RequestCertificate').length;
  const days = 7;
  for (let hour = 0; hour < days * 24; hour++) {
    await story.reconcile();
    fail();
    await story.reconcile();
    if (hour === 30) story.loseStatus();
    await story.clock.advance(hours(1));
  }
  // After 1, 2, 4, 8 and 16 hours, and then each day.
  expect(requests()).toBe(11);
  expect(story.condition('CertificateReady')?.message).toContain('(11 requests so far): CAA_ERROR: a CAA record');
  expect(story.condition('Stalled')).toMatchObject({ status: 'True', reason: 'CertificateFailed' });
  expect(story.account.certificates.size).toBe(1);
  // Seven days are many passes.
}, 60_000);

test('says that ACM does not renew the certificate, which serves meanwhile', async () => {
  const story = new Story();
  await story.untilReady();
  const certificate = only([...story.account.certificates.values()]);
  certificate.renewal = { RenewalStatus: 'PENDING_VALIDATION', RenewalStatusReason: 'CAA_ERROR' };
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'True' });
  expect(story.condition('CertificateReady')?.message).toContain('CAA_ERROR');
  expect(story.said).toContainEqual(
    expect.objectContaining({ reason: 'CertificateNotRenewed', message: expect.stringContaining(certificate.arn) }),
  );
  certificate.renewal = { RenewalStatus: 'SUCCESS', RenewalStatusReason: undefined };
  await story.reconcile();
  expect(story.condition('CertificateReady')?.message).toBe('');
});

test('moves the distribution from an expired certificate to a new one', async () => {
  const story = new Story();
  await story.untilReady();
  const expired = only([...story.account.certificates.values()]);
  expired.status = 'EXPIRED';
  await story.clock.advance(hours(24 * 198));
  await story.until(() => story.distribution.config.ViewerCertificate?.ACMCertificateArn !== expired.arn);
  await story.untilReady();
  expect(story.site?.certificate).toMatchObject({ state: 'ISSUED' });
});

test('tags it again', async () => {
  const story = new Story({ tags: { team: 'web' } });
  await story.untilReady();
  const certificate = only([...story.account.certificates.values()]);
  Object.assign(certificate.tags, { team: 'ops', other: 'kept' });
  await story.reconcile();
  expect(certificate.tags).toEqual({ team: 'web', other: 'kept', ...owner });
});

test('is not taken from somebody who took it within the hour in which ACM gives the same one again', async () => {
  const story = new Story();
  await story.untilReady();
  await story.clock.advance(minutes(2));
  const theirs = only([...story.account.certificates.values()]);
  theirs.tags = { ...theirs.tags, 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/other' };
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
});

test('tells of a failure that a look while ACM validates finds', async () => {
  const story = new Story();
  await story.until(() => story.zone.records.length > 0);
  Object.assign(only([...story.account.certificates.values()]), { status: 'FAILED', failure: 'CAA_ERROR' });
  await story.comeBack();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False', reason: 'CertificateFailed' });
});
