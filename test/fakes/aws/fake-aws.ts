import type { $Command } from '@aws-sdk/client-iam';
import type { AssumeRoleRequest } from '@aws-sdk/client-sts';
import { AwsAccounts, type Account, type Accounts, type AccountsOptions } from '../../../src/aws/accounts.ts';
import type { AccountClients, Clients } from '../../../src/aws/clients.ts';
import type { CredentialSource } from '../../../src/aws/credentials.ts';
import type { Gate } from '../gate.ts';
import { FakeAccount } from './account.ts';
import type { FakeRecord } from './route53.ts';
import { FakeS3, type FakeBucket } from './s3.ts';
import { copy, ServiceError } from './service.ts';
import { scope } from './scope.ts';
import { isSilence } from '../../../src/aws/errors.ts';
import { Breaker } from '../../../src/runtime/breaker.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

export interface Call {
  readonly account: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface Failure {
  readonly operation: string;
  readonly error: Error;
  readonly tookEffect: boolean;
}

export interface FakeAwsOptions {
  /** The operator's own account. */
  readonly account?: string;
  readonly region?: string;
  readonly now?: () => number;
}

const unlimited = { concurrency: Infinity, callsPerSecond: Infinity };

/**
 * AWS in memory, for exactly the operations that src/aws sends: several accounts, AWS's own errors, and nothing that
 * becomes ready by itself, for `deploy` and `sync` make CloudFront's and Route 53's minutes pass. The modules over it
 * are the real ones.
 */
export class FakeAws {
  /** Every call, failed ones too. */
  readonly calls: Call[] = [];
  /** Items on a page of a listing, where AWS's own limit is not lower. */
  pageSize = 1000;
  /** Where the operator runs; it decides the partition. */
  region: string;
  readonly now: () => number;
  readonly buckets = new Map<string, FakeBucket>();
  /** Public DNS records that are not in Route 53. */
  readonly recordsElsewhere: FakeRecord[] = [];
  /** Roles whose trust policy asks for this `sts:ExternalId`, by ARN. All others trust the operator as it comes. */
  readonly pinned = new Map<string, string>();
  private readonly own: string;
  private readonly known = new Map<string, FakeAccount>();
  private readonly failures: Failure[] = [];
  private readonly refusals: { readonly operation: string; find(input: Call['input']): Error | undefined }[] = [];
  private readonly sessions = new Map<string, { readonly account: string; readonly until: number }>();
  private number = 0;

  constructor({ account = '111122223333', region = 'eu-central-1', now = Date.now }: FakeAwsOptions = {}) {
    this.own = account;
    this.region = region;
    this.now = now;
  }

  /** The real modules, in their real limits of nothing but speed. */
  accounts(options: Partial<AccountsOptions> = {}): Accounts {
    const limits = {
      acm: unlimited,
      cloudfront: unlimited,
      iam: unlimited,
      route53: unlimited,
      s3: unlimited,
      sts: unlimited,
    };
    return new AwsAccounts({
      clients: this.clients(),
      region: this.region,
      installation: 'test',
      operator: scope(),
      limits,
      now: this.now,
      breaker: () => new Breaker({ clock: systemClock, isSilence }),
      ...options,
    });
  }

  /** An account over the real modules, for tests to which it does not matter who asks. */
  connect(roleARN?: string): Promise<Account> {
    return this.accounts().get({ roleARN, namespace: 'default' }, scope());
  }

  account(id: string = this.own): FakeAccount {
    const account = this.known.get(id) ?? new FakeAccount(id, this);
    this.known.set(id, account);
    return account;
  }

  /** All that public DNS knows of the name. */
  publicRecords(name: string): FakeRecord[] {
    const zones = [...this.known.values()].flatMap((account) => [...account.zones.values()]);
    const inRoute53 = zones.filter(({ isPrivate }) => !isPrivate).flatMap(({ records }) => records);
    return [...inRoute53, ...this.recordsElsewhere].filter((record) => record.name === name);
  }

  allAccounts(): Iterable<FakeAccount> {
    return this.known.values();
  }

  /** Names of the operations that change something, in order. */
  get writes(): string[] {
    return this.calls.map(({ operation }) => operation).filter((operation) => kindOf(operation) === 'write');
  }

  /** Names of the operations that only read, those for credentials left out. */
  get reads(): string[] {
    return this.calls.map(({ operation }) => operation).filter((operation) => kindOf(operation) === 'read');
  }

  /** Counts from here. */
  forgetCalls(): void {
    this.calls.length = 0;
  }

  /** The next such call fails; `tookEffect`: after it has done its work, as where an answer is lost. */
  failNext(
    operation: string,
    error: Error = new ServiceError('ServiceFailureException', 500),
    { tookEffect = false } = {},
  ) {
    this.failures.push({ operation, error, tookEffect });
  }

  /** Each such call fails with which this finds an error. */
  failWhen(operation: string, find: (input: Call['input']) => Error | undefined): void {
    this.refusals.push({ operation, find });
  }

  /** Stands around each write; a test may put another in its place. */
  gate: Gate = (_, act) => act();
  /** Whether the gate stands around each read too. */
  gatesReads = false;

  /** CloudFront is done with every change. */
  deploy(): void {
    for (const { cloudfront } of this.known.values()) cloudfront.deploy();
  }

  /** Route 53 is done with every change. */
  sync(): void {
    for (const { route53 } of this.known.values()) route53.sync();
  }

  nextNumber(): number {
    this.number += 1;
    return this.number;
  }

  clients(): Clients {
    return {
      sts: this.client(undefined, (account) => this.sts(account)),
      ownCredentials: async () => ({ accessKeyId: 'own', secretAccessKey: 'fake' }),
      forCredentials: (credentials) => this.accountClients(credentials),
    };
  }

  private accountClients(credentials: CredentialSource | undefined): AccountClients {
    return {
      acm: (region) => this.client(credentials, (account) => account.acmIn(region)),
      cloudfront: this.client(credentials, (account) => account.cloudfront),
      iam: this.client(credentials, (account) => account.iam),
      route53: this.client(credentials, (account) => account.route53),
      s3: (region) => this.client(credentials, ({ id }) => new FakeS3({ id, region, buckets: this.buckets })),
    };
  }

  private client(credentials: CredentialSource | undefined, service: (account: FakeAccount) => object) {
    return {
      send: async <O>(
        command: Pick<$Command<object, never, unknown>, 'schema' | 'input'>,
        options: { abortSignal: AbortSignal },
      ) => {
        options.abortSignal.throwIfAborted();
        const operation = Array.isArray(command.schema) ? String(command.schema[2]) : 'unknown';
        const account = await this.accountOf(credentials);
        return this.answer(account, service(account), operation, command.input) as O;
      },
    };
  }

  private answer(account: FakeAccount, service: object, operation: string, input: object): object {
    this.calls.push({ account: account.id, operation, input: { ...input } });
    const handler: unknown = Reflect.get(service, operation);
    if (typeof handler !== 'function') throw new Error(`FakeAws does not know ${operation}`);
    for (const refusal of this.refusals.filter((each) => each.operation === operation)) {
      const error = refusal.find({ ...input });
      if (error) throw error;
    }
    const failure = this.failures.find((planned) => planned.operation === operation);
    if (failure) this.failures.splice(this.failures.indexOf(failure), 1);
    if (failure && !failure.tookEffect) throw failure.error;
    const act = (): unknown => Reflect.apply(handler, service, [copy(input)]);
    const isGated = this.gatesReads || kindOf(operation) === 'write';
    const output = isGated ? this.gate(operation, act) : act();
    if (failure) throw failure.error;
    return { ...(output as object), $metadata: { httpStatusCode: 200 } };
  }

  private async accountOf(credentials: CredentialSource | undefined): Promise<FakeAccount> {
    if (!credentials) return this.account();
    const { accessKeyId } = await credentials();
    const session = this.sessions.get(accessKeyId);
    if (!session || session.until <= this.now()) throw new ServiceError('ExpiredTokenException', 403, 'expired');
    return this.account(session.account);
  }

  private sts(account: FakeAccount): object {
    return {
      GetCallerIdentity: () => ({ Account: account.id, Arn: `arn:aws:iam::${account.id}:user/operator` }),
      AssumeRole: ({ RoleArn = '', ExternalId }: AssumeRoleRequest) => {
        const pinned = this.pinned.get(RoleArn);
        if (pinned !== undefined && pinned !== ExternalId) throw new ServiceError('AccessDenied', 403);
        const AccessKeyId = `ASIA${this.nextNumber()}`;
        const until = this.now() + 3_600_000;
        this.sessions.set(AccessKeyId, { account: RoleArn.split(':')[4] ?? '', until });
        return {
          Credentials: { AccessKeyId, SecretAccessKey: 'fake', SessionToken: 'fake', Expiration: new Date(until) },
        };
      },
    };
  }
}

function kindOf(operation: string): 'read' | 'write' | 'credentials' {
  if (['AssumeRole', 'GetCallerIdentity'].includes(operation)) return 'credentials';
  return /^(Get|List|Describe|Head)/.test(operation) ? 'read' : 'write';
}
