import * as iam from '@aws-sdk/client-iam';
import type { IamCalls } from './calls.ts';
import { ownershipKeys } from './ownership.ts';
import { defaultSessionSeconds, type Role, type RolePolicies, toRole } from './roles.ts';
import { fromTagList } from './tags.ts';

/** A role with all that it may do. */
export interface SweptRole {
  readonly role: Role;
  readonly policies: RolePolicies;
}

export interface RoleSweepOptions {
  readonly iam: IamCalls;
  /** Only roles with this installation's tag are kept: an account may have thousands of others. */
  readonly installation: string;
  /** The path under which nearly all roles of the installation are. */
  readonly path: string;
}

/** The most that IAM takes, for both listings. It may give less. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html */
const pageSize = 1000;

/**
 * Our roles of one account, each as it was at some moment after the sweep began. One listing tells everything but description and
 * session duration, and the other tells these and no tags. A role that is not in the sweep may be there all the same.
 */
export class RoleSweep {
  /** JSON of each role by its name. Text takes less memory than objects do, and whoever gets a role has it alone. */
  readonly #details: Promise<ReadonlyMap<string, string>>;
  /** By the path under which they are. */
  readonly #settings = new Map<string, Promise<ReadonlyMap<string, string>>>();
  readonly #excluded = new Set<string>();

  constructor(private readonly options: RoleSweepOptions) {
    this.#details = this.#readDetails();
  }

  /** The role may not be as the sweep shows it any more. */
  exclude(name: string): void {
    this.#excluded.add(plain(name));
  }

  /** Undefined: not known. Throws if the listings failed. */
  async find({ name, path }: Pick<Role, 'name' | 'path'>): Promise<SweptRole | undefined> {
    const key = plain(name);
    const details = (await this.#details).get(key);
    const settings = details === undefined ? undefined : (await this.#settingsUnder(path)).get(key);
    if (details === undefined || settings === undefined || this.#excluded.has(key)) return undefined;
    const { id, role, policies } = JSON.parse(details) as Details;
    const { id: sameID, ...others } = JSON.parse(settings) as Settings;
    // Somebody deleted the role between the listings and made it anew.
    if (id !== sameID) return undefined;
    return { role: { ...role, ...others, createdAt: new Date(role.createdAt) }, policies };
  }

  async #readDetails(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    let Marker: string | undefined;
    do {
      const page: iam.GetAccountAuthorizationDetailsCommandOutput = await this.options.iam.send(
        'reading all roles with their policies',
        new iam.GetAccountAuthorizationDetailsCommand({ Filter: ['Role'], MaxItems: pageSize, Marker }),
      );
      for (const detail of page.RoleDetailList ?? []) {
        if (fromTagList(detail.Tags)[ownershipKeys.installation] !== this.options.installation) continue;
        const role = toRole(detail);
        const details: Details = { id: detail.RoleId, role, policies: policiesOf(detail) };
        found.set(ownText(plain(role.name)), JSON.stringify(details));
      }
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker);
    return found;
  }

  #settingsUnder(path: string): Promise<ReadonlyMap<string, string>> {
    const everywhere = this.#settings.get('/');
    if (everywhere) return everywhere;
    const prefix = path.startsWith(this.options.path) ? this.options.path : '/';
    const settings = this.#settings.get(prefix) ?? this.#readSettings(prefix);
    this.#settings.set(prefix, settings);
    return settings;
  }

  async #readSettings(PathPrefix: string): Promise<ReadonlyMap<string, string>> {
    const known = await this.#details;
    const found = new Map<string, string>();
    let Marker: string | undefined;
    do {
      const page: iam.ListRolesCommandOutput = await this.options.iam.send(
        `listing the roles under ${PathPrefix}`,
        new iam.ListRolesCommand({ PathPrefix, MaxItems: pageSize, Marker }),
      );
      for (const listed of page.Roles ?? []) {
        const { RoleName = '', RoleId: id, Description: description, MaxSessionDuration } = listed;
        if (!known.has(plain(RoleName))) continue;
        const settings: Settings = {
          id,
          description,
          maxSessionDurationSeconds: MaxSessionDuration ?? defaultSessionSeconds,
        };
        found.set(ownText(plain(RoleName)), JSON.stringify(settings));
      }
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker);
    return found;
  }
}

/** IAM's own id, which tells a role from one that was made later under the same name. */
interface Identified {
  readonly id: string | undefined;
}
type Details = Identified & SweptRole;
type Settings = Identified & Pick<Role, 'description' | 'maxSessionDurationSeconds'>;

const policiesOf = ({ AttachedManagedPolicies, RolePolicyList }: iam.RoleDetail): RolePolicies => ({
  managed: (AttachedManagedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []),
  inline: (RolePolicyList ?? []).map(({ PolicyName = '', PolicyDocument = '' }) => ({
    name: PolicyName,
    document: decodeURIComponent(PolicyDocument),
  })),
});

/** IAM tells names apart without regard to case. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names */
const plain = (name: string) => name.toLowerCase();

/** A part of a text keeps the whole text in memory, here a page of some megabytes. */
const ownText = (text: string): string => structuredClone(text);
