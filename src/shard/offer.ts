// What one call offers a member of a group, and what the member makes of it.

import type { CallKey } from "../hop/key.ts";
import type { GroupRow } from "./changes.ts";

export interface Offer {
  readonly session: string;
  readonly key: CallKey;
  readonly rows: readonly GroupRow[];
  /** Of each row what the member gets: on its own terms, with its sequences. */
  readonly bodies: readonly Uint8Array[];
  /** The member may have heard it before. */
  readonly repeated: boolean;
  /** How often the member had attended when it was made. */
  readonly attends: number;
  /** How often it had joined. */
  readonly joins: number;
}

/** What a member did with one row of an offer. */
export interface OfferOutcome {
  /** No such session. */
  readonly gone: boolean;
  /** Records that it took over, from the first on. */
  readonly taken: number;
  readonly isAway: boolean;
  /** It has unsubscribed, which the shard may never hear otherwise: its UNSUBSCRIBE can be lost with its object. */
  readonly hasLeft?: boolean;
  /** How many more it could take. */
  readonly room: number;
}

/** What all outcomes of an offer say together. */
export interface Answer {
  readonly isAway: boolean;
  /** How many more it could take. */
  readonly room: number;
  /** Generations that were offered something and do not exist. */
  readonly gone: readonly number[];
  /** Those that have unsubscribed. */
  readonly left: readonly number[];
}

export function answerOf({ rows }: Offer, outcomes: readonly OfferOutcome[]): Answer {
  let isAway = false;
  let room = Number.POSITIVE_INFINITY;
  const gone = new Set<number>();
  const left = new Set<number>();
  for (const [index, outcome] of outcomes.entries()) {
    isAway ||= outcome.isAway;
    room = Math.min(room, outcome.room);
    const generation = rows[index]?.assigned?.generation;
    if (generation === undefined) continue;
    if (outcome.gone) gone.add(generation);
    if (outcome.hasLeft) left.add(generation);
  }
  return { isAway, room, gone: [...gone], left: [...left] };
}
