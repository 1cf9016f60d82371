import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { IAMClient } from '@aws-sdk/client-iam';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsFront } from './front.ts';
import { partitionOf } from './partition.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const longLived: Credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };

/** A test's own clients of AWS in one account, straight to the front; each call is tried once. */
export class Clients {
  readonly acm: ACMClient;
  readonly cloudFront: CloudFrontClient;
  readonly iam: IAMClient;
  readonly route53: Route53Client;
  readonly s3: S3Client;
  readonly sts: STSClient;

  constructor(
    readonly front: AwsFront,
    readonly region = 'us-east-1',
    private readonly credentials: Credentials = longLived,
  ) {
    const options = { endpoint: front.url, region, credentials, maxAttempts: 1 };
    this.acm = new ACMClient(options);
    this.cloudFront = new CloudFrontClient(options);
    this.iam = new IAMClient(options);
    this.route53 = new Route53Client(options);
    this.s3 = new S3Client(options);
    this.sts = new STSClient(options);
  }

  /** The same caller in another region. */
  at(region: string): Clients {
    return new Clients(this.front, region, this.credentials);
  }

  /** A role of another account, assumed. */
  async in(accountID: string): Promise<Clients> {
    const RoleArn = `arn:${partitionOf(this.region)}:iam::${accountID}:role/operator`;
    const { Credentials: given } = await this.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken) throw new Error('no credentials');
    return new Clients(this.front, this.region, {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken,
    });
  }

  destroy(): void {
    for (const client of [this.acm, this.cloudFront, this.iam, this.route53, this.s3, this.sts]) client.destroy();
  }
}
