import { randomBytes } from 'node:crypto';
import { items, text, texts, type Xml } from './xml.ts';

export interface Origin {
  readonly id: string;
  /** For an S3 origin `<bucket>.s3.<region>.amazonaws.com`. */
  readonly domainName: string;
  readonly path: string;
  /** Empty where there is none. */
  readonly originAccessControlID: string;
  /** The id of what distributions signed with before there were origin access controls. Empty where there is none. */
  readonly originAccessIdentity: string;
}

/** A CloudFront distribution: its configuration as CloudFront would show it, and what is read out of it. */
export class Distribution {
  readonly id = `E${letters(13)}`;
  readonly arn: string;
  /** Lower case, as CloudFront makes them. */
  readonly domainName = `d${letters(13).toLowerCase()}.cloudfront.net`;
  readonly tags = new Map<string, string>();
  etag = '';
  lastModified = 0;
  /** When what was last changed stands at every edge. */
  deployedAt = 0;
  /** As it stood at every edge before the changes that are on their way. */
  private former: Distribution | undefined;

  constructor(
    readonly accountID: string,
    public config: Xml,
  ) {
    this.arn = `arn:aws:cloudfront::${accountID}:distribution/${this.id}`;
  }

  /** Takes a configuration over, as a change that has to reach the edges. */
  change(config: Xml, deployMillis: number): void {
    if (this.deployedAt > 0 && this.deployed) {
      const asItWas = { config: { value: this.config }, etag: { value: this.etag } };
      this.former = Object.create(this, asItWas) as Distribution;
    }
    this.config = config;
    this.etag = `E${letters(13)}`;
    this.lastModified = Date.now();
    this.deployedAt = this.lastModified + deployMillis;
  }

  get deployed(): boolean {
    return Date.now() >= this.deployedAt;
  }
  /** As the edge has it that hears last of changes. Undefined: it has nothing yet. */
  get atLastEdge(): Distribution | undefined {
    return this.deployed ? this : this.former;
  }
  get callerReference(): string {
    return text(this.config, 'CallerReference');
  }
  get enabled(): boolean {
    return text(this.config, 'Enabled') === 'true';
  }
  get aliases(): string[] {
    return aliases(this.config);
  }
  get origins(): Origin[] {
    return origins(this.config);
  }
  /** Undefined with CloudFront's own certificate. */
  get certificateARN(): string | undefined {
    return text(this.config, 'ViewerCertificate', 'ACMCertificateArn') || undefined;
  }
}

/** What lets a distribution sign its requests to a private bucket. */
export class OriginAccessControl {
  readonly id = `E${letters(13)}`;
  etag = `E${letters(13)}`;

  constructor(
    readonly accountID: string,
    public config: Xml,
  ) {}

  change(config: Xml): void {
    this.config = config;
    this.etag = `E${letters(13)}`;
  }

  get name(): string {
    return text(this.config, 'Name');
  }
  get signingBehavior(): string {
    return text(this.config, 'SigningBehavior');
  }
  get signingProtocol(): string {
    return text(this.config, 'SigningProtocol');
  }
  get originType(): string {
    return text(this.config, 'OriginAccessControlOriginType');
  }
}

/** Alternate domain names of a DistributionConfig, in lower case. */
export function aliases(config: Xml): string[] {
  return texts(config, 'Aliases', 'Items', 'CNAME').map((name) => name.toLowerCase());
}

export function origins(config: Xml): Origin[] {
  return items(config, 'Origins', 'Items', 'Origin').map((origin) => ({
    id: text(origin, 'Id'),
    domainName: text(origin, 'DomainName'),
    path: text(origin, 'OriginPath'),
    originAccessControlID: text(origin, 'OriginAccessControlId'),
    originAccessIdentity: text(origin, 'S3OriginConfig', 'OriginAccessIdentity').replace(/^.*\//, ''),
  }));
}

function letters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join('');
}
