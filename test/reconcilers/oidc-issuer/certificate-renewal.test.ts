import { beforeEach, describe, expect, test } from '@jest/globals';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import type { FakeCertificate } from '../../fakes/aws/acm.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, only, someoneElse, Story } from './story.ts';
import { lateInLife, ready as readyIssuer } from './renewing.ts';

const replaces = 'irsa.giantswarm.io/replaces';
const days = (count: number) => hours(24 * count);

let story: Story;
/** The certificate that the distribution has at first. */
let first: FakeCertificate;
beforeEach(async () => {
  story = await readyIssuer(new Story());
  first = only(certificates());
});

const certificates = () => [...story.account.certificates.values()];
const others = () => certificates().filter(({ arn }) => arn !== first.arn);
const served = () => story.distribution.config.ViewerCertificate?.ACMCertificateArn;
const ready = () => story.condition('CertificateReady');
const requests = () => story.aws.writes.filter((operation) => operation === 'RequestCertificate').length;

/** ACM has tried to renew it for a month. */
const nearItsEnd = () => lateInLife(story, first);

const fails = (certificate: FakeCertificate) =>
  Object.assign(certificate, { status: 'FAILED', failure: 'CAA_ERROR' } satisfies Partial<FakeCertificate>);

describe('a certificate that ACM does not renew', () => {
  test.each([
    ['15 days before its end', () => nearItsEnd()],
    [
      'as soon as ACM gives up',
      async () => {
        first.renewal = { RenewalStatus: 'FAILED', RenewalStatusReason: 'DOMAIN_VALIDATION_DENIED' };
      },
    ],
    ['near its end, even if ACM says nothing', async () => void (await story.clock.advance(days(184)))],
  ])('is replaced %s, and serves until the other one is issued', async (_, happens) => {
    await happens();
    await story.reconcile();
    const successor = only(others());
    expect(served()).toBe(first.arn);
    expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining(successor.arn) });
    expect(story.site?.certificate).toMatchObject({ arn: first.arn, state: 'ISSUED', successor: successor.arn });
    expect(successor.tags).toMatchObject({ [replaces]: first.arn });
    expect(successor.tags).toMatchObject({ ...first.tags });

    await story.reconcile();
    expect(served()).toBe(successor.arn);
    expect(ready()).toMatchObject({ status: 'True' });
    await story.reconcile();
    expect(certificates()).toHaveLength(2);
    expect(story.aws.writes).not.toContain('DeleteCertificate');

    await story.untilReady();
    await story.reconcile();
    expect(certificates()).toEqual([successor]);
    expect(successor.tags).not.toHaveProperty([replaces]);
    expect(story.site?.certificate).toEqual({ arn: successor.arn, state: 'ISSUED', notAfter: expect.any(String) });
    expect(ready()?.message).toBe('');
    expect(story.saidReasons).toEqual(expect.arrayContaining(['CertificateNotRenewed', 'CertificateReplaced']));

    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('is left to ACM for a month', async () => {
    await story.clock.advance(days(198 - 16));
    first.renewal = { RenewalStatus: 'PENDING_VALIDATION', RenewalStatusReason: undefined };
    await story.reconcile();
    expect(certificates()).toEqual([first]);
    expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining('PENDING_VALIDATION') });
  });

  test('is told with the other one that is on its way, and nothing is written while ACM takes its time', async () => {
    await nearItsEnd();
    await story.reconcile();
    Object.defineProperty(only(others()), 'status', { get: () => 'PENDING_VALIDATION', set: () => undefined });
    const message = ready()?.message;
    story.forget();
    await story.reconcile();
    await story.reconcile();
    expect(ready()).toMatchObject({ status: 'True', message });
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('keeps its place where the other one fails, and each further one is requested later', async () => {
    await nearItsEnd();
    for (let hour = 0; hour < 48; hour++) {
      await story.reconcile();
      others().forEach(fails);
      await story.reconcile();
      expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining('CAA_ERROR') });
      expect(served()).toBe(first.arn);
      await story.clock.advance(hours(1));
    }
    // At once, after 1, 2, 4, 8 and 16 hours; 24 hours after that, two days are over.
    expect(requests()).toBe(1 + 6);
    expect(ready()?.message).toContain('(6 requests so far)');
    expect(others().map(({ tags }) => tags['irsa.giantswarm.io/request-number'])).toEqual(['6']);
  }, 60_000);

  test('gives way after all when a later one is issued', async () => {
    await nearItsEnd();
    await story.reconcile();
    fails(only(others()));
    await story.reconcile();
    await story.clock.advance(hours(1));
    await story.until(() => !certificates().includes(first));
    expect(certificates()).toHaveLength(1);
    expect(served()).toBe(only(certificates()).arn);
  });

  test('stays if ACM renews it in the meantime, and the other one goes', async () => {
    await nearItsEnd();
    await story.reconcile();
    expect(others()).toHaveLength(1);
    Object.assign(first, { renewedAt: story.clock.now().getTime(), renewal: { RenewalStatus: 'SUCCESS' } });
    await story.reconcile();
    expect(certificates()).toEqual([first]);
    expect(story.site?.certificate).not.toHaveProperty('successor');
    expect(ready()).toMatchObject({ status: 'True', message: '' });
  });

  test('is found again with the other one when the status is lost, at each stage', async () => {
    await nearItsEnd();
    await story.until(() => {
      story.loseStatus();
      return !certificates().includes(first);
    });
    await story.untilReady();
    expect(requests()).toBe(2);
    expect(story.site?.certificate?.arn).toBe(only(certificates()).arn);
  });

  test('gets no third one while ACM does not list the second', async () => {
    await nearItsEnd();
    await story.reconcile();
    const { arn } = only(others());
    let looks = 0;
    story.aws.failWhen('DescribeCertificate', ({ CertificateArn }) =>
      CertificateArn === arn && ++looks === 1 ? new ServiceError('ResourceNotFoundException', 400) : undefined,
    );
    story.aws.forgetCalls();
    await story.reconcile();
    expect(looks).toBe(2);
    expect(requests()).toBe(0);
    expect(served()).toBe(arn);
  });

  test('stays the issuer’s where the request of another one is refused, and the distribution is still put right', async () => {
    await nearItsEnd();
    story.aws.failWhen('RequestCertificate', () => new ServiceError('AccessDeniedException', 403));
    story.distribution.config.DefaultRootObject = 'changed.html';
    story.distribution.config.Enabled = false;
    await story.reconcile();
    expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining('acm:RequestCertificate') });
    expect(story.distribution.config.Enabled).toBe(true);
    expect(story.condition('Ready')?.reason).not.toBe('AccessDenied');
  });

  test('is not deleted while somebody else’s distribution uses it', async () => {
    await nearItsEnd();
    const theirs = { ...story.distribution, id: 'THEIRS', arn: 'arn:aws:cloudfront::111122223333:distribution/THEIRS' };
    const config = { ...theirs.config, Aliases: { Quantity: 0 }, Origins: { Quantity: 0, Items: [] } };
    story.account.distributions.set(theirs.id, { ...theirs, tags: someoneElse, config });
    await story.until(() => story.site?.certificate?.arn !== first.arn);
    await story.untilReady();
    await story.reconcile();
    expect(certificates()).toContain(first);
    story.account.distributions.delete(theirs.id);
    await story.reconcile();
    expect(certificates()).not.toContain(first);
  });

  test('is not deleted before the other one is in use', async () => {
    await nearItsEnd();
    story.account.distributions.clear();
    story.aws.failWhen('CreateDistributionWithTags', () => new ServiceError('TooManyDistributions', 400));
    for (let pass = 0; pass < 3; pass++) await story.reconcile();
    expect(story.site?.certificate?.arn).toBe(only(others()).arn);
    expect(certificates()).toContain(first);
  });

  test('is deleted with the other one and the record when the issuer is deleted in between', async () => {
    await nearItsEnd();
    await story.reconcile();
    expect(certificates()).toHaveLength(2);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('is deleted later where ACM counts it as in use longer than it says', async () => {
    await nearItsEnd();
    story.aws.failNext('DeleteCertificate', new ServiceError('ResourceInUseException', 400));
    await story.until(() => story.site?.certificate?.arn !== first.arn);
    await story.untilReady();
    await story.reconcile();
    await story.until(() => !certificates().includes(first));
  });

  test('does no harm where it cannot be deleted', async () => {
    await nearItsEnd();
    story.aws.failWhen('DeleteCertificate', () => new ServiceError('AccessDeniedException', 403));
    await story.until(() => story.site?.certificate?.arn !== first.arn);
    await story.untilReady();
    await story.reconcile();
    expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining('acm:DeleteCertificate') });
  });
});

test('the record by which both are validated goes with the issuer, after one of them is deleted', async () => {
  await nearItsEnd();
  await story.until(() => !certificates().includes(first));
  expect(story.zone.records.some(({ name }) => name.startsWith('_'))).toBe(true);
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('a tag that somebody set has no other certificate deleted', async () => {
  const theirs = { ...first, arn: `${first.arn}-theirs`, tags: { ...someoneElse } };
  story.account.certificates.set(theirs.arn, theirs);
  first.tags[replaces] = theirs.arn;
  await story.reconcile();
  await story.reconcile();
  expect(certificates()).toEqual([first, theirs]);
  expect(first.tags).not.toHaveProperty([replaces]);
});

test('an expired certificate is deleted too, once the distribution has let go of it', async () => {
  first.status = 'EXPIRED';
  await story.clock.advance(days(198));
  await story.until(() => served() !== first.arn);
  await story.untilReady();
  await story.reconcile();
  expect(certificates()).not.toContain(first);
  expect(certificates()).toHaveLength(1);
});

test('no other certificate is requested while the record is missing that somebody makes by hand', async () => {
  story = new Story({ hosting: { cloudFront: { alias, dns: { manual: {} } } } });
  await story.until(() => {
    story.makeRecords();
    return story.condition('Ready')?.status === 'True';
  });
  first = only(certificates());
  await nearItsEnd();
  const records = story.aws.recordsElsewhere.splice(0);
  await story.reconcile();
  expect(certificates()).toEqual([first]);
  expect(ready()).toMatchObject({ status: 'True', message: expect.stringContaining('make the DNS record CNAME _') });
  story.aws.recordsElsewhere.push(...records);
  await story.clock.advance(minutes(30));
  await story.reconcile();
  expect(certificates()).toHaveLength(2);
});
