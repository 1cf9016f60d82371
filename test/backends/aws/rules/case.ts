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

/** The story of one rule, told by the AWS SDK. */
export interface Case {
  /** The error as the SDK names it. */
  readonly error: string;
  readonly status: number;
  /** What AWS does; no rule may refuse any of it. */
  readonly allowed: (world: World) => Promise<unknown>;
  /** Ends with the one call that AWS refuses. */
  readonly refused: (world: World) => Promise<unknown>;
}

/** By the rule's name. */
export type Cases = Readonly<Record<string, Case>>;
