// The name of one call between two objects. A sender numbers its calls; when it loses its memory it starts a new
// incarnation. A receiver can therefore tell a repeat from news, and a straggler of a dead sender from the living one.

/** `source` is unique among the receiver's callers; `sequence` rises within an incarnation. */
export interface CallKey {
  readonly source: string;
  readonly incarnation: number;
  readonly sequence: number;
  /**
   * An earlier call may still be under way, though its sender has given it up or repeated it. Its time is over: the
   * receiver remembers that beyond its own life, so that it does not run behind later ones.
   */
  readonly endsEarlier?: true;
}

/** The receiver knows a later incarnation of this source: take one above `known` and call again. */
export interface Stale {
  readonly stale: number;
}

export function isStale(answer: object): answer is Stale {
  return "stale" in answer;
}

/** Lives that begin within a quarter of an hour of each other differ in their incarnations' remainder. */
const apart = 2 ** 20;

/**
 * What a life of a sender calls itself when a receiver knows a later incarnation of it, which a clock that went back can
 * cause. Two lives that go above the same incarnation must not meet: the receiver would take the second one's calls for
 * repeats of the first one's.
 */
export function incarnationAbove(known: number, own: number): number {
  return own > known ? own : known + 1 + (own % apart);
}

/** Numbers the calls of one sender, to all its receivers from one count: towards each of them it only rises. */
export class Numbering {
  readonly #source: string;
  #incarnation: number;
  #sequence = 0;

  /** `incarnation` must be above all that this source had before; the time at which it woke serves. */
  constructor(source: string, incarnation: number) {
    this.#source = source;
    this.#incarnation = incarnation;
  }

  next(endsEarlier = false): CallKey {
    const key = { source: this.#source, incarnation: this.#incarnation, sequence: ++this.#sequence };
    return endsEarlier ? { ...key, endsEarlier } : key;
  }

  /** A receiver knows a later incarnation: go above it. */
  renew(known: number): void {
    this.#incarnation = incarnationAbove(known, this.#incarnation);
  }
}
