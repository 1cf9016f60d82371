import { generateKeyPairSync } from 'node:crypto';
import type { OIDCIssuerSpec, OIDCIssuerStatus } from '../../../src/api/generated/oidc-issuer.ts';
import type { OIDCIssuer } from '../../../src/api/kinds.ts';
import type { Condition } from '../../../src/api/meta.ts';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { oidcIssuerDefinition } from '../../../src/controllers/oidc-issuer/definition.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { seconds } from '../../../src/runtime/duration.ts';
import type { PassObserver } from '../../../src/runtime/object-reconciler.ts';
import type { Result } from '../../../src/runtime/reconciler.ts';
import type { FakeBucket } from '../../fakes/aws/s3.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import { World } from '../world.ts';
import { FakeEdge } from './edge.ts';
import { FakeNames } from './names.ts';

export const accountID = '111122223333';
export const ref = { namespace: 'default', name: 'abcl0' };
export const alias = 'irsa.abcl0.example.com';
export const issuerURL = `https://${alias}`;
export const bucketName = 'abcl0-a094374c-111122223333-eu-central-1-an';
export const globalBucket = 'abcl0-oidc-pod-identity-v2';
export const owner = {
  'irsa.giantswarm.io/installation': 'test',
  'irsa.giantswarm.io/cluster': 'abcl0',
  'irsa.giantswarm.io/owner': 'OIDCIssuer/default/abcl0',
  'irsa.giantswarm.io/home': 'home-of-test',
};
/** What something of somebody else's carries to be adopted. Goes with `adoptMe`. */
export const adoptable = { 'irsa.giantswarm.io/adopt': owner['irsa.giantswarm.io/owner'] };
export const someoneElse = { ...owner, 'irsa.giantswarm.io/installation': 'other' };

/** The public half of a new RSA key, as PEM. */
export function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
const clusterKey = newPublicKey();

type Spec = Partial<OIDCIssuerSpec>;

/** An issuer by hand that publishes a Secret's key, its zone, and CloudFront's edge to fetch the documents from. */
export class Story extends World {
  readonly documents = new FakeEdge(this.aws);
  readonly zone = this.aws.account().addZone('example.com');
  readonly publicNames = new FakeNames(this.aws);
  readonly lookUp = this.publicNames.lookUp;
  readonly pem = clusterKey;
  readonly kid = publicKeys(clusterKey).keys[0]!.kid;
  #run: ReturnType<Story['runner']>;

  constructor(
    spec: Spec = {},
    private readonly observer?: () => PassObserver<OIDCIssuerStatus>,
  ) {
    super();
    this.#run = this.runner(oidcIssuerDefinition(this), observer?.());
    this.seedSecret('abcl0-sa', { 'tls.crt': clusterKey });
    this.apply(spec);
  }

  apply(spec: Spec = {}): void {
    const standard: Spec = {
      region: 'eu-central-1',
      hosting: { cloudFront: { alias } },
      signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.crt' } },
    };
    this.kube.seed(oidcIssuers, { metadata: ref, spec: { ...standard, ...spec } });
  }

  /** Asks on the object itself to adopt what is there. */
  adoptMe(): void {
    this.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/adopt': 'true' } } });
  }

  reconcile(): Promise<Result> {
    return this.#run(ref);
  }

  /** A pass because the last one asked for it, and not because something changed. */
  comeBack(): Promise<Result> {
    return this.#run(ref, { isReturn: true });
  }

  /** Another process: what was only in memory is gone. */
  restart(): void {
    this.accounts = this.aws.accounts();
    this.#run = this.runner(oidcIssuerDefinition(this), this.observer?.());
  }

  /** Passes, at least one, between which CloudFront's and Route 53's minutes go by. */
  async until(done: () => boolean): Promise<void> {
    let passes = 0;
    do {
      await this.reconcile();
      this.aws.deploy();
      this.aws.sync();
    } while (!done() && ++passes < 20);
    if (!done()) throw new Error(`not done: ${JSON.stringify(this.object?.status?.conditions, null, 1)}`);
  }

  async untilReady(): Promise<void> {
    await this.until(() => this.condition('Ready')?.status === 'True');
  }

  /** The same, and more than a minute goes by, in which AWS may not show what is new. */
  async untilGone(): Promise<void> {
    for (let passes = 0; this.object && passes < 20; passes++) {
      await this.until(() => true);
      await this.clock.advance(seconds(15));
    }
    await this.until(() => this.object === undefined);
  }

  get object(): OIDCIssuer | undefined {
    return this.kube.get<OIDCIssuer>(oidcIssuers, ref);
  }

  get status(): OIDCIssuerStatus {
    return this.object?.status ?? {};
  }

  /** What is recorded of the only site. */
  get site() {
    return this.status.sites?.[0];
  }

  condition(type: string): Pick<Condition, 'status' | 'reason' | 'message'> | undefined {
    return this.status.conditions?.find((condition) => condition.type === type);
  }

  edit(spec: { readonly [field in keyof Spec]: unknown }): void {
    this.kube.edit(oidcIssuers, ref, { spec });
  }

  delete(): void {
    this.kube.remove(oidcIssuers, ref);
  }

  loseStatus(): void {
    const nothing = Object.fromEntries(Object.keys(this.status).map((field) => [field, null]));
    void this.kube.patch(oidcIssuers, ref, { status: nothing }, { subresource: 'status' });
  }

  get account() {
    return this.aws.account();
  }

  get bucket(): FakeBucket {
    return only([...this.account.buckets.values()]);
  }

  get distribution(): FakeDistribution {
    return only([...this.account.distributions.values()]);
  }

  /** The published key ids, in order. */
  get published(): string[] {
    const { keys } = JSON.parse(this.bucket.objects.get('keys.json')?.body ?? '{"keys":[]}') as {
      keys: { kid: string }[];
    };
    return keys.map(({ kid }) => kid);
  }

  /** What the account holds, and the records of all accounts, in words; empty when nothing is left. */
  get leftovers(): string[] {
    const { buckets, distributions, functions, originAccessControls, certificates, providers } = this.account;
    return [
      ...[...buckets.keys()].map((name) => `bucket ${name}`),
      ...[...distributions.keys()].map((id) => `distribution ${id}`),
      ...[...functions.keys()].map((name) => `function ${name}`),
      ...[...originAccessControls.values()].map(({ config }) => `origin access control ${config.Name}`),
      ...[...certificates.values()].map(({ domain }) => `certificate ${domain}`),
      ...[...providers.keys()].map((arn) => `provider ${arn}`),
      ...this.records,
    ];
  }

  /** Of all zones of all accounts. */
  get records(): string[] {
    return [...this.aws.allAccounts()]
      .flatMap(({ zones }) => [...zones.values()])
      .flatMap(({ records }) => records)
      .map(({ name, type }) => `record ${type} ${name}`);
  }

  /** Somebody makes the records that the status asks for. */
  makeRecords(): void {
    const missing = (this.status.dnsRecords ?? []).filter(({ present }) => !present);
    this.aws.recordsElsewhere.push(...missing.map(({ name, type, value }) => ({ name, type, values: [value] })));
  }

  get saidReasons(): string[] {
    return this.said.map(({ reason }) => reason);
  }
}

export function only<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined || items.length !== 1) throw new Error(`one was expected, there are ${items.length}`);
  return first;
}
