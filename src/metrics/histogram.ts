// How long things took, in buckets: what Prometheus calls a histogram.

/** Upper bounds, in milliseconds; what takes longer counts in the whole alone. */
export const boundsMs = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

export class Histogram {
  readonly #buckets = new Array<number>(boundsMs.length).fill(0);
  #count = 0;
  #sumMs = 0;

  /** So many things that each took so long. */
  add(tookMs: number, count: number): void {
    const bucket = boundsMs.findIndex((bound) => tookMs <= bound);
    if (bucket !== -1) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
    this.#count += count;
    this.#sumMs += tookMs * count;
  }

  /** How many were not above a bound in seconds, but above the one before. */
  *buckets(): Generator<[bound: string, count: number]> {
    let within = 0;
    for (const [index, bound] of boundsMs.entries()) {
      const count = this.#buckets[index] ?? 0;
      within += count;
      yield [`${bound / 1000}`, count];
    }
    yield ["+Inf", this.#count - within];
  }

  /** Lines of Prometheus' text format; its unit is the second. */
  lines(name: string): string[] {
    let below = 0;
    const buckets = boundsMs.map((bound, index) => {
      below += this.#buckets[index] ?? 0;
      return `${name}_bucket{le="${bound / 1000}"} ${below}`;
    });
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sumMs / 1000}`,
      `${name}_count ${this.#count}`,
    ];
  }
}
