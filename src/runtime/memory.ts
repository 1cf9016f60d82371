import type { ManagedObject } from '../api/meta.ts';
import type { Finding } from './findings.ts';

/** What an object waits for. */
interface Wait {
  readonly reason: string;
  readonly message: string;
  readonly requeueAfter?: number;
  readonly isOver?: (signal: AbortSignal) => Promise<boolean>;
}

/** Milliseconds: the moment, and the time after which an object is looked at in any case. */
interface Times {
  readonly now: number;
  readonly resync: number;
}

/** A wait is looked at again when it has become longer by this part. */
const growth = 0.5;

/**
 * What the loop remembers of one object between its passes. A restart forgets it, which costs no more than a few looks and some
 * minutes of patience.
 */
export class Memory {
  /** Since when each condition could not be looked at for a passing reason. */
  readonly failingSince = new Map<string, number>();
  #wait: { readonly what: string; readonly since: number; readonly first: number } | undefined;
  /** What alone has to be looked at before that time. */
  #rest:
    | { readonly generation: number | undefined; readonly until: number; readonly isOver: NonNullable<Wait['isOver']> }
    | undefined;

  constructor(readonly uid: string) {}

  note(findings: readonly Finding[], now: number): void {
    for (const { type, passing } of findings) {
      if (!passing) this.failingSince.delete(type);
      else if (!this.failingSince.has(type)) this.failingSince.set(type, now);
    }
    this.#rest = undefined;
  }

  /** The object waits for nothing. */
  done(): void {
    this.#wait = undefined;
  }

  /** The milliseconds until the next look. They grow up to the resync while the object waits for the same. */
  wait({ metadata }: ManagedObject, waits: readonly Wait[], { now, resync }: Times): number {
    const what = waits.map(({ reason, message }) => `${reason} ${message}`).join('\n');
    const first = Math.min(resync, ...waits.map(({ requeueAfter }) => requeueAfter ?? resync));
    const since = this.#wait?.what === what ? this.#wait.since : now;
    this.#wait = { what, since, first };
    const [only, ...others] = waits;
    if (only?.isOver && others.length === 0) {
      this.#rest = { generation: metadata.generation, until: now + resync, isOver: only.isOver };
    }
    return this.#next({ now, resync });
  }

  /** If all that the object waits for is not over yet: the milliseconds until the next look. */
  async rest(
    { metadata }: ManagedObject,
    times: Times & { readonly signal: AbortSignal },
  ): Promise<number | undefined> {
    const rest = this.#rest;
    if (!rest || rest.generation !== metadata.generation || metadata.deletionTimestamp !== undefined) return undefined;
    if (times.now >= rest.until || (await rest.isOver(times.signal))) return undefined;
    return this.#next(times);
  }

  #next({ now, resync }: Times): number {
    if (!this.#wait) return resync;
    return Math.min(resync, Math.max(this.#wait.first, (now - this.#wait.since) * growth));
  }
}
