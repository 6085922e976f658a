// Where the search for expired messages in a queue has come to, and when it is worth while: see src/session/make-room.ts.

const pauseMs = 100;

export class ExpirySearch {
  /** Where the next look begins. */
  from = 0;
  /** Before this nobody looks. */
  quietUntilMs = 0;
  /** Of what this round has passed and of what came meanwhile: when the first expires. */
  #firstMs = Number.POSITIVE_INFINITY;

  /** A message that is kept expires then; 0: never. */
  kept(expiresAtMs: number): void {
    if (expiresAtMs === 0) return;
    this.#firstMs = Math.min(this.#firstMs, expiresAtMs);
    this.quietUntilMs = Math.min(this.quietUntilMs, expiresAtMs);
  }

  /** A look in vain. */
  pause(nowMs: number): void {
    this.quietUntilMs = Math.max(this.quietUntilMs, nowMs + pauseMs);
  }

  /** It has come to the end, or as far as it may: then it does not know what lies behind. */
  endRound(isWhole: boolean): void {
    this.from = 0;
    this.quietUntilMs = isWhole ? this.#firstMs : 0;
    this.#firstMs = Number.POSITIVE_INFINITY;
  }
}
