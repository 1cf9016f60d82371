import { partitionOf } from '../../../src/aws/partitions.ts';
import { type AcmScope, FakeAcm } from './acm.ts';
import { FakeCloudFront } from './cloudfront.ts';
import type { FakeAws } from './fake-aws.ts';
import { FakeIam } from './iam.ts';
import { FakeRoute53, type FakeZone } from './route53.ts';
import type { FakeBucket } from './s3.ts';

/** One account's services and, for assertions and for spoiling things, what they hold. */
export class FakeAccount {
  readonly iam: FakeIam;
  readonly acm: FakeAcm;
  readonly cloudfront: FakeCloudFront;
  readonly route53: FakeRoute53;
  private readonly acmScope: AcmScope;

  constructor(
    readonly id: string,
    private readonly aws: FakeAws,
  ) {
    const pageSize = () => aws.pageSize;
    const nextNumber = () => aws.nextNumber();
    this.iam = new FakeIam({ id, now: aws.now, pageSize, nextNumber, partition: () => partitionOf(aws.region).name });
    this.route53 = new FakeRoute53({ pageSize, nextNumber });
    this.cloudfront = new FakeCloudFront({
      id,
      now: aws.now,
      pageSize,
      nextNumber,
      distributions: () => [...aws.allAccounts()].flatMap((account) => [...account.distributions.values()]),
      isIssued: (arn, alias) => {
        const certificate = this.certificates.get(arn);
        return certificate?.status === 'ISSUED' && certificate.domain === alias;
      },
    });
    this.acmScope = {
      id,
      now: aws.now,
      pageSize,
      resolve: (name) => resolve(aws, name),
      usersOf: (arn) =>
        [...this.distributions.values()]
          .filter(({ config, before = [] }) =>
            [config, ...before].some(({ ViewerCertificate }) => ViewerCertificate?.ACMCertificateArn === arn),
          )
          .map((distribution) => distribution.arn),
    };
    this.acm = new FakeAcm(this.acmScope, 'us-east-1', new Map());
  }

  acmIn(region: string): FakeAcm {
    return region === 'us-east-1' ? this.acm : new FakeAcm(this.acmScope, region, this.certificates);
  }

  get roles() {
    return this.iam.roles;
  }

  /** By ARN. */
  get providers() {
    return this.iam.providers;
  }

  /** By id. */
  get distributions() {
    return this.cloudfront.distributions;
  }

  /** By id. */
  get originAccessControls() {
    return this.cloudfront.originAccessControls;
  }

  /** By name. */
  get functions() {
    return this.cloudfront.functions;
  }

  /** Of all regions, by ARN. */
  get certificates() {
    return this.acm.certificates;
  }

  /** By id. */
  get zones() {
    return this.route53.zones;
  }

  get buckets(): ReadonlyMap<string, FakeBucket> {
    return new Map([...this.aws.buckets].filter(([, bucket]) => bucket.owner === this.id));
  }

  addZone(name: string, { isPrivate = false } = {}): FakeZone {
    const zone: FakeZone = { id: `Z${this.aws.nextNumber()}`, name, isPrivate, records: [] };
    this.zones.set(zone.id, zone);
    return zone;
  }
}

function resolve(aws: FakeAws, name: string): string | undefined {
  const plain = name.toLowerCase().replace(/\.$/, '');
  const value = aws.publicRecords(plain).find(({ type }) => type === 'CNAME')?.values?.[0];
  // DNS has one form of a name, however somebody wrote it.
  return value && `${value.replace(/\.$/, '')}.`;
}
