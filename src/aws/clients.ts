import type { Agent } from 'node:https';
import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { IAMClient } from '@aws-sdk/client-iam';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type * as calls from './calls.ts';
import type { CredentialSource } from './credentials.ts';
import { Recent } from './recent.ts';

/** Clients that share one set of credentials. Each is made when it is first read. */
export interface AccountClients {
  readonly cloudfront: calls.CloudFrontClient;
  readonly iam: calls.IamClient;
  readonly route53: calls.Route53Client;
  acm(region: string): calls.AcmClient;
  s3(region: string): calls.S3Client;
}

export interface Clients {
  /** With the operator's own credentials. */
  readonly sts: calls.StsClient;
  /** The operator's own, as the SDK finds them. */
  readonly ownCredentials: CredentialSource;
  /** Undefined: the operator's own. */
  forCredentials(credentials: CredentialSource | undefined): AccountClients;
}

export interface ClientOptions {
  /** The region where the operator runs. The global services of its partition have one endpoint, which the SDK finds from any region. */
  readonly region: string;
  /** The agent of all connections, so that its proxy is the proxy of all. */
  readonly agent: Agent;
  /** Milliseconds. */
  readonly connectionTimeout?: number;
  /** After so many milliseconds without an answer an attempt counts as failed. */
  readonly requestTimeout?: number;
}

/** More than AWS has. There is a bound because users write regions. */
const mostRegions = 50;

/** The only maker of SDK clients. */
export class SdkClients implements Clients {
  readonly sts: calls.StsClient;
  readonly ownCredentials: CredentialSource;
  private readonly config;

  constructor(options: ClientOptions) {
    const requestHandler = new NodeHttpHandler({
      httpsAgent: options.agent,
      connectionTimeout: options.connectionTimeout ?? 5_000,
      requestTimeout: options.requestTimeout ?? 15_000,
      // Without this the handler only warns.
      throwOnRequestTimeout: true,
    });
    this.config = { region: options.region, requestHandler, retryMode: 'standard', maxAttempts: 3 } as const;
    const sts = new STSClient(this.config);
    this.sts = sts;
    // All clients share what one of them found and keeps until it expires.
    this.ownCredentials = () => sts.config.credentials();
  }

  forCredentials(credentials: CredentialSource = this.ownCredentials): AccountClients {
    const config = { ...this.config, credentials };
    const cloudfront = once(() => new CloudFrontClient(config));
    const iam = once(() => new IAMClient(config));
    const route53 = once(() => new Route53Client(config));
    const acm = new Recent<ACMClient>(mostRegions);
    const s3 = new Recent<S3Client>(mostRegions);
    return {
      get cloudfront() {
        return cloudfront();
      },
      get iam() {
        return iam();
      },
      get route53() {
        return route53();
      },
      acm: (region) => acm.get(region, () => new ACMClient({ ...config, region })),
      s3: (region) => s3.get(region, () => new S3Client({ ...config, region })),
    };
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
