import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AccountRef } from './accounts.ts';
import type { StsCalls } from './calls.ts';
import type { AccountClients, Clients } from './clients.ts';
import { assumedRole, type CredentialSource, externalID, type RoleSession, sessionName } from './credentials.ts';
import { type ZoneMemory, zonesRememberedFor } from './dns.ts';
import { InvalidRoleARN } from './errors.ts';
import type { Partition } from './partitions.ts';
import { type QuotaMemory, quotasRememberedFor } from './quotas.ts';
import { Recent } from './recent.ts';

/** What scopes share of an account. */
export interface Reached {
  /** Tells the ways apart by which accounts are reached. */
  readonly key: string;
  readonly id: string;
  readonly roleARN: string | undefined;
  readonly clients: AccountClients;
  readonly credentials: CredentialSource;
  readonly zones: ZoneMemory;
  readonly quotas: QuotaMemory;
}

export interface ReachedAccountsOptions {
  readonly clients: Clients;
  /** These calls are made on behalf of the operator, because passes share what they answer. */
  readonly sts: StsCalls;
  readonly partition: Partition;
  readonly installation: string;
  readonly now: () => number;
}

/**
 * Users write the names of roles, so the number of things that are kept by such a name has a bound. The clients of an account take
 * 22 KB with IAM alone and 110 KB with all services, thus 55 MB at the most, and are made again in some milliseconds without a call.
 * Sessions, quotas and lists of zones take a few KB and cost calls. A running pass keeps what it has.
 */
const mostClients = 500;
const mostSessions = 5_000;
/**
 * Clients that no pass has asked for during so many milliseconds go, because probably no object names their account any more.
 * An object whose resync takes longer costs new clients, but no AssumeRole.
 */
export const unusedAfter = 15 * 60_000;

/** Accounts by the role and the namespace through which they are reached, and the operator's own. */
export class ReachedAccounts {
  private own: Promise<Reached> | undefined;
  private readonly roles: Recent<Reached>;
  private readonly sessions = new Recent<CredentialSource>(mostSessions);
  private readonly zones: Recent<ZoneMemory>;
  private readonly quotas: Recent<QuotaMemory>;

  constructor(private readonly options: ReachedAccountsOptions) {
    const { now } = options;
    this.roles = new Recent(mostClients, { unused: { after: unusedAfter, now } });
    this.zones = new Recent(mostSessions, { unused: { after: zonesRememberedFor, now } });
    this.quotas = new Recent(mostSessions, { unused: { after: quotasRememberedFor, now } });
  }

  async reach({ roleARN, namespace }: AccountRef): Promise<Reached> {
    this.roles.dropUnused();
    return roleARN === undefined ? this.ownAccount() : this.accountOf(roleARN, namespace);
  }

  private ownAccount(): Promise<Reached> {
    if (this.own) return this.own;
    const own = this.identify();
    own.catch(() => (this.own = undefined));
    this.own = own;
    return own;
  }

  private async identify(): Promise<Reached> {
    const { clients, sts } = this.options;
    const { Account: id } = await sts.send('asking whose credentials these are', new GetCallerIdentityCommand({}));
    if (!id) throw new Error('asking STS for the account of the credentials: it named none');
    return {
      key: '',
      id,
      roleARN: undefined,
      clients: clients.forCredentials(undefined),
      credentials: clients.ownCredentials,
      zones: {},
      quotas: {},
    };
  }

  private accountOf(roleARN: string, namespace: string): Reached {
    const { clients, installation, partition } = this.options;
    const id = accountIDOf(roleARN, partition);
    const session = {
      roleARN,
      sessionName: sessionName(installation),
      externalID: externalID(installation, namespace),
    };
    const key = `${roleARN} ${session.externalID}`;
    const zones = this.zones.get(key, () => ({}));
    const quotas = this.quotas.get(key, () => ({}));
    return this.roles.get(key, () => {
      const credentials = this.credentials(key, session);
      return { key, id, roleARN, clients: clients.forCredentials(credentials), credentials, zones, quotas };
    });
  }

  /** A role that cannot be assumed leaves nothing behind. */
  private credentials(key: string, session: RoleSession): CredentialSource {
    const { sts, now } = this.options;
    return async () => {
      try {
        return await this.sessions.get(key, () => assumedRole(sts, session, now))();
      } catch (error) {
        this.sessions.delete(key);
        this.roles.delete(key);
        this.zones.delete(key);
        this.quotas.delete(key);
        throw error;
      }
    };
  }
}

function accountIDOf(roleARN: string, ours: Partition): string {
  const [, partition, id] = /^arn:([^:]+):iam::(\d{12}):role\/.+$/.exec(roleARN) ?? [];
  if (!partition || !id) throw new InvalidRoleARN(`${roleARN} is not the ARN of an IAM role`);
  if (partition !== ours.name) {
    throw new InvalidRoleARN(
      `${roleARN} is in partition ${partition}, and the operator's credentials are of ${ours.name}`,
    );
  }
  return id;
}
