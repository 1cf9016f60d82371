import type { Certificate } from './certificates.ts';
import type { Distribution, OriginAccessControl } from './distributions.ts';
import { Dns } from './dns.ts';
import type { Emulator } from './emulator.ts';
import { LateTags } from './late-tags.ts';
import type { EdgeFunction } from './services/functions.ts';
import type { Xml } from './xml.ts';

/** The account of every credential that no AssumeRole handed out; moto's own default. */
export const defaultAccount = '123456789012';

/** Whoever signed a call. */
export interface Credential {
  readonly accessKeyID: string;
  readonly accountID: string;
  /** `account`: long-lived keys of the account; `role`: by AssumeRole; `web-identity`: by AssumeRoleWithWebIdentity; `anonymous`: unsigned. */
  readonly kind: 'account' | 'role' | 'web-identity' | 'anonymous';
  readonly roleARN?: string;
  /** The access key that assumed the role by AssumeRole. */
  readonly assumedBy?: string;
}

/** What decides about access to a bucket. The front keeps it because moto holds none of it as S3 does. */
export interface Bucket {
  readonly name: string;
  readonly accountID: string;
  readonly region: string;
  /** As it was sent, byte for byte. */
  policy?: string;
  publicAccessBlock?: Xml;
  ownershipControls?: Xml;
}

/** What moto does not tell of a role without many reads. */
export interface RoleSizes {
  readonly name: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  /** How many calls were judged by the role's ARN. */
  judged: number;
  boundary: string | undefined;
  /** Characters of each inline policy, whitespace left out. */
  readonly inline: Map<string, number>;
  readonly managed: Set<string>;
  readonly tagKeys: Set<string>;
}

/** What moto does not keep of an OIDC provider as IAM does. */
export interface OidcProvider {
  clientIDs: readonly string[];
  readonly tags: Map<string, string>;
}

/** How slow the front is where AWS is; tests may set each. */
export interface Timing {
  /** From a change of a distribution until it is Deployed. */
  deployMillis: number;
  /** DescribeCertificate calls that do not show the validation record yet. */
  describesWithoutRecord: number;
  /** GetChange calls that still answer PENDING. */
  pendingChangeReads: number;
  /** Calls on a new role that are judged without its path, as long as it is new. */
  callsWithoutPath: number;
  /** How long a role is new for that. */
  withoutPathMillis: number;
  /** Reads of a bucket, distribution, OIDC provider or role made from now on that do not show its tags yet. */
  readsWithoutTags: number;
  /** A page of a role's policies holds no more, however many were asked for. */
  policiesOnPage: number;
  /** A page of roles holds no more, however many were asked for. */
  rolesOnPage: number;
}

export const defaultTiming: Readonly<Timing> = {
  deployMillis: 1000,
  describesWithoutRecord: 1,
  pendingChangeReads: 1,
  callsWithoutPath: 1,
  withoutPathMillis: 300,
  readsWithoutTags: 0,
  policiesOnPage: 2,
  rolesOnPage: 3,
};

/** All that the front knows besides moto. */
export class FrontState {
  /** By access key id; the others belong to the default account. */
  readonly credentials = new Map<string, Credential>();
  /** By name. */
  readonly buckets = new Map<string, Bucket>();
  /** By id, of all accounts. */
  readonly distributions = new Map<string, Distribution>();
  /** By id, of all accounts. */
  readonly originAccessControls = new Map<string, OriginAccessControl>();
  /** By ARN, of all accounts. */
  readonly functions = new Map<string, EdgeFunction>();
  /** By ARN, of all accounts and regions. */
  readonly certificates = new Map<string, Certificate>();
  /** By `account/name` in lower case, for IAM tells names apart without regard to case. */
  readonly roles = new Map<string, RoleSizes>();
  /** ARNs of customer managed policies by `account/name` in lower case, for their names are told apart alike. */
  readonly policies = new Map<string, string>();
  /** By ARN. */
  readonly providers = new Map<string, OidcProvider>();
  readonly lateTags = new LateTags();
  /** Id of each Route 53 change and how often GetChange will still answer PENDING. */
  readonly changes = new Map<string, number>();

  /** Accounts whose own public access block is on, whatever their buckets say. */
  readonly blockedAccounts = new Set<string>();
  /** Accounts in China that may serve nothing to the public. */
  readonly withoutICP = new Set<string>();
  /** What stands on the internet beside AWS: by host, and then by path. */
  readonly elsewhere = new Map<string, ReadonlyMap<string, string>>();

  readonly timing: Timing = { ...defaultTiming };
  readonly dns: Dns;

  constructor(readonly emulator: Emulator) {
    this.dns = new Dns(emulator);
  }

  clear(): void {
    this.credentials.clear();
    this.buckets.clear();
    this.distributions.clear();
    this.originAccessControls.clear();
    this.functions.clear();
    this.certificates.clear();
    this.roles.clear();
    this.policies.clear();
    this.providers.clear();
    this.lateTags.clear();
    this.changes.clear();
    this.blockedAccounts.clear();
    this.withoutICP.clear();
    this.elsewhere.clear();
    this.dns.clear();
    Object.assign(this.timing, defaultTiming);
  }

  credential(accessKeyID: string | undefined): Credential {
    if (accessKeyID === undefined) return { accessKeyID: '', accountID: '', kind: 'anonymous' };
    return this.credentials.get(accessKeyID) ?? { accessKeyID, accountID: defaultAccount, kind: 'account' };
  }

  /** An object as it is now, whoever may read it; undefined where there is none. */
  async object(bucket: string, key: string): Promise<{ body: Buffer; headers: Record<string, string> } | undefined> {
    const held = this.buckets.get(bucket);
    if (held === undefined) return undefined;
    const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const reply = await this.emulator.read('s3', held.accountID, path, held.region);
    return reply.status === 200 ? { body: Buffer.from(reply.body), headers: reply.headers } : undefined;
  }
}
