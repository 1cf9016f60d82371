import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { iamServiceAccountDefinition } from '../../../src/controllers/iam-service-account/definition.ts';
import { ref, Story } from './story.ts';

export const renamed = 'irsa.renamed.example.com';
export const renamedURL = `https://${renamed}`;
export const role = { namespace: 'default', name: 'reader' };

export class Migration extends Story {
  #roles = this.runner(iamServiceAccountDefinition(this));

  override restart(): void {
    super.restart();
    this.#roles = this.runner(iamServiceAccountDefinition(this));
  }

  /** An issuer that is ready, with a role that trusts it, for whom the spec then asks for another alias. */
  static async begun(spec: ConstructorParameters<typeof Story>[0] = {}): Promise<Migration> {
    const story = await Migration.at(spec);
    story.askFor(renamed);
    return story;
  }

  /** An issuer that is ready, with a role that trusts it. */
  static async at(spec: ConstructorParameters<typeof Story>[0] = {}): Promise<Migration> {
    const story = new Migration(spec);
    await story.prepare();
    return story;
  }

  protected async prepare(): Promise<void> {
    this.kube.seed(iamServiceAccounts, {
      metadata: role,
      spec: {
        issuerRefs: [{ namespace: '', name: ref.name }],
        subjects: [{ namespace: 'default', name: 's3-reader' }],
        policies: { managed: [] },
      },
    });
    await this.untilReady();
    await this.reconcileRole();
  }

  askFor(host: string): void {
    this.edit({ hosting: { cloudFront: { ...this.object?.spec.hosting.cloudFront, alias: host } } });
  }

  async reconcileRole(): Promise<void> {
    await this.#roles(role);
  }

  /** Until both controllers have nothing more to do now. */
  async settle(): Promise<void> {
    for (let pass = 0; pass < 4; pass++) {
      await this.untilReady();
      await this.reconcileRole();
    }
  }

  /** Somebody says that the cluster's new tokens carry this URL. */
  say(url: string): void {
    this.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/migrated': url } } });
  }

  get phases(): string[] {
    return (this.status.sites ?? []).map(({ url, phase }) => `${url.slice('https://'.length)} ${phase}`);
  }

  /** The hosts of the issuers that the role trusts. */
  get trusted(): string[] {
    const [made] = [...this.account.roles.values()];
    const { Statement } = JSON.parse(made?.trustPolicy ?? '{}') as {
      Statement: { Effect: string; Principal: { Federated: string } }[];
    };
    return Statement.filter(({ Effect }) => Effect === 'Allow').map(({ Principal: { Federated } }) =>
      Federated.slice(Federated.indexOf('/') + 1),
    );
  }

  /** Whether a token of this URL is accepted: its documents are served, IAM has its provider and the role trusts it. */
  async accepts(url: string): Promise<boolean> {
    const host = url.slice('https://'.length);
    const { discovery, jwks } = await this.documents.fetch(url, `${url}/keys.json`);
    const keys = (jwks?.['keys'] ?? []) as { kid: string }[];
    const isServed = discovery['issuer'] === url && keys.some(({ kid }) => kid === this.kid);
    const isRegistered = [...this.account.providers.values()].some((provider) => provider.url === url);
    return isServed && isRegistered && this.trusted.includes(host);
  }
}
