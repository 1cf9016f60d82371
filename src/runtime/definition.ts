import type { ManagedObject } from '../api/meta.ts';
import type { Reason } from '../api/conditions.ts';
import type { Logger } from '../observability/logger.ts';
import type { Resource } from '../api/resources.ts';
import type { Priority } from './fair-queue.ts';
import type { Plan } from './plan.ts';
import type { Part } from './step.ts';

/** What the loop tells the code of a kind about the pass under way. */
export interface Pass {
  /**
   * Ends the calls of the pass, to AWS and to others. It aborts when the pass has had its time: what fails then is a finding,
   * as after any timeout. It also aborts when the operator stops and the grace of running passes is over: then the loop takes
   * no outcome for a finding.
   */
  readonly signal: AbortSignal;
  /** Nothing is known to have changed since the last pass, a moment ago: the object only waits. */
  readonly isReturn?: boolean;
  /** Somebody asks for a look with the annotation reconcile-at. */
  readonly isAskedFor?: boolean;
  /** Which calls go first where the calls of several passes wait for their turn. */
  readonly urgency: Priority;
  /** Names the object in each line. */
  readonly logger: Logger;
  /** Sends an event about something that no condition says. The loop itself sends an event for each condition that turns bad. */
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Notes what the pass would change, outside its own object too, and changes nothing. Absent: the changes are made. */
  readonly plan?: Pick<Plan, 'note' | 'hasChanges'>;
}

export type Acceptance<C, R> =
  | {
      readonly accepted: true;
      readonly parts: readonly Part<C, C, R>[];
      /** Parts that the object does not ask for any more. They are removed while it lives: each group for itself, and in it one after the other. */
      readonly departing?: readonly (readonly Part<R, C, R>[])[];
      /** The draft holds what is needed to undo the next step. It is stored first, and the steps run in a new pass. */
      readonly storeFirst: boolean;
    }
  | { readonly accepted: false; readonly reason: Reason; readonly message: string };

/** An error in the words of a condition. */
export interface Explanation {
  readonly reason: Reason;
  readonly message: string;
  /** Retrying cannot help: the object waits for a change or the resync, and shows `Stalled`. */
  readonly terminal: boolean;
  /** It says nothing about what was looked at, and will probably be over soon: the network, a throttle, a conflict. */
  readonly passing?: boolean;
  /** There is proof that somebody else has a name that later steps use. Those steps withdraw what trusts the name. */
  readonly nameLost?: boolean;
  /** Only in a plan: it needs something that would be made first. */
  readonly notSent?: boolean;
}

/** Why the deletion of an object waits before anything of it is removed. */
export interface Hold {
  readonly reason: Reason;
  /** For the user: what holds the deletion, and how to end it. */
  readonly message: string;
  /** Milliseconds. */
  readonly requeueAfter: number;
}

/**
 * All that the loop needs to know of a kind.
 * @typeParam O the object
 * @typeParam S its status; steps change a draft of it, which the loop stores once a pass, if it changed
 */
export interface Definition<O extends ManagedObject, S, C, R> {
  readonly resource: Resource;
  /** Validation and guardrails. If it refuses, nothing was sent to AWS. */
  accept(object: O, draft: S, pass: Pass): Promise<Acceptance<C, R>>;
  /**
   * Tells whether the deletion has to wait. While it does, the loop provisions the object as before, so that whoever uses
   * the object loses nothing.
   */
  holdsDeletion?(object: O, pass: Pass): Promise<Hold | undefined>;
  /** Marks what a deleted object with deletionPolicy Retain leaves, so that an object that is made later under its name knows it. */
  retain?(object: O, draft: S, pass: Pass): Promise<void>;
  /**
   * The parts to be removed, one after the other. They come from the status rather than from the spec, which may have become
   * unacceptable. Empty if nothing was ever made, or if nothing of it is ours.
   */
  removal(object: O, draft: S, pass: Pass): Promise<readonly Part<R, C, R>[]>;
  explain(error: unknown): Explanation;
}
