import { hash } from 'node:crypto';
import type { KubernetesObject } from '../api/meta.ts';
import type { Logger } from '../observability/logger.ts';
import type { ServerAddresses } from './addresses.ts';
import { Breaker } from './breaker.ts';
import { systemClock, type Clock } from './clock.ts';
import { ClusterWatch, idleAfter, type Followed } from './cluster-watch.ts';
import { HttpKubeClient } from './http-kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { isSilence } from './kube-error.ts';
import { KubeTransport, type Timeouts } from './kube-transport.ts';
import { accessOf } from './untrusted-kubeconfig.ts';

export { InvalidKubeconfigError } from './untrusted-kubeconfig.ts';

/** Makes clients for clusters that we know only by a tenant's kubeconfig. */
export interface WorkloadClusters {
  /**
   * A client for this kubeconfig (YAML). The client is kept and used again while the place has the same text.
   * The kubeconfig is data: exec, auth-provider, tokenFile, a file path, insecure-skip-tls-verify or a server that ServerAddresses
   * refuses throws InvalidKubeconfigError, naming it. A server whose name resolves to such an address throws it when it is called.
   * @param place as the caller calls the cluster: a namespace, a slash, a name
   */
  connect(kubeconfig: string, place: string): KubeClient;
}

/**
 * The number of clusters of one namespace whose connections stay open. Of more, the one that was used longest ago goes. It is large,
 * because at each resync those who are left out would be connected to again. It holds for each namespace by itself, so that no
 * tenant ends the connections of another.
 */
const kept = 1000;
/**
 * Pages of 100 service accounts, each page of at most 2 MiB. A cluster that lists without end would keep the process busy.
 * Whoever follows a larger one looks from time to time all the same.
 */
const longestList = 200;

export interface KubeconfigClustersOptions<O, S> {
  /** Which servers a kubeconfig may name. */
  readonly servers: ServerAddresses;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: Clock;
  /** Milliseconds until an object uses its clusters again, if nothing changes. A cluster that nobody uses for much longer is left. */
  readonly resync: number;
  /** Absent: nothing is watched. */
  readonly watch?: { readonly followed: Followed<O, S>; readonly logger: Logger };
}

interface Cluster {
  /** Of the kubeconfig. Its text may have a MiB. */
  readonly digest: string;
  readonly client: KubeClient;
  follow(place: string): void;
  /** Ends the watch, and the connections when their calls have ended. */
  close(): void;
}

export class KubeconfigClusters<O extends KubernetesObject, S> implements WorkloadClusters {
  /** By place, the one used last at the end. */
  readonly #clusters = new Map<string, Cluster>();
  readonly #idleTimers = new Map<string, () => void>();
  readonly #clock: Clock;

  constructor(private readonly options: KubeconfigClustersOptions<O, S>) {
    this.#clock = options.clock ?? systemClock;
    options.signal.addEventListener('abort', () => this.#idleTimers.forEach((cancel) => cancel()), { once: true });
  }

  connect(kubeconfig: string, place: string): KubeClient {
    const digest = hash('sha256', kubeconfig, 'base64');
    const known = this.#clusters.get(place);
    if (known?.digest !== digest) this.#drop(place);
    const cluster = known?.digest === digest ? known : this.#open(kubeconfig, digest);
    this.#clusters.delete(place);
    this.#clusters.set(place, cluster);
    this.#dropOldest(place);
    this.#idleTimers.get(place)?.();
    this.#idleTimers.set(
      place,
      this.#clock.after(idleAfter(this.options.resync), () => this.#drop(place)),
    );
    cluster.follow(place);
    return cluster.client;
  }

  #dropOldest(place: string): void {
    if (this.#clusters.size <= kept) return;
    const neighbours = [...this.#clusters.keys()].filter((each) => namespaceOf(each) === namespaceOf(place));
    const [oldest] = neighbours;
    if (neighbours.length > kept && oldest !== undefined) this.#drop(oldest);
  }

  #drop(place: string): void {
    this.#clusters.get(place)?.close();
    this.#clusters.delete(place);
    this.#idleTimers.get(place)?.();
    this.#idleTimers.delete(place);
  }

  #open(kubeconfig: string, digest: string): Cluster {
    // A copy, because a part of a text keeps the whole text in memory.
    const access = structuredClone(accessOf(kubeconfig));
    const { resync, servers, signal, timeouts, watch: watched } = this.options;
    servers.check(access.server);
    const clock = this.#clock;
    const transport = new KubeTransport({
      signal,
      ...(timeouts && { timeouts }),
      // If the token of the text is not accepted, there is no newer one.
      access: { get: () => Promise.resolve(access), renew: () => undefined },
      untrusted: servers,
      clock,
      breaker: new Breaker({ clock, isSilence }),
    });
    const watch = watched && new ClusterWatch({ ...watched, transport, clock, signal, resync, longestList });
    return {
      digest,
      client: new HttpKubeClient(transport),
      follow: (place) => watch?.follow(place),
      close: () => {
        watch?.stop();
        void transport.close();
      },
    };
  }
}

const namespaceOf = (place: string) => place.split('/')[0];
