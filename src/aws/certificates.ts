import * as acm from '@aws-sdk/client-acm';
import type { AcmCalls } from './calls.ts';
import { foretold, undefinedIfNotFound } from './errors.ts';
import { plainName } from './names.ts';
import { fromTagList, type TagChanges, toTagList, type Tags } from './tags.ts';

export interface CertificateSpec {
  /** At most 64 octets: it becomes the common name (RFC 5280). */
  readonly domain: string;
  readonly tags: Tags;
  /** Up to 32 of `\w`. ACM remembers it for an hour: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html */
  readonly idempotencyToken: string;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME';
  readonly value: string;
}

export interface Certificate {
  readonly arn: string;
  readonly domain: string;
  /** `pending`: ACM is validating. `failed`: FAILED, VALIDATION_TIMED_OUT, REVOKED, INACTIVE or EXPIRED; only a new one helps. */
  readonly state: 'pending' | 'issued' | 'failed';
  /** Why it failed: ACM's word, and what to do where that is known. */
  readonly failure: string | undefined;
  readonly requestedAt: Date;
  readonly notAfter: Date | undefined;
  /** Why ACM does not renew it: its word, and what to do where that is known. Undefined: nothing is in the way. */
  readonly renewalProblem: string | undefined;
  /** ACM has given up renewing it. */
  readonly renewalFailed: boolean;
  /** The CNAME that proves the domain. ACM shows it after some seconds. All certificates of one name in one account have the same. */
  readonly validationRecord: DnsRecord | undefined;
  /** The ARNs of the resources that use it. */
  readonly inUseBy: readonly string[];
  readonly tags: Tags;
}

/** CloudFront reads certificates of this region only. https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html */
export const certificateRegion = 'us-east-1';

/** ACM certificates of one account in one region. */
export interface Certificates {
  /** 2 reads. */
  find(arn: string): Promise<Certificate | undefined>;
  /** One read. */
  findWithoutTags(arn: string): Promise<Omit<Certificate, 'tags'> | undefined>;
  /** The ARNs of those that findByDomain finds. One read for each page of the region's certificates. */
  listByDomain(domain: string): Promise<readonly string[]>;
  /**
   * Every certificate that names this domain or its wildcard, whoever made it, of all key types and pages. All of these renew by
   * the same record. https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
   */
  findByDomain(domain: string): Promise<readonly Certificate[]>;
  /** One write; DNS validation, RSA-2048. Returns the ARN. */
  request(spec: CertificateSpec): Promise<string>;
  /** One write to set tags and one to remove some. Other tags stay. */
  tag(arn: string, changes: TagChanges): Promise<void>;
  /** Happy if gone. Throws what `isInUse` knows while CloudFront holds it. */
  delete(arn: string): Promise<void>;
}

export class AcmCertificates implements Certificates {
  constructor(private readonly acm: AcmCalls) {}

  async find(arn: string): Promise<Certificate | undefined> {
    const found = await this.findWithoutTags(arn);
    if (!found) return undefined;
    const tagging = await this.acm
      .send(`reading the tags of certificate ${arn}`, new acm.ListTagsForCertificateCommand({ CertificateArn: arn }))
      .catch(undefinedIfNotFound);
    return tagging && { ...found, tags: fromTagList(tagging.Tags) };
  }

  async findWithoutTags(arn: string): Promise<Omit<Certificate, 'tags'> | undefined> {
    const found = await this.acm
      .send(`reading certificate ${arn}`, new acm.DescribeCertificateCommand({ CertificateArn: arn }))
      .catch(undefinedIfNotFound);
    return found?.Certificate && toCertificate(arn, found.Certificate);
  }

  async listByDomain(domain: string): Promise<readonly string[]> {
    const arns: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.acm.send(
        'listing certificates',
        // Without this filter ACM lists RSA keys of up to 2048 bits only.
        new acm.ListCertificatesCommand({ NextToken, Includes: { keyTypes: Object.values(acm.KeyAlgorithm) } }),
      );
      for (const { DomainName, SubjectAlternativeNameSummaries, CertificateArn } of page.CertificateSummaryList ?? []) {
        const names = [DomainName, ...(SubjectAlternativeNameSummaries ?? [])];
        if (CertificateArn && (names.includes(domain) || names.includes(`*.${domain}`))) arns.push(CertificateArn);
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return arns;
  }

  async findByDomain(domain: string): Promise<readonly Certificate[]> {
    const found: Certificate[] = [];
    for (const arn of await this.listByDomain(domain)) {
      const certificate = await this.find(arn);
      if (certificate) found.push(certificate);
    }
    return found;
  }

  async request(spec: CertificateSpec): Promise<string> {
    const { CertificateArn } = await this.acm.send(
      `requesting a certificate for ${spec.domain}`,
      new acm.RequestCertificateCommand({
        DomainName: spec.domain,
        ValidationMethod: 'DNS',
        KeyAlgorithm: 'RSA_2048',
        IdempotencyToken: spec.idempotencyToken,
        Tags: toTagList(spec.tags),
      }),
    );
    return CertificateArn ?? '';
  }

  async tag(arn: string, { set, remove }: TagChanges): Promise<void> {
    const CertificateArn = arn;
    if (Object.keys(set).length > 0) {
      await this.acm.send(
        `tagging certificate ${arn}`,
        new acm.AddTagsToCertificateCommand({ CertificateArn, Tags: toTagList(set) }),
      );
    }
    if (remove.length > 0) {
      // Without a value, ACM removes the tag whatever its value is.
      await this.acm.send(
        `untagging certificate ${arn}`,
        new acm.RemoveTagsFromCertificateCommand({ CertificateArn, Tags: remove.map((Key) => ({ Key })) }),
      );
    }
  }

  async delete(arn: string): Promise<void> {
    await this.acm
      .send(`deleting certificate ${arn}`, new acm.DeleteCertificateCommand({ CertificateArn: arn }), async () => {
        const { inUseBy } = (await this.find(arn)) ?? {};
        if (!inUseBy) throw foretold.notFound();
        if (inUseBy.length > 0) throw foretold.inUse();
        return undefined;
      })
      .catch(undefinedIfNotFound);
  }
}

/** https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-caa.html */
const failureOf = (reason: string) =>
  reason === 'CAA_ERROR'
    ? `${reason}: a CAA record of the domain forbids it: add one with 0 issue "amazon.com"`
    : reason;

/** https://docs.aws.amazon.com/acm/latest/userguide/check-certificate-renewal-status.html */
function renewalProblemOf(renewal: acm.RenewalSummary | undefined): string | undefined {
  const { RenewalStatus: status, RenewalStatusReason: reason } = renewal ?? {};
  if (status !== 'FAILED' && status !== 'PENDING_VALIDATION') return undefined;
  return reason === undefined ? status : failureOf(reason);
}

function toCertificate(arn: string, detail: acm.CertificateDetail): Omit<Certificate, 'tags'> {
  const { DomainName: domain = '', Status, FailureReason, CreatedAt, NotAfter, InUseBy = [] } = detail;
  const record = detail.DomainValidationOptions?.find((option) => option.DomainName === domain)?.ResourceRecord;
  const state = Status === 'ISSUED' ? 'issued' : Status === 'PENDING_VALIDATION' ? 'pending' : 'failed';
  return {
    arn,
    domain,
    state,
    failure: state === 'failed' ? failureOf(FailureReason ?? Status ?? '') : undefined,
    requestedAt: CreatedAt ?? new Date(0),
    notAfter: NotAfter,
    renewalProblem: renewalProblemOf(detail.RenewalSummary),
    renewalFailed: detail.RenewalSummary?.RenewalStatus === 'FAILED',
    validationRecord: record && {
      name: plainName(record.Name ?? ''),
      type: 'CNAME',
      value: record.Value ?? '',
    },
    inUseBy: InUseBy,
  };
}
