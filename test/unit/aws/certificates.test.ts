import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Certificates } from '../../../src/aws/certificates.ts';
import { isInUse } from '../../../src/aws/errors.ts';
import { FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const domain = 'irsa.example.com';
const spec = { domain, tags: { owner: 'x' }, idempotencyToken: 'token' };

let aws: FakeAws;
let now: number;
let certificates: Certificates;
beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  aws = new FakeAws({ now: () => now });
  certificates = (await aws.connect()).certificates;
  aws.forgetCalls();
});

describe('requesting', () => {
  test('is one write, tags with it, for DNS validation', async () => {
    const arn = await certificates.request(spec);

    expect(aws.writes).toEqual(['RequestCertificate']);
    expect(aws.reads).toEqual([]);
    expect(aws.calls[0]?.input).toMatchObject({ ValidationMethod: 'DNS', KeyAlgorithm: 'RSA_2048' });
    expect(await certificates.find(arn)).toMatchObject({ arn, domain, state: 'pending', tags: { owner: 'x' } });
  });

  test('again within the hour gives the same certificate, and later another', async () => {
    const arn = await certificates.request(spec);
    now += 3_599_000;
    expect(await certificates.request(spec)).toBe(arn);
    now += 2_000;
    expect(await certificates.request(spec)).not.toBe(arn);
  });
});

describe('finding', () => {
  test('costs two reads, and one where there is nothing', async () => {
    const arn = await certificates.request(spec);
    aws.forgetCalls();
    await certificates.find(arn);
    expect(aws.reads).toEqual(['DescribeCertificate', 'ListTagsForCertificate']);

    aws.forgetCalls();
    expect(await certificates.find(`${arn}0`)).toBeUndefined();
    expect(aws.reads).toEqual(['DescribeCertificate']);
  });

  test('waits for the record that proves the domain, and for the proof', async () => {
    const zone = aws.account().addZone('example.com');
    const arn = await certificates.request(spec);
    aws.account().certificates.get(arn)!.recordHiddenFor = 1;
    expect((await certificates.find(arn))?.validationRecord).toBeUndefined();

    const { validationRecord } = (await certificates.find(arn))!;
    expect(validationRecord).toEqual({
      name: expect.stringMatching(/^_\w+\.irsa\.example\.com$/),
      type: 'CNAME',
      value: expect.stringMatching(/acm-validations\.aws\.$/),
    });

    zone.records.push({ name: validationRecord!.name, type: 'CNAME', values: [validationRecord!.value], ttl: 60 });
    expect(await certificates.find(arn)).toMatchObject({ state: 'issued', notAfter: expect.any(Date) });
  });

  test.each(['EXPIRED', 'VALIDATION_TIMED_OUT', 'REVOKED', 'INACTIVE'] as const)(
    'calls %s failed, by that word',
    async (status) => {
      const arn = await certificates.request(spec);
      aws.account().certificates.get(arn)!.status = status;
      expect(await certificates.find(arn)).toMatchObject({ state: 'failed', failure: status });
    },
  );

  test('says why ACM refused', async () => {
    const arn = await certificates.request(spec);
    Object.assign(aws.account().certificates.get(arn)!, { status: 'FAILED', failure: 'CAA_ERROR' });
    expect(await certificates.find(arn)).toMatchObject({
      state: 'failed',
      failure: expect.stringMatching(/^CAA_ERROR: .*amazon.com/),
    });
  });

  test.each([
    ['PENDING_AUTO_RENEWAL', undefined, false],
    ['PENDING_VALIDATION', 'PENDING_VALIDATION', false],
    ['FAILED', 'FAILED', true],
    ['SUCCESS', undefined, false],
  ] as const)('says of the renewal %s what is in its way, and whether ACM gave up', async (status, problem, failed) => {
    const arn = await certificates.request(spec);
    aws.account().certificates.get(arn)!.renewal = { RenewalStatus: status, RenewalStatusReason: undefined };
    expect(await certificates.find(arn)).toMatchObject({ renewalProblem: problem, renewalFailed: failed });
  });

  test('by domain sees every page and every key type', async () => {
    aws.pageSize = 1;
    const rsa = await certificates.request(spec);
    await certificates.request({ ...spec, domain: 'other.example.com' });
    const elliptic = await certificates.request({ ...spec, idempotencyToken: 'second' });
    aws.account().certificates.get(elliptic)!.keyAlgorithm = 'EC_prime256v1';

    const found = await certificates.findByDomain(domain);
    expect(found.map(({ arn }) => arn)).toEqual([rsa, elliptic]);
    expect(aws.reads.filter((operation) => operation === 'ListCertificates')).toHaveLength(3);
  });

  test('by domain leaves out what is deleted between list and look', async () => {
    await certificates.request(spec);
    aws.failNext('DescribeCertificate', new ServiceError('ResourceNotFoundException', 400));
    expect(await certificates.findByDomain(domain)).toEqual([]);
  });
});

test('tags are set beside foreign ones', async () => {
  const arn = await certificates.request({ ...spec, tags: { owner: 'x', foreign: 'z' } });
  await certificates.tag(arn, { set: { owner: 'w', own: 'v' }, remove: [] });
  await certificates.tag(arn, { set: {}, remove: ['own'] });
  expect((await certificates.find(arn))?.tags).toEqual({ owner: 'w', foreign: 'z' });
});

test('is deleted once nothing uses it, also when it is gone', async () => {
  const arn = await certificates.request(spec);
  aws.failNext('DeleteCertificate', new ServiceError('ResourceInUseException', 400));
  expect(isInUse(await failure(certificates.delete(arn)))).toBe(true);

  await certificates.delete(arn);
  await certificates.delete(arn);
  expect(aws.account().certificates.size).toBe(0);
});
