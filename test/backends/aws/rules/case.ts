import type { AwsFront } from '../front.ts';
import type { Clients } from '../clients.ts';

/** What a case works with; the front was reset before it. */
export interface World {
  readonly front: AwsFront;
  /** Of the account 123456789012, in us-east-1. */
  readonly aws: Clients;
  /** Of the account 111122223333. */
  readonly other: () => Promise<Clients>;
}

/** Calls of the AWS SDK. */
export type Calls = (world: World) => Promise<unknown>;

/** The story of one rule. */
export interface Case {
  /** The error as the SDK names it. */
  readonly error: string;
  readonly status: number;
  /** What AWS does; no rule may refuse any of it. */
  readonly allowed: Calls;
  /** Ends with the one call that AWS refuses. */
  readonly refused: Calls;
  /** Other ways to break the rule, by what is wrong; AWS may have another error for one. */
  readonly alsoRefused?: Readonly<Record<string, Calls | { readonly error: string; readonly refused: Calls }>>;
}

/** By the rule's name. */
export type Cases = Readonly<Record<string, Case>>;
