// What one audience has of one stream, in memory that does not grow with the stream: the next number, and the numbers
// that were jumped over and have not come yet.

export class Reception {
  #next: number;
  readonly #jumpedOver = new Set<number>();
  repeated = 0;
  outOfOrder = 0;

  /** With `first` undefined the first number that comes is where it begins. */
  constructor(first?: number) {
    this.#next = first ?? -1;
  }

  take(sequence: number): void {
    if (this.#next < 0) this.#next = sequence;
    if (sequence < this.#next) {
      if (this.#jumpedOver.delete(sequence)) this.outOfOrder += 1;
      else this.repeated += 1;
      return;
    }
    for (let skipped = this.#next; skipped < sequence; skipped += 1) this.#jumpedOver.add(skipped);
    this.#next = sequence + 1;
  }

  /** Numbers below `end` that have not come, of those that are owed. */
  missing(end: number, isOwed: (sequence: number) => boolean): number {
    let missing = 0;
    for (const sequence of this.#jumpedOver) if (isOwed(sequence)) missing += 1;
    for (let sequence = this.#next; sequence < end; sequence += 1) if (isOwed(sequence)) missing += 1;
    return missing;
  }

  /** Numbers that were jumped over, of those that are owed. */
  gaps(isOwed: (sequence: number) => boolean): number {
    return this.missing(this.#next, isOwed);
  }
}
