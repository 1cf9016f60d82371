import type { IAMServiceAccount } from '../../src/api/kinds.ts';
import { iamServiceAccounts, serviceAccounts } from '../../src/api/resources.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { HttpKubeClient } from '../../src/runtime/http-kube-client.ts';
import { Informer } from '../../src/runtime/informer.ts';
import { KubeTransport } from '../../src/runtime/kube-transport.ts';
import { OperatorAccess } from '../../src/runtime/operator-access.ts';
import { iamServiceAccount, type Manifest } from '../../test/integration/objects.ts';

/** How many requests are under way at a time, so that neither this program nor the API server is the bound. */
const lanes = 16;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

export interface RolesOptions {
  readonly namespace: string;
  readonly issuer: string;
  readonly count: number;
  /** Of the text of the inline policy. */
  readonly policyBytes: number;
}

/** The IAMServiceAccounts of the benchmark, as their author's kubectl makes and watches them. */
export class Roles {
  readonly names: readonly string[];
  readonly #stop = new AbortController();
  readonly #kube: HttpKubeClient;
  readonly #ready = new Set<string>();
  readonly #there = new Set<string>();
  readonly #informer: Informer<IAMServiceAccount>;

  /** KUBECONFIG says which cluster. */
  constructor(private readonly options: RolesOptions) {
    this.names = Array.from({ length: options.count }, (_, index) => `role-${index}`);
    const transport = new KubeTransport({ access: new OperatorAccess(), signal: this.#stop.signal });
    this.#kube = new HttpKubeClient(transport);
    this.#informer = new Informer<IAMServiceAccount>({
      transport,
      resource: iamServiceAccounts,
      logger: createLogger({ level: 'error' }),
      clock: systemClock,
      signal: this.#stop.signal,
    });
    this.#informer.on({
      select: ({ metadata, status }) =>
        status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' &&
        status.observedGeneration === metadata.generation,
      changed: ({ ref: { name }, selected, kind }) => {
        this.#there[kind === 'deleted' ? 'delete' : 'add'](name);
        this.#ready[kind !== 'deleted' && selected ? 'add' : 'delete'](name);
      },
    });
  }

  async watch(): Promise<void> {
    this.#informer.start();
    await this.#informer.synced();
  }

  get ready(): number {
    return this.#ready.size;
  }

  get there(): number {
    return this.#there.size;
  }

  async makeServiceAccounts(): Promise<void> {
    await inLanes(this.names, (name) =>
      this.#kube.create(serviceAccounts, { metadata: { namespace: 'default', name } }),
    );
  }

  async make(): Promise<void> {
    await inLanes(this.names, (name) => this.#kube.create(iamServiceAccounts, this.#applied(name)));
  }

  async delete(): Promise<void> {
    const { namespace } = this.options;
    await inLanes(this.names, (name) => this.#kube.delete(iamServiceAccounts, { namespace, name }));
  }

  stop(): void {
    this.#stop.abort();
  }

  /** As `kubectl apply` sends it: the annotation holds the whole object once more. */
  #applied(name: string) {
    const { issuer, namespace, policyBytes } = this.options;
    const inline = [{ name: 'p0', document: policyOf(policyBytes) }];
    const policies = { managed: ['AmazonS3ReadOnlyAccess'], inline };
    const manifest: Manifest = iamServiceAccount(name, issuer, { policies });
    const annotations = { [lastApplied]: JSON.stringify(manifest) };
    return { ...manifest, metadata: { ...manifest.metadata, namespace, annotations } };
  }
}

/** The text of a policy of about that many bytes. */
function policyOf(bytes: number): string {
  const policy = (Resource: readonly string[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource }] });
  const resource = (index: number) => `arn:aws:s3:::acme-echo-${String(index).padStart(5, '0')}/*`;
  const count = Math.max(1, Math.floor((bytes - policy([]).length) / (resource(0).length + 3)));
  return policy(Array.from({ length: count }, (_, index) => resource(index)));
}

async function inLanes(names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  const left = [...names];
  const lane = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await act(name);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
