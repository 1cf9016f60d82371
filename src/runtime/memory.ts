import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName } from '../api/resources.ts';
import type { Finding } from './findings.ts';

/** Tells without a call to AWS whether a wait is over. */
type Look = (signal: AbortSignal) => Promise<boolean>;

/** What an object waits for. */
interface Wait {
  readonly reason: string;
  readonly message: string;
  readonly requeueAfter?: number;
  readonly isOver?: Look;
}

/** Milliseconds: the moment by the clock that nobody sets, and the time after which an object is looked at in any case. */
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
  /** What each condition waits for, and since when. */
  readonly waiting = new Map<string, { readonly reason: string; readonly since: number }>();
  /** By reason and message. */
  #waits: ReadonlyMap<string, { readonly since: number; readonly first: number }> = new Map();
  /** All that has to be looked at before that time. */
  #rest:
    { readonly generation: number | undefined; readonly until: number; readonly looks: readonly Look[] } | undefined;

  /** What was ready in the last pass and may rest, and until when. */
  #resting:
    | { readonly generation: number | undefined; readonly until: number; readonly found: ReadonlyMap<string, Finding> }
    | undefined;

  constructor(readonly uid: string) {}

  /** What may rest in a pass that only comes back to a wait. Empty if something may have changed, or at the resync. */
  resting({ metadata }: KubernetesObject, now: number): ReadonlyMap<string, Finding> {
    const resting = this.#resting;
    if (!resting || resting.generation !== metadata.generation || now >= resting.until) {
      this.#resting = undefined;
      return new Map();
    }
    return resting.found;
  }

  /** Takes what was ready in this pass. What rested already rests no longer than before. */
  rested({ metadata }: KubernetesObject, found: ReadonlyMap<string, Finding>, { now, resync }: Times): void {
    const until = this.#resting?.until ?? now + resync;
    this.#resting = { generation: metadata.generation, until, found };
  }

  /** Something may have changed: every step looks again. */
  wake(): void {
    this.#resting = undefined;
  }

  note(findings: readonly Finding[], now: number): void {
    for (const { type, state, reason, passing } of findings) {
      if (passing) {
        // Nobody looked, so it waits as before.
        if (!this.failingSince.has(type)) this.failingSince.set(type, now);
        continue;
      }
      this.failingSince.delete(type);
      if (state !== 'waiting') this.waiting.delete(type);
      else if (this.waiting.get(type)?.reason !== reason) this.waiting.set(type, { reason, since: now });
    }
    this.#rest = undefined;
  }

  /** The milliseconds until the next look, at most the resync. They grow while the object waits for the same. */
  wait({ metadata }: KubernetesObject, waits: readonly Wait[], { now, resync }: Times): number {
    const before = this.#waits;
    this.#waits = new Map(
      waits.map(({ reason, message, requeueAfter = resync }) => {
        const what = `${reason} ${message}`;
        return [what, { since: before.get(what)?.since ?? now, first: requeueAfter }];
      }),
    );
    const looks = waits.filter(({ requeueAfter }) => requeueAfter !== undefined).map(({ isOver }) => isOver);
    if (looks.length > 0 && looks.every((look) => look !== undefined)) {
      this.#rest = { generation: metadata.generation, until: now + resync, looks };
    }
    return this.#next({ now, resync });
  }

  /** The milliseconds until the next look, if a look at each wait tells that none is over. Undefined: the steps have to run. */
  async rest(
    { metadata }: KubernetesObject,
    times: Times & { readonly signal: AbortSignal },
  ): Promise<number | undefined> {
    const rest = this.#rest;
    if (!rest || rest.generation !== metadata.generation || metadata.deletionTimestamp !== undefined) return undefined;
    if (times.now >= rest.until) return undefined;
    const over = await Promise.all(rest.looks.map((isOver) => isOver(times.signal)));
    return over.includes(true) ? undefined : this.#next(times);
  }

  #next({ now, resync }: Times): number {
    const nexts = [...this.#waits.values()].map(({ since, first }) => Math.max(first, (now - since) * growth));
    return Math.min(resync, ...nexts);
  }
}

/** By namespace and name. An object of the same name that is made later begins anew. */
export class Memories {
  readonly #known = new Map<string, Memory>();

  /** @param uid of the object that is there now. Undefined: there is none, and nothing is remembered any more */
  of({ namespace, name }: NamespacedName, uid: string | undefined): Memory | undefined {
    const key = `${namespace}/${name}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.uid === uid) return known;
    this.#known.delete(key);
    if (uid === undefined) return undefined;
    const memory = new Memory(uid);
    this.#known.set(key, memory);
    return memory;
  }
}
