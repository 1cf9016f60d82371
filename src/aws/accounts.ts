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
import type { Quotas } from './quotas.ts';
import { type Reached, ReachedAccounts, unusedAfter } from './reached-accounts.ts';
import type { SweptRole } from './role-sweep.ts';
import { RoleSweeps } from './role-sweeps.ts';
import { IamRoles, type Role, type Roles } from './roles.ts';
import { Recent } from './recent.ts';
import { type Scope, unlessAborted } from './scope.ts';
import { SharedIam, type SharedIamObserver } from './shared-iam.ts';

/** Far more than an operator needs. There is a bound because users write account ids and regions. */
const mostBreakers = 5_000;
const mostSweeps = 5_000;
/** In milliseconds. */
const standardDeadline = 60_000;

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
  /**
   * The role as a sweep of the account shows it: all roles are read together, by two calls and one for each further page, for all
   * passes that ask within `maxAge` milliseconds. It began at most that long ago and after our last change of the role, but it may
   * be older than it looks, so it is good for nothing but to see that all is well.
   * @returns undefined: read the role itself. The sweep does not show it, takes too long, or cannot be made
   */
  sweptRole(role: Pick<Role, 'name' | 'path'>, maxAge: number): Promise<SweptRole | undefined>;
  /** Undefined: the operator may not read them, or IAM does not answer. One read an hour. */
  quotas(): Promise<Quotas | undefined>;
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
  /** The operator's own scope. It asks for what scopes share, such as credentials, so that no pass can cut that off for the others. */
  readonly operator: Scope;
  /** Milliseconds for one call, retries included; absent: a minute. */
  readonly deadline?: number;
  readonly limits?: Limits;
  /** Of the limiters; absent: real time. */
  readonly limiterClock?: LimiterClock;
  readonly breaker: () => Breaker;
  readonly count?: CallOptions['count'];
  readonly observer?: SharedIamObserver;
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
  /** By account, because it is the account's roles that change, by whatever way it is reached. */
  private readonly sweeps: Recent<RoleSweeps>;
  private readonly now: () => number;

  constructor(private readonly options: AccountsOptions) {
    const { clients, installation, limits, limiterClock, operator, region, now = monotonic } = options;
    this.now = now;
    this.partition = partitionOf(region);
    this.limiters = new Limiters(limits, limiterClock);
    this.breakers = new Recent(mostBreakers);
    this.sweeps = new Recent(mostSweeps, { unused: { after: unusedAfter, now } });
    // These calls tell the operator its own account, so they are limited under no account's id.
    const sts = new Calls(() => clients.sts, this.callOptions({ id: '', scope: operator })('sts'));
    this.reached = new ReachedAccounts({ clients, installation, now, sts, partition: this.partition });
  }

  async get(ref: AccountRef, scope: Scope): Promise<Account> {
    return this.account(await unlessAborted(scope.signal, this.reached.reach(ref)), scope);
  }

  private account(reached: Reached, scope: Scope): Account {
    const { id, roleARN, clients, credentials, zones } = reached;
    const { partition, now } = this;
    const logger = scope.logger.child({ account: id });
    const options = this.callOptions({ id, scope: { ...scope, logger }, credentials });
    const sweeps = this.sweeps.get(id, () => new RoleSweeps(now));
    const shared = this.sharedIam(reached, sweeps);
    const changes = (input: { readonly RoleName?: string }) => {
      if (input.RoleName !== undefined) sweeps.changes(input.RoleName);
    };
    const iam = new Calls(() => clients.iam, { ...options('iam'), changes });
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
      dns: new Route53Dns(new Calls(() => clients.route53, options('route53')), zones, now),
      buckets: (region) =>
        new S3Buckets(new Calls(() => clients.s3(region), options('s3', region)), { accountID: id, region }),
      quotas: () => shared.quotas(scope.signal),
      sweptRole: (role, maxAge) => shared.sweptRole(role, { maxAge, signal: scope.signal }),
      open: async () => {
        if (roleARN !== undefined) await unlessAborted(scope.signal, credentials());
      },
    };
  }

  private sharedIam({ id, key, clients, credentials, quotas }: Reached, sweeps: RoleSweeps): SharedIam {
    const { installation, operator, deadline = standardDeadline, observer = {} } = this.options;
    const logger = operator.logger.child({ account: id });
    const options = this.callOptions({ id, scope: { ...operator, logger }, credentials })('iam');
    const iam = new Calls(() => clients.iam, options);
    return new SharedIam({
      ...{ accountID: id, way: key, installation, iam, quotas, sweeps, logger, observer },
      now: this.now,
      patience: deadline / 2,
    });
  }

  /** Several roles may lead to one account, which counts their calls together. */
  private callOptions({ id, scope, credentials }: Caller) {
    const { breaker, count, deadline = standardDeadline } = this.options;
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
