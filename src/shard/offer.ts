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
}

/** What a member did with one row of an offer. */
export interface OfferOutcome {
  /** No such session. */
  readonly gone: boolean;
  /** Records that it took over, from the first on. */
  readonly taken: number;
  readonly isAway: boolean;
  /** How many more it could take. */
  readonly room: number;
}
