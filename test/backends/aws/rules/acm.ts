import { awsError } from '../errors.ts';
import type { Rule } from '../rule.ts';
import { usedBy } from '../services/acm.ts';

const api = 'https://docs.aws.amazon.com/acm/latest/APIReference';
const domain = /^(\*\.)?((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/;

export const acmRules: readonly Rule[] = [
  {
    name: 'certificate-domain-name',
    page: `${api}/API_RequestCertificate.html`,
    operations: ['acm:RequestCertificate'],
    check({ json }) {
      const names = [json['DomainName'], ...((json['SubjectAlternativeNames'] ?? []) as unknown[])].map(String);
      const [first = ''] = names;
      const wrong = names.find((name) => name.length > 253 || !domain.test(name));
      if (first.length > 64) {
        return awsError('ValidationException', 400, 'The first domain name can be no longer than 64 characters.');
      }
      return wrong === undefined ? undefined : awsError('ValidationException', 400, `${wrong} is no domain name.`);
    },
  },
  {
    name: 'certificate-validated-by-dns',
    page: 'https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html',
    operations: ['acm:RequestCertificate'],
    check({ json }) {
      if (json['ValidationMethod'] === 'DNS') return undefined;
      // ACM would send mail and wait for somebody to read it.
      return awsError('InvalidParameterException', 400, 'Only ValidationMethod DNS can ever be fulfilled here.');
    },
  },
  {
    name: 'certificate-idempotency-token',
    page: `${api}/API_RequestCertificate.html`,
    operations: ['acm:RequestCertificate'],
    check({ json }) {
      const token = json['IdempotencyToken'] as string | undefined;
      if (token === undefined || /^\w{1,32}$/.test(token)) return undefined;
      return awsError('ValidationException', 400, 'IdempotencyToken must match \\w+ and have at most 32 characters.');
    },
  },
  {
    name: 'certificate-tags',
    page: `${api}/API_AddTagsToCertificate.html`,
    operations: ['acm:RequestCertificate', 'acm:AddTagsToCertificate'],
    check({ json }, state) {
      const sent = ((json['Tags'] ?? []) as { Key: string }[]).map(({ Key }) => Key);
      const tagged = state.certificates.get(String(json['CertificateArn']));
      if (sent.some((key) => key.toLowerCase().startsWith('aws:'))) {
        return awsError('InvalidTagException', 400, 'Tag keys may not begin with aws:.');
      }
      if (new Set([...(tagged?.tags.keys() ?? []), ...sent]).size <= 50) return undefined;
      return awsError('TooManyTagsException', 400, 'A certificate has at most 50 tags.');
    },
  },
  {
    name: 'certificate-in-use',
    page: `${api}/API_DeleteCertificate.html`,
    operations: ['acm:DeleteCertificate'],
    check({ json }, state) {
      const certificate = state.certificates.get(String(json['CertificateArn']));
      if (!certificate || usedBy(certificate, state).length === 0) return undefined;
      return awsError('ResourceInUseException', 400, `Certificate ${certificate.arn} is in use.`);
    },
  },
];
