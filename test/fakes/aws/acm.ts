import { createHash } from 'node:crypto';
import type * as acm from '@aws-sdk/client-acm';
import { page, ServiceError, tagList, tagRecord } from './service.ts';

export interface FakeCertificate {
  readonly arn: string;
  readonly domain: string;
  /** Besides the domain. */
  readonly alternativeNames?: readonly string[];
  readonly requestedAt: number;
  readonly token: string | undefined;
  status: acm.CertificateStatus;
  failure: acm.FailureReason | undefined;
  keyAlgorithm: acm.KeyAlgorithm;
  /** Absent: ACM has not begun to renew it. */
  renewal?: Pick<acm.RenewalSummary, 'RenewalStatus' | 'RenewalStatusReason'>;
  /** Absent: ACM has not renewed it. */
  renewedAt?: number;
  tags: Record<string, string>;
  /** So many more answers do not tell the validation record yet, as for the first seconds. */
  recordHiddenFor: number;
  /** So many more answers say that ACM is still validating, although the record is there. Absent: none. */
  validatingFor?: number;
}

export interface AcmScope {
  readonly id: string;
  readonly now: () => number;
  pageSize(): number;
  /** The value of a public CNAME, in whatever account. */
  resolve(name: string): string | undefined;
  /** ARNs of distributions with this certificate. */
  usersOf(arn: string): string[];
}

export class FakeAcm {
  #requested = 0;

  constructor(
    private readonly scope: AcmScope,
    private readonly region: string,
    /** Of all regions, by ARN. */
    readonly certificates: Map<string, FakeCertificate>,
  ) {}

  RequestCertificate(input: acm.RequestCertificateRequest) {
    const { DomainName: domain = '', IdempotencyToken: token } = input;
    if (domain.length > 64) throw new ServiceError('InvalidDomainValidationOptionsException', 400, domain);
    if (token !== undefined && !/^\w{1,32}$/.test(token)) throw new ServiceError('ValidationException', 400, token);
    const now = this.scope.now();
    const repeated = [...this.certificates.values()].find(
      (known) =>
        token !== undefined && known.token === token && known.domain === domain && now - known.requestedAt < 3_600_000,
    );
    if (repeated) return { CertificateArn: repeated.arn };
    const arn = `arn:aws:acm:${this.region}:${this.scope.id}:certificate/${this.scope.id}-${++this.#requested}`;
    this.certificates.set(arn, {
      arn,
      domain,
      requestedAt: now,
      token,
      status: 'PENDING_VALIDATION',
      failure: undefined,
      keyAlgorithm: input.KeyAlgorithm ?? 'RSA_2048',
      tags: tagRecord(input.Tags),
      recordHiddenFor: 0,
    });
    return { CertificateArn: arn };
  }

  DescribeCertificate({ CertificateArn }: acm.DescribeCertificateRequest) {
    const certificate = this.certificate(CertificateArn);
    const record = validationRecord(this.scope.id, certificate.domain);
    if (certificate.status === 'PENDING_VALIDATION' && this.scope.resolve(record.Name) === record.Value) {
      const { validatingFor = 0 } = certificate;
      if (validatingFor > 0) certificate.validatingFor = validatingFor - 1;
      else certificate.status = 'ISSUED';
    }
    const hidden = certificate.recordHiddenFor > 0;
    if (hidden) certificate.recordHiddenFor -= 1;
    const { arn, domain, status, failure, keyAlgorithm } = certificate;
    const validFrom = certificate.renewedAt ?? certificate.requestedAt;
    return {
      Certificate: {
        CertificateArn: arn,
        DomainName: domain,
        Status: status,
        FailureReason: failure,
        KeyAlgorithm: keyAlgorithm,
        CreatedAt: new Date(certificate.requestedAt),
        NotAfter: status === 'ISSUED' ? new Date(validFrom + 198 * 86_400_000) : undefined,
        InUseBy: this.scope.usersOf(arn),
        ...(certificate.renewal && { RenewalSummary: certificate.renewal }),
        DomainValidationOptions: [
          { DomainName: domain, ValidationMethod: 'DNS', ...(hidden ? {} : { ResourceRecord: record }) },
        ],
      },
    };
  }

  ListCertificates({ NextToken, Includes }: acm.ListCertificatesRequest) {
    const keyTypes = Includes?.keyTypes ?? ['RSA_1024', 'RSA_2048'];
    const listed = [...this.certificates.values()].filter(
      ({ arn, keyAlgorithm }) => this.isHere(arn) && keyTypes.includes(keyAlgorithm),
    );
    const { items, next } = page(listed, ({ arn }) => arn, NextToken, this.scope.pageSize());
    return {
      CertificateSummaryList: items.map(({ arn, domain, alternativeNames = [] }) => ({
        CertificateArn: arn,
        DomainName: domain,
        SubjectAlternativeNameSummaries: [domain, ...alternativeNames],
      })),
      NextToken: next,
    };
  }

  ListTagsForCertificate({ CertificateArn }: acm.ListTagsForCertificateRequest) {
    return { Tags: tagList(this.certificate(CertificateArn).tags) };
  }

  AddTagsToCertificate({ CertificateArn, Tags }: acm.AddTagsToCertificateRequest) {
    Object.assign(this.certificate(CertificateArn).tags, tagRecord(Tags));
    return {};
  }

  RemoveTagsFromCertificate({ CertificateArn, Tags }: acm.RemoveTagsFromCertificateRequest) {
    const { tags } = this.certificate(CertificateArn);
    for (const { Key = '', Value } of Tags ?? []) if (Value === undefined || tags[Key] === Value) delete tags[Key];
    return {};
  }

  DeleteCertificate({ CertificateArn }: acm.DeleteCertificateRequest) {
    const { arn } = this.certificate(CertificateArn);
    if (this.scope.usersOf(arn).length > 0) throw new ServiceError('ResourceInUseException', 400, arn);
    this.certificates.delete(arn);
    return {};
  }

  private isHere(arn: string): boolean {
    return arn.split(':')[3] === this.region;
  }

  private certificate(arn = ''): FakeCertificate {
    const certificate = this.isHere(arn) ? this.certificates.get(arn) : undefined;
    if (!certificate) throw new ServiceError('ResourceNotFoundException', 400, `Could not find certificate ${arn}.`);
    return certificate;
  }
}

/** The same for every certificate of a name in an account. */
/** The record by which ACM lets this account prove the domain. */
export function validationRecord(account: string, domain: string) {
  const digest = createHash('sha256').update(`${account}/${domain}`).digest('hex').slice(0, 32);
  return { Name: `_${digest}.${domain}.`, Type: 'CNAME', Value: `_${digest}.acm-validations.aws.` } as const;
}
