import {
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  RequestCertificateCommand,
  type RequestCertificateCommandInput,
} from '@aws-sdk/client-acm';
import { DeleteDistributionCommand } from '@aws-sdk/client-cloudfront';
import type { Clients } from '../clients.ts';
import type { Cases } from './case.ts';
import { aliased, issueCertificate, makeDistribution, updateDistribution } from './samples.ts';

function request({ acm }: Clients, input: Partial<RequestCertificateCommandInput>) {
  return acm.send(new RequestCertificateCommand({ DomainName: 'a.example.com', ValidationMethod: 'DNS', ...input }));
}

const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: '' }));

export const acmCases: Cases = {
  'certificate-domain-name': {
    error: 'ValidationException',
    status: 400,
    allowed: ({ aws }) =>
      request(aws, { DomainName: '*.example.com', SubjectAlternativeNames: [`${'a'.repeat(60)}.long.example.com`] }),
    refused: ({ aws }) => request(aws, { DomainName: `${'a'.repeat(50)}.long.example.com` }),
    alsoRefused: {
      'a character that no domain has': ({ aws }) => request(aws, { DomainName: 'under_score.example.com' }),
      'a star within': ({ aws }) => request(aws, { DomainName: 'irsa.*.example.com' }),
      'another name of a label of 64 characters': ({ aws }) =>
        request(aws, { SubjectAlternativeNames: [`${'a'.repeat(64)}.example.com`] }),
      'another name of 254 characters': ({ aws }) =>
        request(aws, { SubjectAlternativeNames: [`${'abcd.'.repeat(48)}ab.example.com`] }),
    },
  },
  'certificate-validated-by-dns': {
    error: 'InvalidParameterException',
    status: 400,
    allowed: ({ aws }) => request(aws, {}),
    refused: ({ aws }) => request(aws, { ValidationMethod: 'EMAIL' }),
  },
  'certificate-idempotency-token': {
    error: 'ValidationException',
    status: 400,
    allowed: ({ aws }) => request(aws, { IdempotencyToken: 'a'.repeat(32) }),
    refused: ({ aws }) => request(aws, { IdempotencyToken: 'with-hyphen' }),
    alsoRefused: { '33 characters': ({ aws }) => request(aws, { IdempotencyToken: 'a'.repeat(33) }) },
  },
  'certificate-tags': {
    error: 'TooManyTagsException',
    status: 400,
    allowed: ({ aws }) => request(aws, { Tags: tags(50) }),
    async refused({ aws }) {
      const { CertificateArn } = await request(aws, { Tags: tags(50) });
      await aws.acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags: [{ Key: 'one more', Value: '' }] }));
    },
    alsoRefused: {
      'a key that begins with aws:': {
        error: 'InvalidTagException',
        refused: ({ aws }) => request(aws, { Tags: [{ Key: 'AWS:key', Value: '' }] }),
      },
    },
  },
  'certificate-in-use': {
    error: 'ResourceInUseException',
    status: 400,
    async allowed({ aws, front }) {
      front.state.timing.deployMillis = 0;
      const CertificateArn = await issueCertificate(aws, 'irsa.example.com');
      const { id } = await makeDistribution(aws, aliased('irsa.example.com', CertificateArn));
      const { ETag } = await updateDistribution(aws, id, { Enabled: false });
      await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: ETag }));
      await aws.acm.send(new DeleteCertificateCommand({ CertificateArn }));
    },
    async refused({ aws }) {
      const CertificateArn = await issueCertificate(aws, 'irsa.example.com');
      await makeDistribution(aws, aliased('irsa.example.com', CertificateArn));
      await aws.acm.send(new DeleteCertificateCommand({ CertificateArn }));
    },
  },
};
