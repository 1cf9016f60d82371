import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { stringify } from 'yaml';
import type { IAMServiceAccountSpec, IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerSpec, OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { type Environment, inClone } from './environment.ts';
import { holdings, type Holding } from './holdings.ts';
import { readResource } from './resources.ts';
import { until } from './wait.ts';

export interface Manifest {
  readonly metadata: {
    readonly uid: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
  };
}
export interface IssuerManifest extends Manifest {
  readonly spec: OIDCIssuerSpec;
  readonly status?: OIDCIssuerStatus;
}
export interface RoleManifest extends Manifest {
  readonly spec: IAMServiceAccountSpec;
  readonly status?: IAMServiceAccountStatus;
}

/** The number of the AWS account that the last tenant got. */
let lastAccount = 100_000_000_000;

/**
 * Somebody who uses the operator: a namespace in which it may write Secrets, with an issuer applied by hand, a service
 * account and its IAMServiceAccount, all three of the namespace's name; and an AWS account with a public zone and nothing else.
 */
export class Tenant {
  readonly alias: string;

  private constructor(
    private readonly environment: Environment,
    readonly name: string,
    readonly accountID: string,
    readonly aws: Clients,
  ) {
    this.alias = `irsa.${name}.example.com`;
  }

  static async create(environment: Environment, name: string): Promise<Tenant> {
    const accountID = String(++lastAccount);
    const aws = await environment.account(accountID);
    const zone = `${name}.example.com`;
    await aws.route53.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: zone }));
    return Tenant.#in(environment, { name, accountID, aws });
  }

  /** The same in another cluster, with the same AWS account and with nothing applied. */
  movedTo(environment: Environment): Promise<Tenant> {
    return Tenant.#in(environment, this);
  }

  static async #in(environment: Environment, { name, accountID, aws }: Pick<Tenant, 'name' | 'accountID' | 'aws'>) {
    const tenant = new Tenant(environment, name, accountID, aws);
    await environment.kubectl(['create', 'namespace', name]);
    await tenant.kubectl(['apply', '-k', inClone('config/components/secrets')]);
    await tenant.kubectl(['create', 'serviceaccount', name]);
    return tenant;
  }

  get roleToAssume(): string {
    return `arn:aws:iam::${this.accountID}:role/operator`;
  }

  /** In the tenant's namespace. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.environment.kubectl(['--namespace', this.name, ...args], input);
  }

  /** With a key that the operator makes, and in a cluster that is the operator's own. A field that is undefined is left out. */
  async applyIssuer(spec: { [field in keyof OIDCIssuerSpec]?: OIDCIssuerSpec[field] | undefined } = {}): Promise<void> {
    await this.#apply('OIDCIssuer', {
      region: 'eu-central-1',
      account: { roleARN: this.roleToAssume },
      hosting: { cloudFront: { alias: this.alias } },
      signingKeys: { generate: { secretName: `${this.name}-keys` } },
      cluster: { inCluster: {} },
      ...spec,
    });
  }

  async applyRole(spec: Partial<IAMServiceAccountSpec> = {}): Promise<void> {
    await this.#apply('IAMServiceAccount', {
      issuerRefs: [{ name: this.name }],
      subjects: [{ namespace: this.name, name: this.name }],
      policies: { managed: ['AmazonS3ReadOnlyAccess'], inline: [{ name: 'echo', document: echoPolicy }] },
      ...spec,
    });
  }

  async #apply(kind: string, spec: object): Promise<void> {
    const metadata = { name: this.name, namespace: this.name };
    await this.kubectl(
      ['apply', '-f', '-'],
      stringify({ apiVersion: 'irsa.giantswarm.io/v1alpha1', kind, metadata, spec }),
    );
  }

  async ready(kind: 'oidcissuer' | 'iamserviceaccount', seconds = 90): Promise<void> {
    try {
      await this.kubectl(['wait', '--for=condition=Ready', `${kind}/${this.name}`, `--timeout=${seconds}s`]);
    } catch (error) {
      const conditions = await this.kubectl(['get', kind, this.name, '-o', 'jsonpath={.status.conditions}']);
      throw new Error(`${kind} ${this.name} is not Ready: ${conditions}`, { cause: error });
    }
  }

  issuer(): Promise<IssuerManifest | undefined> {
    return this.#find<IssuerManifest>('oidcissuer');
  }

  role(): Promise<RoleManifest | undefined> {
    return this.#find<RoleManifest>('iamserviceaccount');
  }

  #find<M extends Manifest>(kind: string): Promise<M | undefined> {
    return readResource(this.environment.controlPlane, { kind, namespace: this.name, name: this.name });
  }

  /** Waits until the object is gone; without a kind until both are. */
  async gone(...kinds: ('oidcissuer' | 'iamserviceaccount')[]): Promise<void> {
    const wanted = kinds.length > 0 ? kinds : ['oidcissuer', 'iamserviceaccount'];
    for (const kind of wanted) {
      await until(`${kind} ${this.name} to go`, async () => ((await this.#find(kind)) ? undefined : true));
    }
  }

  /** What AWS holds for this tenant. */
  holdings(): Promise<Holding[]> {
    return holdings(this.aws);
  }
}

const echoPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-echo/*' }],
});
