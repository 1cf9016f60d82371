import { providerName, type PolicyDocument } from './evaluator.ts';
import { homeRegion } from './partition.ts';
import type { FrontState } from './state.ts';
import { items, parseXml, text, type Xml } from './xml.ts';

export interface Role {
  readonly arn: string;
  /** `AROA…` */
  readonly id: string;
  readonly name: string;
  readonly accountID: string;
  readonly trustPolicy: PolicyDocument;
  readonly maxSessionSeconds: number;
  readonly boundaryARN: string | undefined;
}

export interface Provider {
  readonly arn: string;
  readonly clientIDs: readonly string[];
}

/** An account, and the partition that it is in. */
interface Realm {
  readonly partition: string;
  readonly accountID: string;
}

const realmOf = (arn: string): Realm => {
  const [, partition = '', , , accountID = ''] = arn.split(':');
  return { partition, accountID };
};

/** Everything that a role may do, and the most that it may do. */
export interface Permissions {
  readonly identityPolicies: readonly PolicyDocument[];
  readonly boundary: PolicyDocument | undefined;
}

/** Reads IAM in every account as the emulator holds it now; nothing is remembered. */
export class Accounts {
  constructor(private readonly state: FrontState) {}

  async findRole(arn: string): Promise<Role | undefined> {
    const realm = realmOf(arn);
    const name = arn.slice(arn.lastIndexOf('/') + 1);
    const reply = await this.#find(realm, 'GetRole', { RoleName: name });
    if (reply === undefined || text(reply, 'Role', 'Arn') !== arn) return undefined;
    return {
      arn,
      id: text(reply, 'Role', 'RoleId'),
      name,
      accountID: realm.accountID,
      trustPolicy: parseDocument(text(reply, 'Role', 'AssumeRolePolicyDocument')),
      maxSessionSeconds: Number(text(reply, 'Role', 'MaxSessionDuration') || 3600),
      boundaryARN: text(reply, 'Role', 'PermissionsBoundary', 'PermissionsBoundaryArn') || undefined,
    };
  }

  async permissions(role: Role): Promise<Permissions> {
    const { arn, name, boundaryARN } = role;
    const realm = realmOf(arn);
    const inline = await this.#get(realm, 'ListRolePolicies', { RoleName: name });
    const attached = await this.#get(realm, 'ListAttachedRolePolicies', { RoleName: name });
    const documents = [
      ...items(inline, 'PolicyNames', 'member').map((policy) => this.#inline(role, policy)),
      ...items(attached, 'AttachedPolicies', 'member').map((policy) => this.#managed(realm, text(policy, 'PolicyArn'))),
    ];
    return {
      identityPolicies: await Promise.all(documents),
      boundary: boundaryARN === undefined ? undefined : await this.#managed(realm, boundaryARN),
    };
  }

  /** Looks in the account of the role. */
  async findProvider(roleARN: string, issuer: string): Promise<Provider | undefined> {
    const realm = realmOf(roleARN);
    const arn = `arn:${realm.partition}:iam::${realm.accountID}:oidc-provider/${providerName(issuer)}`;
    const provider = await this.#find(realm, 'GetOpenIDConnectProvider', { OpenIDConnectProviderArn: arn });
    return provider === undefined ? undefined : { arn, clientIDs: this.state.providers.get(arn)?.clientIDs ?? [] };
  }

  async #inline(role: Role, policy: Xml): Promise<PolicyDocument> {
    const parameters = { RoleName: role.name, PolicyName: typeof policy === 'string' ? policy : '' };
    const reply = await this.#get(realmOf(role.arn), 'GetRolePolicy', parameters);
    return parseDocument(text(reply, 'PolicyDocument'));
  }

  async #managed(realm: Realm, arn: string): Promise<PolicyDocument> {
    const policy = await this.#get(realm, 'GetPolicy', { PolicyArn: arn });
    const version = text(policy, 'Policy', 'DefaultVersionId');
    const reply = await this.#get(realm, 'GetPolicyVersion', { PolicyArn: arn, VersionId: version });
    return parseDocument(text(reply, 'PolicyVersion', 'Document'));
  }

  async #get(realm: Realm, action: string, parameters: Record<string, string>): Promise<Xml> {
    const result = await this.#find(realm, action, parameters);
    if (result === undefined)
      throw new Error(`${action} ${JSON.stringify(parameters)} finds nothing in ${realm.accountID}`);
    return result;
  }

  /** The result element of an IAM call; undefined where IAM knows no such entity. */
  async #find(
    { accountID, partition }: Realm,
    action: string,
    parameters: Record<string, string>,
  ): Promise<Xml | undefined> {
    const query = new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters });
    const { status, body } = await this.state.emulator.read(
      'iam',
      accountID,
      `/?${query.toString()}`,
      homeRegion(partition),
    );
    const reply = parseXml(body.toString());
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${action} in ${accountID} answers ${status}: ${body.toString()}`);
    return typeof reply === 'object' && !Array.isArray(reply) ? reply[`${action}Result`] : undefined;
  }
}

/** IAM hands documents out URL-encoded; moto does so for some. */
function parseDocument(document: string): PolicyDocument {
  return JSON.parse(document.startsWith('%') ? decodeURIComponent(document) : document) as PolicyDocument;
}
