import type { KubernetesObject } from '../api/meta.ts';
import type { Resource } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import { sleep, type Clock } from './clock.ts';
import { jittered, seconds } from './duration.ts';
import { isExpired, isForbidden, isMalformed, isNotFound, isNotServed, isTooLong, KubeError } from './kube-error.ts';
import type { KubeTransport } from './kube-transport.ts';
import { listPages } from './list-pages.ts';
import { watchStream } from './watch-stream.ts';

export interface ListWatchHandler<O> {
  changed(object: O): void;
  deleted(object: O): void;
  /** A list begins. It may break off, and begin again. */
  listing(): void;
  /** The last list has ended: an object that it did not name is gone. */
  listed(): void;
}

export interface ListWatchOptions<O> {
  readonly transport: KubeTransport;
  readonly resource: Resource;
  readonly handler: ListWatchHandler<O>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The most pages of a list, see listPages. A kind with more is not followed any more. Absent: as many as there are. */
  readonly longestList?: number;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random?: () => number;
}

const firstBackOff = seconds(0.5);
const longestBackOff = seconds(30);
/** A watch that lived this long was a good one. An event alone makes none: a server may end each watch after one. */
const goodWatch = seconds(5);

/**
 * Follows a kind until the signal aborts, whatever the API server does, or until a list is too long. It lists and watches from there. It lists again if the
 * version is too old or leads nowhere. After any other failure it comes back with a growing delay.
 */
export class ListWatch<O extends KubernetesObject> {
  /** The version from which the next watch goes on. Undefined: a list comes first. */
  #version: string | undefined;
  #failures = 0;
  #isTooLong = false;
  /** The last failure that was logged. Undefined while all is well. */
  #complaint: string | undefined;

  constructor(private readonly options: ListWatchOptions<O>) {}

  /** Never rejects. Resolves when the signal aborted, or a list was too long, and no call is under way. */
  async run(): Promise<void> {
    const { clock, signal } = this.options;
    while (!signal.aborted && !this.#isTooLong) {
      const wait = await this.#round();
      if (wait > 0) await sleep(clock, wait, signal);
    }
  }

  /** One list, if one is due, and one watch. Gives the time until the next round. */
  async #round(): Promise<number> {
    try {
      this.#version ??= await this.#list();
      await this.#watch(this.#version);
      return this.#failures++ === 0 ? 0 : this.#backOff();
    } catch (error) {
      return this.#recover(error);
    }
  }

  async #list(): Promise<string> {
    const { handler, longestList, resource, transport } = this.options;
    let version = '';
    this.#guarded(() => handler.listing());
    // One failure stands for all of a list, because a listener that fails for one object may fail for each.
    let hasFailed = false;
    for await (const page of listPages<O>(transport, resource, { longest: longestList })) {
      this.#alive();
      for (const object of page.items) {
        if (!this.#guarded(() => handler.changed(object), hasFailed)) hasFailed = true;
      }
      version = page.resourceVersion;
    }
    this.#guarded(() => handler.listed());
    return version;
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { clock, handler, resource, signal, transport } = this.options;
    const started = clock.elapsed();
    const judge = () => {
      if (clock.elapsed() - started >= goodWatch) this.#failures = 0;
    };
    for await (const { type, object } of watchStream<O>(transport, resource, { resourceVersion, signal })) {
      this.#alive();
      judge();
      this.#version = object.metadata.resourceVersion;
      if (type === 'DELETED') this.#guarded(() => handler.deleted(object));
      else if (type !== 'BOOKMARK') this.#guarded(() => handler.changed(object));
    }
    judge();
  }

  #recover(error: unknown): number {
    const { logger, resource, signal } = this.options;
    if (signal.aborted) return 0;
    if (isTooLong(error)) {
      this.#isTooLong = true;
      logger.warn('there are too many objects to watch, so changes are seen only at the next look', {
        resource: resource.plural,
        error,
      });
      return 0;
    }
    const isMissing = isNotFound(error) || isNotServed(error);
    // A line that cannot be read now would come again from the same version.
    if (isExpired(error) || isMissing || isMalformed(error)) this.#version = undefined;
    if (isExpired(error)) return this.#failures++ === 0 ? 0 : this.#backOff();
    const complaint = error instanceof Error ? error.message : String(error);
    const level = complaint === this.#complaint ? 'debug' : 'warn';
    this.#complaint = complaint;
    if (isMissing) logger[level]('the kind is not installed', { resource: resource.plural });
    else if (resource.optional && isForbidden(error))
      logger[level]('the kind may not be read, and so is left alone', { resource: resource.plural });
    else logger[level]('watch broke off', { resource: resource.plural, error });
    this.#failures++;
    return Math.max(this.#backOff(), error instanceof KubeError ? (error.retryAfter ?? 0) : 0);
  }

  #backOff(): number {
    return jittered(Math.min(firstBackOff * 2 ** (this.#failures - 1), longestBackOff), this.options.random);
  }

  #alive(): void {
    const { logger, resource } = this.options;
    if (this.#complaint !== undefined) logger.info('watching again', { resource: resource.plural });
    this.#complaint = undefined;
  }

  /** A listener that throws must not end the watch. Gives whether none did. */
  #guarded(act: () => void, quiet = false): boolean {
    try {
      act();
      return true;
    } catch (error) {
      const { logger, resource } = this.options;
      if (!quiet) logger.error('a listener failed', { resource: resource.plural, error });
      return false;
    }
  }
}
