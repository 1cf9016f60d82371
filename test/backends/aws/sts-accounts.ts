import { providerName, type PolicyDocument } from './evaluator.ts';
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

/** Everything that a role may do, and the most that it may do. */
export interface Permissions {
  readonly identityPolicies: readonly PolicyDocument[];
  readonly boundary: PolicyDocument | undefined;
}

/** Reads IAM in every account as the emulator holds it now; nothing is remembered. */
export class Accounts {
  constructor(private readonly state: FrontState) {}

  async findRole(arn: string): Promise<Role | undefined> {
    const accountID = arn.split(':')[4] ?? '';
    const name = arn.slice(arn.lastIndexOf('/') + 1);
    const reply = await this.#find(accountID, 'GetRole', { RoleName: name });
    if (reply === undefined || text(reply, 'Role', 'Arn') !== arn) return undefined;
    return {
      arn,
      id: text(reply, 'Role', 'RoleId'),
      name,
      accountID,
      trustPolicy: parseDocument(text(reply, 'Role', 'AssumeRolePolicyDocument')),
      maxSessionSeconds: Number(text(reply, 'Role', 'MaxSessionDuration') || 3600),
      boundaryARN: text(reply, 'Role', 'PermissionsBoundary', 'PermissionsBoundaryArn') || undefined,
    };
  }

  async permissions(role: Role): Promise<Permissions> {
    const { accountID, name, boundaryARN } = role;
    const inline = await this.#get(accountID, 'ListRolePolicies', { RoleName: name });
    const attached = await this.#get(accountID, 'ListAttachedRolePolicies', { RoleName: name });
    const documents = [
      ...items(inline, 'PolicyNames', 'member').map((policy) => this.#inline(role, policy)),
      ...items(attached, 'AttachedPolicies', 'member').map((policy) =>
        this.#managed(accountID, text(policy, 'PolicyArn')),
      ),
    ];
    return {
      identityPolicies: await Promise.all(documents),
      boundary: boundaryARN === undefined ? undefined : await this.#managed(accountID, boundaryARN),
    };
  }

  async findProvider(accountID: string, issuer: string): Promise<Provider | undefined> {
    const arn = `arn:aws:iam::${accountID}:oidc-provider/${providerName(issuer)}`;
    const provider = await this.#find(accountID, 'GetOpenIDConnectProvider', { OpenIDConnectProviderArn: arn });
    return provider === undefined ? undefined : { arn, clientIDs: this.state.providers.get(arn)?.clientIDs ?? [] };
  }

  async #inline(role: Role, policy: Xml): Promise<PolicyDocument> {
    const parameters = { RoleName: role.name, PolicyName: typeof policy === 'string' ? policy : '' };
    const reply = await this.#get(role.accountID, 'GetRolePolicy', parameters);
    return parseDocument(text(reply, 'PolicyDocument'));
  }

  async #managed(accountID: string, arn: string): Promise<PolicyDocument> {
    const policy = await this.#get(accountID, 'GetPolicy', { PolicyArn: arn });
    const version = text(policy, 'Policy', 'DefaultVersionId');
    const reply = await this.#get(accountID, 'GetPolicyVersion', { PolicyArn: arn, VersionId: version });
    return parseDocument(text(reply, 'PolicyVersion', 'Document'));
  }

  async #get(accountID: string, action: string, parameters: Record<string, string>): Promise<Xml> {
    const result = await this.#find(accountID, action, parameters);
    if (result === undefined) throw new Error(`${action} ${JSON.stringify(parameters)} finds nothing in ${accountID}`);
    return result;
  }

  /** The result element of an IAM call; undefined where IAM knows no such entity. */
  async #find(accountID: string, action: string, parameters: Record<string, string>): Promise<Xml | undefined> {
    const query = new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters });
    const { status, body } = await this.state.emulator.read('iam', accountID, `/?${query.toString()}`);
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
