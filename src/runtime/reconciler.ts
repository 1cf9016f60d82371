import type { NamespacedName } from '../api/resources.ts';
import type { Priority } from './fair-queue.ts';

/** When to come back to a key. Without `requeueAfter` and `failed`, the key comes back only when something changes. */
export interface Result {
  /** Milliseconds. */
  readonly requeueAfter?: number;
  /** Something failed and was reported; the queue's back-off says when to try again. */
  readonly failed?: boolean;
  /** Nothing is under way: coming back is a resync, and all other work goes first. */
  readonly settled?: boolean;
}

/** One run of a key. */
export interface Turn {
  /** Aborts when the operator stops and the grace of running passes is over. */
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** Nothing is known to have changed: the key comes back because its last run asked for it. */
  readonly isReturn: boolean;
}

/**
 * Brings the object of a key into its desired state. It reads the object again and takes nothing from the event.
 * The caller reports a rejection and tries again, as for `failed`.
 */
export type Reconcile = (ref: NamespacedName, turn: Turn) => Promise<Result>;
