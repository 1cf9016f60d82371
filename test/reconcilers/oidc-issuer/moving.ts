import { oidcIssuers } from '../../../src/api/resources.ts';
import type { FakeBucket } from '../../fakes/aws/s3.ts';
import { Migration } from './migrating.ts';
import { accountID, bucketName, only, ref } from './story.ts';

export const first = bucketName;
/** Two more names of the account's own. */
export const [second, third] = ['second', 'third'].map((name) => `${name}-${accountID}-eu-central-1-an`) as [
  string,
  string,
];

/** An issuer with a role, whose documents move to another bucket. Somebody reads them after each write, at every edge. */
export class Moving extends Migration {
  /** After which write some edge did not serve the documents. */
  readonly outages: string[] = [];

  static async from(spec: ConstructorParameters<typeof Migration>[0] = {}): Promise<Moving> {
    const story = new Moving(spec);
    await story.prepare();
    story.watch();
    return story;
  }

  /** Watches from now on, until the issuer is deleted. */
  watch(): void {
    const { gate } = this.aws;
    const { issuerURL = '' } = this.status;
    this.aws.gate = (call, act) => {
      const result = gate(call, act);
      if (!this.object?.metadata.deletionTimestamp) this.look(call, issuerURL);
      return result;
    };
  }

  look(when: string, issuerURL: string): void {
    const discovery = this.documents.atEveryEdge(`${issuerURL}/.well-known/openid-configuration`);
    const keySets = this.documents.atEveryEdge(`${issuerURL}/keys.json`) as ({ keys: { kid: string }[] } | undefined)[];
    const names = discovery.length > 0 && discovery.every((document) => document?.['issuer'] === issuerURL);
    const verifies = keySets.every((set) => set?.keys.some(({ kid }) => kid === this.kid));
    if (!names || !verifies) this.outages.push(when);
  }

  moveTo(name: string): void {
    this.edit({ bucket: { name } });
  }

  /** A pass of both controllers. CloudFront's minutes do not go by. */
  async pass(): Promise<void> {
    await this.reconcile();
    await this.reconcileRole();
  }

  /** Until nothing more is to be done, with what AWS did not show in the first minute. */
  async end(): Promise<void> {
    for (let pass = 0; pass < 8; pass++) {
      await this.pass();
      this.aws.deploy();
      this.aws.sync();
    }
  }

  /** Until the distribution reads that bucket, and its edges do not know it yet. */
  async turnedTo(name: string): Promise<void> {
    this.moveTo(name);
    for (let passes = 0; this.origin !== name && passes < 5; passes++) await this.pass();
    if (this.origin !== name) throw new Error(`it reads ${this.origin}`);
  }

  /** Plans the next pass, and makes it. */
  async planned(): Promise<readonly string[]> {
    const annotate = (value: string | null) =>
      this.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': value } } });
    annotate('true');
    await this.reconcile();
    const { plan = [] } = this.status;
    annotate(null);
    await this.pass();
    return plan;
  }

  /** The bucket that the distribution reads. */
  get origin(): string | undefined {
    return this.distribution.config.Origins?.Items?.[0]?.DomainName?.split('.')[0];
  }

  in(name: string): FakeBucket {
    return only([...this.account.buckets.values()].filter((bucket) => bucket.name === name));
  }

  get buckets(): string[] {
    return [...this.account.buckets.keys()];
  }

  get controls(): (string | undefined)[] {
    return [...this.account.originAccessControls.values()].map(({ config }) => config.Name);
  }
}
