import type { ServerAddresses } from './addresses.ts';
import { Breaker } from './breaker.ts';
import { systemClock, type Clock } from './clock.ts';
import { HttpKubeClient } from './http-kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { isUnreachable, KubeError } from './kube-error.ts';
import { KubeTransport, type Timeouts } from './kube-transport.ts';
import { accessOf, InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

export { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

/** Makes clients for clusters that we know only by a tenant's kubeconfig. */
export interface WorkloadClusters {
  /**
   * A client for this kubeconfig (YAML). The client is kept and used again while the text stays the same.
   * The kubeconfig is data: exec, auth-provider, tokenFile, a file path, insecure-skip-tls-verify or a server that ServerAddresses
   * refuses throws InvalidKubeconfigError, naming it. A server whose name resolves to such an address throws it when it is called.
   */
  connect(kubeconfig: string): KubeClient;
}

/** The number of clusters whose connections stay open. The one that was used longest ago goes first. */
const kept = 200;

export interface KubeconfigClustersOptions {
  /** Which servers a kubeconfig may name. */
  readonly servers: ServerAddresses;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: Clock;
}

export class KubeconfigClusters implements WorkloadClusters {
  /** By the text of the kubeconfig, the one used last at the end. */
  readonly #clusters = new Map<string, { readonly client: KubeClient; readonly transport: KubeTransport }>();

  constructor(private readonly options: KubeconfigClustersOptions) {}

  connect(kubeconfig: string): KubeClient {
    const cluster = this.#clusters.get(kubeconfig) ?? this.#open(kubeconfig);
    this.#clusters.delete(kubeconfig);
    this.#clusters.set(kubeconfig, cluster);
    const [oldest] = this.#clusters.keys();
    if (this.#clusters.size > kept && oldest !== undefined) {
      void this.#clusters.get(oldest)?.transport.close();
      this.#clusters.delete(oldest);
    }
    return cluster.client;
  }

  #open(kubeconfig: string) {
    const access = accessOf(kubeconfig);
    const { servers, clock = systemClock, ...options } = this.options;
    servers.check(access.server);
    const transport = new KubeTransport({
      ...options,
      // If the token of the text is not accepted, there is no newer one.
      access: { get: () => Promise.resolve(access), renew: () => undefined },
      untrusted: servers,
      clock,
      breaker: new Breaker({ clock, isSilence }),
    });
    return { client: new HttpKubeClient(transport), transport };
  }
}

const isSilence = (error: unknown) =>
  error instanceof KubeError ? isUnreachable(error) : !(error instanceof InvalidKubeconfigError);
