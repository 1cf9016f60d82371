import * as iam from '@aws-sdk/client-iam';
import type { IamCalls } from './calls.ts';
import { foretold, undefinedIfNotFound } from './errors.ts';
import { fromTagList, type TagChanges, toTagList, type Tags } from './tags.ts';

export interface ProviderSpec {
  /** `https://…`, byte for byte the `iss` of the tokens. */
  readonly url: string;
  /** IAM's client IDs. */
  readonly audiences: readonly string[];
  readonly tags: Tags;
}

export interface Provider {
  readonly arn: string;
  readonly url: string;
  readonly audiences: readonly string[];
  readonly tags: Tags;
  readonly createdAt: Date;
}

export interface ProviderChanges {
  readonly addAudiences: readonly string[];
  readonly removeAudiences: readonly string[];
  readonly tags: TagChanges;
}

/** IAM OIDC providers of one account. Thumbprints are neither sent nor compared: IAM fills them itself. */
export interface OidcProviders {
  /** The ARN that a provider of this URL has or would have in this account. */
  arn(url: string): string;
  /** One write, no read. Throws what `isAlreadyExists` knows if the URL is registered, and what `isUnreachable` knows if IAM cannot fetch the issuer. Gives the ARN. */
  create(spec: ProviderSpec): Promise<string>;
  /** One read. */
  find(arn: string): Promise<Provider | undefined>;
  /** One read. Whose they are, only their tags tell. */
  listURLs(): Promise<readonly string[]>;
  /** Adds before it removes. One write for each audience, one to set tags and one to remove some. */
  update(arn: string, changes: ProviderChanges): Promise<void>;
  /** Happy if gone. */
  delete(arn: string): Promise<void>;
}

export class IamOidcProviders implements OidcProviders {
  constructor(
    private readonly iam: IamCalls,
    private readonly account: { readonly id: string; readonly partition: { readonly name: string } },
  ) {}

  arn(url: string): string {
    const { id, partition } = this.account;
    return `arn:${partition.name}:iam::${id}:oidc-provider/${withoutScheme(url)}`;
  }

  async create(spec: ProviderSpec): Promise<string> {
    const { OpenIDConnectProviderArn } = await this.iam.send(
      `creating OIDC provider ${this.arn(spec.url)}`,
      new iam.CreateOpenIDConnectProviderCommand({
        Url: spec.url,
        ClientIDList: [...spec.audiences],
        Tags: toTagList(spec.tags),
      }),
      async () => {
        if (await this.find(this.arn(spec.url))) throw foretold.alreadyExists();
        return {};
      },
    );
    return OpenIDConnectProviderArn ?? this.arn(spec.url);
  }

  async find(arn: string): Promise<Provider | undefined> {
    const found = await this.iam
      .send(`reading OIDC provider ${arn}`, new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }))
      .catch(undefinedIfNotFound);
    // IAM gives the URL back without its scheme.
    return (
      found && {
        arn,
        url: `https://${withoutScheme(found.Url ?? '')}`,
        audiences: found.ClientIDList ?? [],
        tags: fromTagList(found.Tags),
        createdAt: found.CreateDate ?? new Date(0),
      }
    );
  }

  async listURLs(): Promise<readonly string[]> {
    const { OpenIDConnectProviderList } = await this.iam.send(
      'listing OIDC providers',
      new iam.ListOpenIDConnectProvidersCommand({}),
    );
    return (OpenIDConnectProviderList ?? []).map(({ Arn = '' }) => `https://${Arn.slice(Arn.indexOf('/') + 1)}`);
  }

  async update(arn: string, { addAudiences, removeAudiences, tags }: ProviderChanges): Promise<void> {
    const OpenIDConnectProviderArn = arn;
    // The tags come first: with them it is ours, and only then may the operator change the rest.
    if (Object.keys(tags.set).length > 0) {
      await this.iam.send(
        `tagging OIDC provider ${arn}`,
        new iam.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: toTagList(tags.set) }),
      );
    }
    for (const ClientID of addAudiences) {
      await this.iam.send(
        `adding audience ${ClientID} to OIDC provider ${arn}`,
        new iam.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }),
      );
    }
    for (const ClientID of removeAudiences) {
      await this.iam.send(
        `removing audience ${ClientID} from OIDC provider ${arn}`,
        new iam.RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }),
      );
    }
    if (tags.remove.length > 0) {
      await this.iam.send(
        `untagging OIDC provider ${arn}`,
        new iam.UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys: [...tags.remove] }),
      );
    }
  }

  async delete(arn: string): Promise<void> {
    await this.iam
      .send(
        `deleting OIDC provider ${arn}`,
        new iam.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
      )
      .catch(undefinedIfNotFound);
  }
}

function withoutScheme(url: string): string {
  return url.replace(/^https:\/\//, '');
}
