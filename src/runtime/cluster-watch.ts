import type { KubernetesObject } from '../api/meta.ts';
import type { Resource } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from './clock.ts';
import { type Change, Informer } from './informer.ts';
import type { KubeTransport } from './kube-transport.ts';

/** What is followed in clusters, and who hears of it. */
export interface Followed<O, S> {
  readonly resource: Resource;
  readonly select: (object: O) => S;
  /** @param place as those who follow call the cluster */
  readonly changed: (place: string, change: Change<S>) => void;
}

export interface ClusterWatchOptions<O, S> {
  readonly transport: KubeTransport;
  readonly followed: Followed<O, S>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Watches a kind in one cluster once somebody follows it. A cluster that refuses the watch, or is silent, is asked again less and
 * less often: whoever follows it looks from time to time all the same.
 */
export class ClusterWatch<O extends KubernetesObject, S> {
  readonly #places = new Set<string>();
  readonly #stop = new AbortController();
  #informer: Informer<O> | undefined;

  constructor(private readonly options: ClusterWatchOptions<O, S>) {}

  /** The place hears of what is there that its `select` shows to need something, and of each change from now on. */
  follow(place: string): void {
    this.#places.add(place);
    this.#informer ??= this.#start(place);
  }

  stop(): void {
    this.#stop.abort(new Error('nobody follows the cluster any more'));
  }

  #start(place: string): Informer<O> {
    const { transport, followed, clock } = this.options;
    const signal = AbortSignal.any([this.options.signal, this.#stop.signal]);
    const logger = this.options.logger.child({ cluster: place });
    const informer = new Informer<O>({ transport, resource: followed.resource, logger, clock, signal });
    informer.on<S>({
      select: followed.select,
      changed: (change) => {
        for (const each of this.#places) followed.changed(each, change);
      },
    });
    informer.start();
    return informer;
  }
}
