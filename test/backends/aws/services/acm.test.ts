import { expect, test } from '@jest/globals';
import {
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RemoveTagsFromCertificateCommand,
  RequestCertificateCommand,
  type ListCertificatesCommandInput,
} from '@aws-sdk/client-acm';
import { changeRecords, issueCertificate, makeZone, requestCertificate } from '../rules/samples.ts';
import { withFront } from '../with-front.ts';

const world = withFront();

async function describeCertificate(CertificateArn: string) {
  const { Certificate } = await world.aws.acm.send(new DescribeCertificateCommand({ CertificateArn }));
  if (!Certificate) throw new Error('no certificate');
  return Certificate;
}

async function recordOf(arn: string, index = 0) {
  return (await describeCertificate(arn)).DomainValidationOptions?.[index]?.ResourceRecord;
}

test('shows the validation record only after a while', async () => {
  const arn = await requestCertificate(world.aws, 'irsa.example.com');
  expect(await recordOf(arn)).toBeUndefined();
  expect(await recordOf(arn)).toMatchObject({
    Type: 'CNAME',
    Name: expect.stringMatching(/^_\w+\.irsa\.example\.com\.$/),
  });
});

test('fails for good where a CAA record of the domain lets other authorities issue alone', async () => {
  const zone = await makeZone(world.aws, 'example.com');
  const caa = (authority: string) =>
    changeRecords(world.aws, zone, {
      Action: 'UPSERT',
      ResourceRecordSet: {
        Name: 'example.com',
        Type: 'CAA',
        TTL: 60,
        ResourceRecords: [{ Value: `0 issue "${authority}"` }],
      },
    });
  await caa('letsencrypt.org');
  const refused = await issueCertificate(world.aws, 'irsa.example.com', zone);
  expect(await describeCertificate(refused)).toMatchObject({ Status: 'FAILED', FailureReason: 'CAA_ERROR' });
  await caa('amazon.com');
  expect((await describeCertificate(refused)).Status).toBe('FAILED');
  const issued = await issueCertificate(world.aws, 'irsa.example.com', zone);
  expect((await describeCertificate(issued)).Status).toBe('ISSUED');
});

test('a pending certificate has no dates; it is issued once its record stands in a public zone', async () => {
  world.front.state.timing.describesWithoutRecord = 0;
  const arn = await requestCertificate(world.aws, 'irsa.example.com');
  const pending = await describeCertificate(arn);
  expect(pending.Status).toBe('PENDING_VALIDATION');
  expect([pending.NotBefore, pending.NotAfter, pending.IssuedAt]).toEqual([undefined, undefined, undefined]);

  const record = pending.DomainValidationOptions?.[0]?.ResourceRecord;
  const ResourceRecordSet = {
    Name: record?.Name,
    Type: 'CNAME' as const,
    TTL: 600,
    ResourceRecords: [{ Value: record?.Value }],
  };
  const hidden = await makeZone(world.aws, 'example.com', 'vpc-1');
  await changeRecords(world.aws, hidden, { Action: 'CREATE', ResourceRecordSet });
  expect((await describeCertificate(arn)).Status).toBe('PENDING_VALIDATION');

  const other = await world.aws.in('111122223333');
  const zone = await makeZone(other, 'example.com');
  await changeRecords(other, zone, { Action: 'CREATE', ResourceRecordSet });
  const issued = await describeCertificate(arn);
  expect(issued.Status).toBe('ISSUED');
  expect(issued.DomainValidationOptions).toMatchObject([{ ValidationStatus: 'SUCCESS' }]);
  expect(issued.NotAfter?.getTime()).toBeGreaterThan(Date.now());
});

test('each domain has a record of its own, a wildcard its parent’s, and every certificate of the name the same', async () => {
  world.front.state.timing.describesWithoutRecord = 0;
  const { CertificateArn = '' } = await world.aws.acm.send(
    new RequestCertificateCommand({
      DomainName: 'example.com',
      SubjectAlternativeNames: ['*.example.com', 'example.org'],
      ValidationMethod: 'DNS',
    }),
  );
  const apex = await recordOf(CertificateArn, 0);
  expect(await recordOf(CertificateArn, 1)).toEqual(apex);
  expect(await recordOf(CertificateArn, 2)).not.toEqual(apex);
  expect(await recordOf(await requestCertificate(world.aws, 'example.com'))).toEqual(apex);
});

test('the same token makes the same certificate once', async () => {
  const request = { DomainName: 'irsa.example.com', ValidationMethod: 'DNS', IdempotencyToken: 'token' } as const;
  const first = await world.aws.acm.send(new RequestCertificateCommand(request));
  const second = await world.aws.acm.send(new RequestCertificateCommand(request));
  const third = await world.aws.acm.send(new RequestCertificateCommand({ ...request, IdempotencyToken: 'another' }));
  expect(second.CertificateArn).toBe(first.CertificateArn);
  expect(third.CertificateArn).not.toBe(first.CertificateArn);
});

test('lists RSA certificates unless asked for others, in one region, page by page', async () => {
  const rsa = [
    await requestCertificate(world.aws, 'a.example.com'),
    await issueCertificate(world.aws, 'b.example.com'),
  ];
  await requestCertificate(world.aws.at('eu-central-1'), 'c.example.com');
  const { CertificateArn } = await world.aws.acm.send(
    new RequestCertificateCommand({
      DomainName: 'd.example.com',
      ValidationMethod: 'DNS',
      KeyAlgorithm: 'EC_prime256v1',
    }),
  );
  const list = async (input: ListCertificatesCommandInput) => {
    const { CertificateSummaryList, NextToken } = await world.aws.acm.send(new ListCertificatesCommand(input));
    return { arns: CertificateSummaryList?.map((one) => one.CertificateArn), NextToken };
  };
  expect((await list({})).arns).toEqual(rsa);
  expect((await list({ Includes: { keyTypes: ['EC_prime256v1'] } })).arns).toEqual([CertificateArn]);
  expect((await list({ CertificateStatuses: ['ISSUED'] })).arns).toEqual([rsa[1]]);
  const { arns, NextToken } = await list({ MaxItems: 1 });
  expect(arns).toEqual([rsa[0]]);
  expect((await list({ MaxItems: 1, NextToken: NextToken ?? '' })).arns).toEqual([rsa[1]]);
});

test('keeps tags, and forgets a deleted certificate', async () => {
  const CertificateArn = await requestCertificate(world.aws, 'irsa.example.com');
  const Tags = [{ Key: 'a', Value: '1' }];
  await world.aws.acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags: [...Tags, { Key: 'b' }] }));
  await world.aws.acm.send(new RemoveTagsFromCertificateCommand({ CertificateArn, Tags: [{ Key: 'b' }] }));
  const listed = await world.aws.acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
  expect(listed.Tags).toEqual(Tags);
  await world.aws.acm.send(new DeleteCertificateCommand({ CertificateArn }));
  await expect(describeCertificate(CertificateArn)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
