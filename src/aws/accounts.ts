import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { Logger } from '../observability/logger.ts';
import { S3Buckets, type Buckets } from './buckets.ts';
import { Calls } from './calls.ts';
import { AcmCertificates, type Certificates } from './certificates.ts';
import type { AccountClients, Clients } from './clients.ts';
import { assumedRole, sessionName } from './credentials.ts';
import { CloudFrontDistributions, type Distributions } from './distributions.ts';
import { Route53Dns, type Dns } from './dns.ts';
import { limiters, serviceLimits, type Limit, type Limiters, type Service } from './limits.ts';
import { CloudFrontOriginAccessControls, type OriginAccessControls } from './origin-access-controls.ts';
import { partitionOf, type Partition } from './partitions.ts';
import { IamOidcProviders, type OidcProviders } from './providers.ts';
import { IamRoles, type Roles } from './roles.ts';

/** One AWS account, reached through one role or with the operator's own credentials. */
export interface Account {
  readonly id: string;
  /** Undefined: the operator's own credentials. */
  readonly roleARN: string | undefined;
  readonly partition: Partition;
  readonly roles: Roles;
  readonly providers: OidcProviders;
  readonly certificates: Certificates;
  readonly distributions: Distributions;
  readonly originAccessControls: OriginAccessControls;
  readonly dns: Dns;
  buckets(region: string): Buckets;
}

export interface Accounts {
  /**
   * The account of this role, else of the operator itself. Its clients are made once and share one set of credentials:
   * one AssumeRole an account and hour. Asks AWS nothing for a role (its ARN holds the account), once GetCallerIdentity for itself.
   */
  get(roleARN: string | undefined): Promise<Account>;
}

export interface AccountsOptions {
  readonly clients: Clients;
  /** Where the operator runs. */
  readonly region: string;
  /** Shows in CloudTrail as the name of the sessions. */
  readonly installation: string;
  readonly logger: Logger;
  /** Aborts every call, running or to come. */
  readonly stop: AbortSignal;
  /** Milliseconds for one call, retries included; absent: a minute. */
  readonly deadline?: number;
  readonly limits?: Readonly<Record<Service, Limit>>;
  readonly now?: () => number;
}

export class AwsAccounts implements Accounts {
  private readonly partition: Partition;
  private readonly accounts = new Map<string | undefined, Promise<Account>>();
  private readonly limiters = new Map<string, Limiters>();
  private readonly now: () => number;

  constructor(private readonly options: AccountsOptions) {
    this.partition = partitionOf(options.region);
    this.now = options.now ?? Date.now;
  }

  get(roleARN: string | undefined): Promise<Account> {
    const known = this.accounts.get(roleARN);
    if (known) return known;
    const account = roleARN === undefined ? this.ownAccount() : this.accountOf(roleARN);
    this.accounts.set(roleARN, account);
    account.catch(() => this.accounts.delete(roleARN));
    return account;
  }

  private async ownAccount(): Promise<Account> {
    const { Account: id } = await this.ownSts().send(
      'asking whose credentials these are',
      new GetCallerIdentityCommand({}),
    );
    if (!id) throw new Error('asking whose credentials these are: STS named no account');
    return this.account(id, undefined, this.options.clients.forCredentials(undefined));
  }

  private async accountOf(roleARN: string): Promise<Account> {
    const [, partition, id] = /^arn:([^:]+):iam::(\d{12}):role\/.+$/.exec(roleARN) ?? [];
    if (!partition || !id) throw new Error(`${roleARN} is not the ARN of an IAM role`);
    if (partition !== this.partition.name) {
      throw new Error(
        `${roleARN} is in partition ${partition}, and the operator's credentials are of ${this.partition.name}`,
      );
    }
    const credentials = assumedRole(this.ownSts(), roleARN, sessionName(this.options.installation), this.now);
    return this.account(id, roleARN, this.options.clients.forCredentials(credentials));
  }

  /** Limited under no account's id, for these calls are what tells the operator its own. */
  private ownSts() {
    return new Calls(this.options.clients.sts, this.callOptions('', 'sts'));
  }

  private account(id: string, roleARN: string | undefined, clients: AccountClients): Account {
    const { partition } = this;
    const iam = new Calls(clients.iam, this.callOptions(id, 'iam'));
    const cloudfront = new Calls(clients.cloudfront, this.callOptions(id, 'cloudfront'));
    return {
      id,
      roleARN,
      partition,
      roles: new IamRoles(iam),
      providers: new IamOidcProviders(iam, { id, partition }),
      certificates: new AcmCertificates(new Calls(clients.acm, this.callOptions(id, 'acm'))),
      distributions: new CloudFrontDistributions(cloudfront),
      originAccessControls: new CloudFrontOriginAccessControls(cloudfront),
      dns: new Route53Dns(new Calls(clients.route53, this.callOptions(id, 'route53')), this.now),
      buckets: (region) =>
        new S3Buckets(new Calls(clients.s3(region), this.callOptions(id, 's3')), { accountID: id, region }),
    };
  }

  /** Several roles may lead to one account, which counts their calls together. */
  private callOptions(accountID: string, service: Service) {
    const { stop, deadline = 60_000, limits = serviceLimits, logger } = this.options;
    const shared = this.limiters.get(accountID) ?? limiters(limits);
    this.limiters.set(accountID, shared);
    return { stop, deadline, limiter: shared[service], logger: logger.child({ account: accountID }) };
  }
}
