import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName, Resource } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from './clock.ts';
import { minutes } from './duration.ts';
import { type Change, Informer } from './informer.ts';
import type { KubeTransport } from './kube-transport.ts';

/** What is followed in clusters, and who hears of it. */
export interface Followed<O, S> {
  readonly resource: Resource;
  readonly select: (object: O) => S;
  /** Whether somebody wants to hear of this object. Nothing is kept of any other: a cluster may have as many as it likes. */
  readonly concerns: (place: string, ref: NamespacedName) => boolean;
  /** @param place as those who follow call the cluster */
  readonly changed: (place: string, change: Change<S>) => void;
}

/**
 * Milliseconds after which a cluster that nobody used, or a place by which nobody called it, is named by no object any more: each
 * object uses its clusters at its resync.
 */
export const idleAfter = (resync: number) => Math.max(minutes(15), 3 * resync);

export interface ClusterWatchOptions<O, S> {
  readonly transport: KubeTransport;
  readonly followed: Followed<O, S>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds until an object that follows a cluster follows it again, if nothing changes. */
  readonly resync: number;
  /** The most pages of a list, see listPages. Absent: as many as there are. */
  readonly longestList?: number;
}

/**
 * Watches a kind in one cluster once somebody follows it. A cluster that refuses the watch, or is silent, is asked again less and
 * less often: whoever follows it looks from time to time all the same.
 */
export class ClusterWatch<O extends KubernetesObject, S> {
  /** When each was followed last. */
  readonly #places = new Map<string, number>();
  readonly #stop = new AbortController();
  #informer: Informer<O> | undefined;

  constructor(private readonly options: ClusterWatchOptions<O, S>) {}

  /**
   * The place hears of each change until nobody follows it any more. Whoever follows is about to look at what it needs there: only
   * the first one hears of what is there already.
   */
  follow(place: string): void {
    this.#places.set(place, this.options.clock.elapsed());
    this.#informer ??= this.#start(place);
  }

  stop(): void {
    this.#stop.abort(new Error('nobody follows the cluster any more'));
  }

  #start(place: string): Informer<O> {
    const { transport, followed, clock, longestList } = this.options;
    const signal = AbortSignal.any([this.options.signal, this.#stop.signal]);
    const logger = this.options.logger.child({ cluster: place });
    const informer = new Informer<O>({
      transport,
      resource: followed.resource,
      logger,
      clock,
      signal,
      ...(longestList !== undefined && { longestList }),
    });
    informer.on<S>({
      select: followed.select,
      concerns: (ref) => this.#followedPlaces().some((each) => followed.concerns(each, ref)),
      changed: (change) => {
        for (const each of this.#followedPlaces()) followed.changed(each, change);
      },
    });
    informer.start();
    return informer;
  }

  #followedPlaces(): string[] {
    const since = this.options.clock.elapsed() - idleAfter(this.options.resync);
    for (const [place, followed] of this.#places) if (followed <= since) this.#places.delete(place);
    return [...this.#places.keys()];
  }
}
