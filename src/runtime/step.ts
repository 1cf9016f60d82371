import type { ConditionType, Reason } from '../api/conditions.ts';

/** What a step found after its work: it is done, or it waits for something that takes its own time. */
export type Outcome =
  | { readonly state: 'ready'; readonly message?: string }
  | {
      readonly state: 'waiting';
      readonly reason: Reason;
      /** For the user: what is missing, and what to do about it. */
      readonly message: string;
      /** Milliseconds until the first look again; later ones come further apart. Absent: only a change of some object, or the resync, can help. */
      readonly requeueAfter?: number;
      /** Tells without a call to AWS whether the wait is over. While it is not, no step runs until the resync. */
      readonly isOver?: (signal: AbortSignal) => Promise<boolean>;
      /** An event tells of the wait when it takes longer than ten minutes. */
      readonly toldWhenLate?: boolean;
    };

export const ready: Outcome = { state: 'ready' };

/**
 * A part of an object: steps that know the same. Each comes after those that it needs; they are removed in the reverse order.
 * @typeParam X what is handed to the steps: C of {@link Step} when the object is provisioned, R when it is removed
 */
export interface Part<X, C, R = C> {
  readonly steps: readonly Step<C, R>[];
  readonly context: X;
  /** What messages call it. Absent: it is the object's main part, or the only one. */
  readonly name?: string;
  /** What the steps look at, if that can change. A step that has to look at something else does not rest. */
  readonly subject?: string;
  /** Called when nothing is left of a part that was to be removed. */
  readonly removed?: () => void;
}

/**
 * One resource and one condition of a kind.
 * A step never sleeps, never retries and never holds a Kubernetes status: it changes what its context holds and says how it went.
 * @typeParam C what a pass knows: the object, the status to fill, and the clients
 * @typeParam R what a removal knows; it must not need a spec that is still acceptable
 */
export interface Step<C, R = C> {
  readonly condition: ConditionType;
  /**
   * Conditions that must be `True` in this pass before the step runs: of the step's own part, or, if that has no such step, of an
   * earlier part. What no part has a step for is not needed.
   */
  readonly needs: readonly ConditionType[];
  /** Conditions of steps that this one does not need, but that must hear if this one finds a name lost. */
  readonly watches?: readonly ConditionType[];
  /** Once it is ready, it is not run again until the resync while the object only waits for other steps. */
  readonly rests?: boolean;
  /** Steps that need it use what it found in the same pass: it runs with them. */
  readonly isUsed?: boolean;
  /** Idempotent. Throws on failure. */
  reconcile(context: C): Promise<Outcome>;
  /**
   * Runs instead of `reconcile` in a pass that only comes back to what this step waits for, if all that it needs rests: goes on with
   * as few calls as that takes. The pass that began to wait has proven whose everything is, at most a resync ago. Throws on failure.
   * @param reason why it waits
   * @returns undefined if the whole step has to run
   */
  lookAgain?(context: C, reason: Reason): Promise<Outcome | undefined>;
  /**
   * Takes back what trusts a name. A step that this one needs, or that watches this one, has proven that the name is somebody else's.
   * Idempotent. Throws on failure.
   */
  withdraw?(context: C, proof: string): Promise<void>;
  /** Idempotent, happy if all is gone. `waiting` holds the steps that are removed after it. Throws on failure. */
  remove?(context: R): Promise<Outcome>;
}
