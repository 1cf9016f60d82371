import { randomBytes } from 'node:crypto';
import { fieldManager } from '../api/names.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { events } from '../api/resources.ts';
import type { Logger } from '../observability/logger.ts';
import { sleep, type Clock } from './clock.ts';
import { hours, jittered, seconds } from './duration.ts';
import type { DesiredObject, KubeClient } from './kube-client.ts';
import { isAlreadyExists, isTransient } from './kube-error.ts';
import { cut } from './text.ts';

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** One word for programs. */
  readonly reason: string;
  readonly message: string;
}

/** Says something about an object for `kubectl describe`. */
export interface EventRecorder {
  /** Returns at once and never fails: an event that cannot be sent, though it is tried for a minute, is lost. */
  record(regarding: KubernetesObject, event: EventText): void;
}

/** The same words about the same object are sent once in this time, and so shown as long as events are kept by default. */
const repeatAfter = hours(1);
const remembered = 4096;
/** Those that wait for another attempt count. */
const sendingAtOnce = 64;
const attempts = 6;
const betweenAttempts = seconds(10);

/** Both in bytes: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/validation/events.go */
const noteLimit = 1024;
const nameLimit = 253;

export interface KubeEventsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Which of several replicas speaks: the pod's name. */
  readonly instance: string;
}

/** Sends events of events.k8s.io/v1. Repetitions within an hour are dropped, not counted: the condition says that it lasts. */
export class KubeEvents implements EventRecorder {
  /** When each was last sent, oldest first. */
  readonly #sent = new Map<string, number>();
  readonly #sending = new Set<Promise<void>>();
  readonly #flush = new AbortController();

  constructor(private readonly options: KubeEventsOptions) {}

  record(regarding: KubernetesObject, event: EventText): void {
    const key = JSON.stringify([regarding.metadata.uid, event]);
    const { clock } = this.options;
    const last = this.#sent.get(key);
    if (last !== undefined && clock.elapsed() - last < repeatAfter) return;
    if (this.#sending.size >= sendingAtOnce) return this.#lost(regarding, event, 'too many at once');
    this.#remember(key, clock.elapsed());
    const sending = this.#send(this.#written(regarding, event, clock.now()))
      .catch((error: unknown) => {
        this.#sent.delete(key);
        this.#lost(regarding, event, error);
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** For the end of the process. Each event that waits for another attempt gets its last one now. Resolves when all are sent or lost. */
  async flushed(): Promise<void> {
    this.#flush.abort();
    await Promise.all(this.#sending);
  }

  /** If an event arrived but its answer was lost, the event exists when it is sent again. */
  async #send(event: DesiredObject): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.options.client.create(events, event);
      } catch (error) {
        if (isAlreadyExists(error)) return;
        if (attempt === attempts || this.#flush.signal.aborted || !isTransient(error)) throw error;
        await sleep(this.options.clock, jittered(betweenAttempts), this.#flush.signal);
      }
    }
  }

  #written(regarding: KubernetesObject, event: EventText, now: Date): DesiredObject {
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    const suffix = randomBytes(8).toString('hex');
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name: `${name.slice(0, nameLimit - suffix.length - 1)}.${suffix}` },
      // RFC3339Micro: the API server refuses milliseconds.
      eventTime: now.toISOString().replace('Z', '000Z'),
      type: event.type,
      reason: event.reason,
      action: 'Reconcile',
      note: cut(event.message, noteLimit),
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, namespace, name, uid, resourceVersion },
      reportingController: fieldManager,
      reportingInstance: this.options.instance,
    };
  }

  #remember(key: string, now: number): void {
    this.#sent.delete(key);
    this.#sent.set(key, now);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > remembered && oldest !== undefined) this.#sent.delete(oldest);
  }

  #lost(regarding: KubernetesObject, event: EventText, error: unknown): void {
    const { namespace, name } = regarding.metadata;
    this.options.logger.debug('lost an event', { kind: regarding.kind, namespace, name, reason: event.reason, error });
  }
}
