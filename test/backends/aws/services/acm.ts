import { Certificate } from '../certificates.ts';
import { awsError } from '../errors.ts';
import type { AwsRequest, Reply } from '../request.ts';
import type { FrontState } from '../state.ts';
import type { Handler } from './index.ts';

// ACM is served here and not by moto, whose certificates are issued by time and share one constant validation record.

interface Tag {
  readonly Key: string;
  readonly Value?: string;
}

const hour = 60 * 60 * 1000;

/** What ListCertificates shows unless it is asked for more: https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html */
const listedByDefault = ['RSA_1024', 'RSA_2048'];

export const acm: Readonly<Record<string, Handler>> = {
  'acm:RequestCertificate': ({ json, accountID, region }, state) => {
    const token = json['IdempotencyToken'] as string | undefined;
    const others = (json['SubjectAlternativeNames'] ?? []) as string[];
    const names = [...new Set([json['DomainName'] as string, ...others])];
    const same = ofCaller(state, accountID, region).find(
      (other) =>
        token !== undefined &&
        other.idempotencyToken === token &&
        other.names.join() === names.join() &&
        Date.now() - other.createdAt < hour,
    );
    const algorithm = (json['KeyAlgorithm'] ?? 'RSA_2048') as string;
    const certificate = same ?? new Certificate(accountID, region, names, algorithm, token);
    state.certificates.set(certificate.arn, certificate);
    addTags(certificate, json['Tags']);
    return answer({ CertificateArn: certificate.arn });
  },

  'acm:DescribeCertificate': async (request, state) => {
    const certificate = find(request, state);
    await certificate.refresh(state.dns);
    certificate.describes++;
    const shown = certificate.describes > state.timing.describesWithoutRecord;
    const options = certificate.names.map(async (name) => ({
      DomainName: name,
      ValidationDomain: name,
      ValidationMethod: 'DNS',
      ValidationStatus: (await certificate.validated(name, state.dns)) ? 'SUCCESS' : 'PENDING_VALIDATION',
      ...(shown && { ResourceRecord: certificate.validationRecord(name) }),
    }));
    return answer({
      Certificate: {
        ...summary(certificate),
        SubjectAlternativeNames: certificate.names,
        DomainValidationOptions: await Promise.all(options),
        ...(certificate.failure !== undefined && { FailureReason: certificate.failure }),
        Subject: `CN=${certificate.names[0]}`,
        Issuer: 'Amazon',
        InUseBy: usedBy(certificate, state),
        RenewalEligibility: usedBy(certificate, state).length > 0 ? 'ELIGIBLE' : 'INELIGIBLE',
        Options: { CertificateTransparencyLoggingPreference: 'ENABLED' },
      },
    });
  },

  'acm:ListCertificates': async ({ json, accountID, region }, state) => {
    const { keyTypes } = (json['Includes'] ?? {}) as { keyTypes?: string[] };
    const statuses = json['CertificateStatuses'] as string[] | undefined;
    const all = ofCaller(state, accountID, region);
    for (const certificate of all) await certificate.refresh(state.dns);
    const wanted = all.filter(
      (certificate) =>
        (keyTypes ?? listedByDefault).includes(certificate.keyAlgorithm) &&
        (statuses ?? [statusOf(certificate)]).includes(statusOf(certificate)),
    );
    const start = Number(json['NextToken'] ?? 0);
    const end = start + Number(json['MaxItems'] ?? 1000);
    return answer({
      CertificateSummaryList: wanted.slice(start, end).map((certificate) => ({
        ...summary(certificate),
        SubjectAlternativeNameSummaries: certificate.names,
        InUse: usedBy(certificate, state).length > 0,
      })),
      ...(end < wanted.length && { NextToken: String(end) }),
    });
  },

  'acm:DeleteCertificate': (request, state) => {
    state.certificates.delete(find(request, state).arn);
    return answer({});
  },

  'acm:AddTagsToCertificate': (request, state) => {
    addTags(find(request, state), request.json['Tags']);
    return answer({});
  },

  'acm:RemoveTagsFromCertificate': (request, state) => {
    const { tags } = find(request, state);
    for (const { Key } of request.json['Tags'] as Tag[]) tags.delete(Key);
    return answer({});
  },

  'acm:ListTagsForCertificate': (request, state) => {
    const tags = [...find(request, state).tags].map(([Key, Value]) => ({ Key, Value }));
    return answer({ Tags: tags });
  },
};

/** The distributions that hold on to a certificate. */
export function usedBy(certificate: Certificate, state: FrontState): string[] {
  const holders = [...state.distributions.values()].filter(({ certificateARN }) => certificateARN === certificate.arn);
  return holders.map(({ arn }) => arn);
}

function ofCaller(state: FrontState, accountID: string, region: string): Certificate[] {
  return [...state.certificates.values()].filter((one) => one.accountID === accountID && one.region === region);
}

function find({ json, accountID, region }: AwsRequest, state: FrontState): Certificate {
  const arn = json['CertificateArn'] as string;
  const found = ofCaller(state, accountID, region).find((certificate) => certificate.arn === arn);
  if (!found) throw awsError('ResourceNotFoundException', 400, `Could not find certificate ${arn}.`);
  return found;
}

function addTags(certificate: Certificate, tags: unknown): void {
  for (const { Key, Value } of (tags ?? []) as Tag[]) certificate.tags.set(Key, Value ?? '');
}

function statusOf({ issuedAt, failure }: Certificate): string {
  if (failure !== undefined) return 'FAILED';
  return issuedAt === undefined ? 'PENDING_VALIDATION' : 'ISSUED';
}

/** What Describe and List have in common; ACM counts time in seconds. */
function summary(certificate: Certificate): Record<string, unknown> {
  const { arn, names, keyAlgorithm, createdAt, issuedAt, notAfter } = certificate;
  return {
    CertificateArn: arn,
    DomainName: names[0],
    Status: statusOf(certificate),
    Type: 'AMAZON_ISSUED',
    KeyAlgorithm: keyAlgorithm,
    CreatedAt: createdAt / 1000,
    ...(issuedAt !== undefined && { IssuedAt: issuedAt / 1000, NotBefore: issuedAt / 1000 }),
    ...(notAfter !== undefined && { NotAfter: notAfter / 1000 }),
  };
}

function answer(fields: Record<string, unknown>): Reply {
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(fields) };
}
