import { readFileSync } from 'node:fs';
import { mayCall, type PolicyDocument } from './evaluator.ts';
import type { Denied } from './front.ts';
import { needsOf, type Need } from './needs.ts';
import { partitionOf } from './partition.ts';
import type { AwsRequest } from './request.ts';
import type { Bucket, Credential, FrontState } from './state.ts';

/** What a user writes for the words of config/iam/README.md, where it is the same in all accounts. */
export interface Placeholders {
  readonly installation: string;
  readonly domain: string;
  /** Path and name of each role that the operator may assume, in any account. */
  readonly roles: readonly string[];
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

type File = 'policy.json' | 'additional-account.json' | 'zone.json' | 'assume-role.json';

/** The name of the role in an account that has nothing of an issuer but its zone. */
const zoneRole = 'irsa-dns';

function readStatements(file: File): Statement[] {
  const text = readFileSync(new URL(`../../../config/iam/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { Statement: Statement[] }).Statement;
}

/** The role's own trust policy is asked where the role is assumed. */
const trustsAll: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
};

/** Judges the operator's calls by the policies of config/iam, filled in as a user does. What they lack is denied. */
export class OperatorAccess {
  readonly #statements = {
    'policy.json': readStatements('policy.json'),
    'additional-account.json': readStatements('additional-account.json'),
    'zone.json': readStatements('zone.json'),
    'assume-role.json': readStatements('assume-role.json'),
  };
  /** Accounts whose role has the policy for additional accounts. */
  readonly #additional = new Set<string>();
  readonly #withheld = new Set<string>();
  readonly #lines: { readonly sid: string; readonly resource: string }[] = [];
  /** Filled policies, by file, account and zones. */
  readonly #policies = new Map<string, PolicyDocument>();
  /** By all that a verdict depends on. */
  readonly #verdicts = new Map<string, Promise<boolean>>();
  /** Ids of the zones, by account. */
  readonly #zones = new Map<string, readonly string[]>();

  constructor(
    private readonly state: FrontState,
    /** The operator's own access key. What it assumes is the operator too. */
    private readonly accessKeyID: string,
    private readonly placeholders: Placeholders,
  ) {}

  /** Takes an action out of the policies. */
  withhold(action: string): void {
    this.#withheld.add(action);
    this.#forget();
  }

  /** Adds a line to `Resource` of a statement, as the README tells for names and paths of the user's own. */
  addResource(sid: string, resource: string): void {
    this.#lines.push({ sid, resource });
    this.#forget();
  }

  /** In this account the operator's role may only do what an additional account needs. */
  onlyRegisters(accountID: string): void {
    this.#additional.add(accountID);
    this.#forget();
  }

  /** Puts back what was taken out. */
  restore(): void {
    this.#withheld.clear();
    this.#forget();
  }

  #forget(): void {
    this.#policies.clear();
    this.#verdicts.clear();
  }

  /** Undefined also for calls of anybody else. */
  async judge(request: AwsRequest): Promise<Denied | undefined> {
    const { service, operation, credential } = request;
    if (credential.accessKeyID !== this.accessKeyID && credential.assumedBy !== this.accessKeyID) return undefined;
    const needs = await needsOf(request, this.state);
    if (needs === undefined) return { message: `no table here knows what ${service}:${operation} needs` };
    for (const need of needs) {
      if (!(await this.#allows(need, request))) return { message: denial(need, request) };
    }
    return undefined;
  }

  async #allows(need: Need, request: AwsRequest): Promise<boolean> {
    const { credential } = request;
    const zones = await this.#zonesFor(request);
    const partition = partitionOf(request.region);
    // Nobody who has the name has a say in a bucket that is to be made: S3 answers that it is taken.
    const isNew = request.service === 's3' && request.operation === 'CreateBucket';
    const bucket = isNew ? undefined : this.state.buckets.get(/^arn:[^:]+:s3:::([^/]+)/.exec(need.resource)?.[1] ?? '');
    const key = JSON.stringify([
      credential.roleARN,
      credential.accountID,
      partition,
      zones,
      need,
      bucket?.accountID,
      bucket?.policy,
    ]);
    const verdict = this.#verdicts.get(key) ?? this.#evaluate({ need, credential, partition, zones, bucket });
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  async #evaluate({ need, credential, partition, zones, bucket }: Question): Promise<boolean> {
    const principal = principalOf(credential, partition);
    const assumes = need.action === 'sts:AssumeRole';
    const named = need.resource.split(':')[4] ?? '';
    const isZones = credential.roleARN?.endsWith(`/${zoneRole}`) ?? false;
    const others = this.#additional.has(credential.accountID) ? 'additional-account.json' : 'policy.json';
    const inAccount = isZones ? 'zone.json' : others;
    const ownPolicy = assumes && credential.kind === 'account' ? 'assume-role.json' : inAccount;
    const bucketPolicy = bucket?.policy === undefined ? undefined : (JSON.parse(bucket.policy) as PolicyDocument);
    const verdict = await mayCall({
      principal,
      action: need.action,
      resource: { arn: need.resource, accountID: bucket?.accountID ?? (named || credential.accountID) },
      context: {
        'aws:PrincipalArn': principal,
        'aws:PrincipalAccount': credential.accountID,
        // The front is reached over plain HTTP where AWS is reached over TLS.
        'aws:SecureTransport': 'true',
        ...need.context,
      },
      identityPolicies: [
        this.#filled(ownPolicy, { accountID: assumes ? named : credential.accountID, partition, zones }),
      ],
      resourcePolicy: assumes ? trustsAll : bucketPolicy,
    });
    return verdict === 'Allowed';
  }

  /** One line in `Resource` for each zone and for each role, as the README says. */
  #filled(file: File, { accountID, partition, zones }: Filling): PolicyDocument {
    const key = [file, accountID, partition, ...zones].join();
    const known = this.#policies.get(key);
    if (known) return known;
    const { installation, domain, roles } = this.placeholders;
    const fill = (text: string): string =>
      text
        .replaceAll('arn:aws:', `arn:${partition}:`)
        .replaceAll('ACCOUNT', accountID)
        .replaceAll('INSTALLATION', installation)
        .replaceAll('DOMAIN', domain);
    const lines = (line: string): string[] => {
      if (line.includes('HOSTED_ZONE')) return zones.map((zone) => line.replace('HOSTED_ZONE', zone));
      return line.includes('ROLE') ? roles.map((role) => line.replace('ROLE', role)) : [line];
    };
    const added = ({ Sid }: Statement) => this.#lines.filter(({ sid }) => sid === Sid).map(({ resource }) => resource);
    const filled = this.#statements[file].map((statement) => ({
      ...(JSON.parse(fill(JSON.stringify(statement))) as Statement),
      Action: [statement.Action].flat().filter((action) => !this.#withheld.has(action)),
      Resource: [...[statement.Resource].flat(), ...added(statement)].flatMap(lines).map(fill),
    }));
    const Statement = filled.filter(({ Action, Resource }) => Action.length > 0 && Resource.length > 0);
    const policy = { Version: '2012-10-17', Statement };
    this.#policies.set(key, policy);
    return policy;
  }

  /** The zones of the call's account. They are read again for a zone that is not among them. */
  async #zonesFor({ service, accountID, labels }: AwsRequest): Promise<readonly string[]> {
    const known = this.#zones.get(accountID) ?? [];
    const asked = labels['id'];
    if (service !== 'route53' || asked === undefined || known.includes(asked)) return known;
    const zones = (await this.state.dns.zones(accountID)).map(({ id }) => id);
    this.#zones.set(accountID, zones);
    return zones;
  }
}

/** What stands for the words of the files. */
interface Filling {
  readonly accountID: string;
  readonly partition: string;
  readonly zones: readonly string[];
}

interface Question extends Omit<Filling, 'accountID'> {
  readonly need: Need;
  readonly credential: Credential;
  readonly bucket: Bucket | undefined;
}

function principalOf({ roleARN, accountID }: Credential, partition: string): string {
  return roleARN ?? `arn:${partition}:iam::${accountID}:user/operator`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function denial({ action, resource }: Need, { credential, region }: AwsRequest): string {
  const session = credential.roleARN
    ?.replace(':iam:', ':sts:')
    .replace(/:role\/.*?([^/]+)$/, ':assumed-role/$1/operator');
  return (
    `User: ${session ?? principalOf(credential, partitionOf(region))} is not authorized to perform: ${action} on resource: ${resource} ` +
    `because no identity-based policy allows the ${action} action`
  );
}
