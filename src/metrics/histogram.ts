// How long things took, or how many there were, in buckets: what Prometheus calls a histogram.

/** Upper bounds, in milliseconds; what takes longer counts in the whole alone. */
export const boundsMs = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** Of numbers of things. */
export const boundsCount = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;

export class Histogram {
  readonly #bounds: readonly number[];
  /** What one of Prometheus' units is here. */
  readonly #unit: number;
  readonly #buckets: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[] = boundsMs, unit = 1000) {
    this.#bounds = bounds;
    this.#unit = unit;
    this.#buckets = new Array<number>(bounds.length).fill(0);
  }

  /** So many things that each took so long, or had so many. */
  add(value: number, count: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket !== -1) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
    this.#count += count;
    this.#sum += value * count;
  }

  /** How many were not above a bound, but above the one before. */
  *buckets(): Generator<[bound: string, count: number]> {
    let within = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      const count = this.#buckets[index] ?? 0;
      within += count;
      yield [`${bound / this.#unit}`, count];
    }
    yield ["+Inf", this.#count - within];
  }

  /** Lines of Prometheus' text format. */
  lines(name: string): string[] {
    let below = 0;
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#buckets[index] ?? 0;
      return `${name}_bucket{le="${bound / this.#unit}"} ${below}`;
    });
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum / this.#unit}`,
      `${name}_count ${this.#count}`,
    ];
  }
}
