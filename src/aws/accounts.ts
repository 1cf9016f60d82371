import { S3Buckets, type Buckets } from './buckets.ts';
import { type Breaker, type CallOptions, Calls } from './calls.ts';
import { AcmCertificates, certificateRegion, type Certificates } from './certificates.ts';
import type { Clients } from './clients.ts';
import { CloudFrontDistributions, type Distributions } from './distributions.ts';
import { Route53Dns, type Dns } from './dns.ts';
import { CloudFrontFunctions, type EdgeFunctions } from './functions.ts';
import type { CredentialSource } from './credentials.ts';
import type { LimiterClock } from './limiter.ts';
import { Limiters, type Limits, type Service } from './limits.ts';
import { CloudFrontOriginAccessControls, type OriginAccessControls } from './origin-access-controls.ts';
import { partitionOf, type Partition } from './partitions.ts';
import { IamOidcProviders, type OidcProviders } from './providers.ts';
import { type Reached, ReachedAccounts } from './reached-accounts.ts';
import { IamRoles, type Roles } from './roles.ts';
import { Recent } from './recent.ts';
import { type Scope, unlessAborted } from './scope.ts';

/** Far more than an operator needs. There is a bound because users write account ids and regions. */
const mostBreakers = 5_000;

/** One AWS account, reached through one role or with the operator's own credentials, on behalf of one scope. */
export interface Account {
  readonly id: string;
  /** Undefined: the operator's own credentials. */
  readonly roleARN: string | undefined;
  readonly partition: Partition;
  readonly roles: Roles;
  readonly providers: OidcProviders;
  /** Those that CloudFront can use. */
  readonly certificates: Certificates;
  readonly distributions: Distributions;
  readonly originAccessControls: OriginAccessControls;
  readonly edgeFunctions: EdgeFunctions;
  readonly dns: Dns;
  buckets(region: string): Buckets;
  certificatesIn(region: string): Certificates;
  /** Fails if the role cannot be assumed. Asks AWS nothing while there are credentials of the role. */
  open(): Promise<void>;
}

/** How an account is reached. */
export interface AccountRef {
  /** Undefined: with the operator's own credentials. */
  readonly roleARN: string | undefined;
  /** The namespace of the object that names the role. It is part of the external id, by which an account's owner can pin a role to one namespace. */
  readonly namespace: string;
}

export interface Accounts {
  /**
   * The account of this role, or the operator's own account, for the calls of one scope. Scopes share clients and
   * credentials, but namespaces never do: there is one AssumeRole for each role ARN, namespace and hour.
   * For a role this asks AWS nothing, because the ARN holds the account. For the operator's own account it asks
   * GetCallerIdentity once.
   */
  get(ref: AccountRef, scope: Scope): Promise<Account>;
}

export interface AccountsOptions {
  readonly clients: Clients;
  /** Where the operator runs. */
  readonly region: string;
  /** It is the name of the sessions in CloudTrail, and a part of external ids. */
  readonly installation: string;
  /** The operator's own scope. It asks for the credentials that scopes share, so that no pass can cut them off for the others. */
  readonly operator: Scope;
  /** Milliseconds for one call, retries included; absent: a minute. */
  readonly deadline?: number;
  readonly limits?: Limits;
  /** Of the limiters; absent: real time. */
  readonly limiterClock?: LimiterClock;
  readonly breaker: () => Breaker;
  readonly count?: CallOptions['count'];
  /** Milliseconds since some moment, by a clock that nobody sets. Absent: the process's own. */
  readonly now?: () => number;
}

const monotonic = () => performance.now();

export class AwsAccounts implements Accounts {
  private readonly partition: Partition;
  private readonly reached: ReachedAccounts;
  private readonly limiters: Limiters;
  /**
   * By service, account and region. A service that is silent in one account may answer in another, by another way there, and S3 in
   * one region says nothing about S3 in another.
   */
  private readonly breakers: Recent<Breaker>;
  private readonly now: () => number;

  constructor(private readonly options: AccountsOptions) {
    const { clients, installation, limits, limiterClock, operator, region, now = monotonic } = options;
    this.now = now;
    this.partition = partitionOf(region);
    this.limiters = new Limiters(limits, limiterClock);
    this.breakers = new Recent(mostBreakers);
    // These calls tell the operator its own account, so they are limited under no account's id.
    const sts = new Calls(() => clients.sts, this.callOptions({ id: '', scope: operator })('sts'));
    this.reached = new ReachedAccounts({ clients, installation, now, sts, partition: this.partition });
  }

  async get(ref: AccountRef, scope: Scope): Promise<Account> {
    return this.account(await unlessAborted(scope.signal, this.reached.reach(ref)), scope);
  }

  private account({ id, roleARN, clients, credentials, zones }: Reached, scope: Scope): Account {
    const { partition } = this;
    const logger = scope.logger.child({ account: id });
    const options = this.callOptions({ id, scope: { ...scope, logger }, credentials });
    const iam = new Calls(() => clients.iam, options('iam'));
    const certificatesIn = (region: string) =>
      new AcmCertificates(new Calls(() => clients.acm(region), options('acm')));
    const cloudfront = new Calls(() => clients.cloudfront, options('cloudfront'));
    return {
      id,
      roleARN,
      partition,
      roles: new IamRoles(iam, { id, partition }),
      providers: new IamOidcProviders(iam, { id, partition }),
      certificates: certificatesIn(certificateRegion),
      certificatesIn,
      distributions: new CloudFrontDistributions(cloudfront),
      originAccessControls: new CloudFrontOriginAccessControls(cloudfront),
      edgeFunctions: new CloudFrontFunctions(cloudfront, { id, partition }),
      dns: new Route53Dns(new Calls(() => clients.route53, options('route53')), zones, this.now),
      buckets: (region) =>
        new S3Buckets(new Calls(() => clients.s3(region), options('s3', region)), { accountID: id, region }),
      open: async () => {
        if (roleARN !== undefined) await unlessAborted(scope.signal, credentials());
      },
    };
  }

  /** Several roles may lead to one account, which counts their calls together. */
  private callOptions({ id, scope, credentials }: Caller) {
    const { breaker, count, deadline = 60_000 } = this.options;
    return (service: Service, region = '') => {
      const place = `${id} ${region}`;
      return {
        scope,
        deadline,
        ...(credentials && { credentials }),
        ...(count && { count }),
        limiter: this.limiters.of(service, place),
        breaker: this.breakers.get(`${service} ${place}`, breaker),
      };
    };
  }
}

/** Who calls which account, and with which credentials. */
interface Caller {
  readonly id: string;
  readonly scope: Scope;
  /** Absent: those of STS's client, which asks STS itself for them. */
  readonly credentials?: CredentialSource;
}
