// The counters of one moment, from the text that Prometheus reads, and how they move from one to the next.

/** Values by name, and by `name{labels}` for each set of labels; under the bare name stands their sum. */
export class Sample {
  readonly atMs: number;
  readonly #values = new Map<string, number>();
  readonly #labelled = new Map<string, [string, number][]>();

  constructor(atMs: number, text: string) {
    this.atMs = atMs;
    for (const line of text.split("\n")) {
      const [, name, labels, number] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
      const value = Number(number);
      if (name === undefined || !Number.isFinite(value)) continue;
      this.#values.set(name, this.get(name) + value);
      if (labels !== undefined) this.#labelled.set(name, [...(this.#labelled.get(name) ?? []), [labels, value]]);
    }
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** Counts by the value of one label, the largest first. */
  by(name: string, label: string): [string, number][] {
    const pattern = new RegExp(`(?:^|,)${label}="((?:[^"\\\\]|\\\\.)*)"`);
    const counts = (this.#labelled.get(name) ?? []).map(([labels, value]): [string, number] => [
      pattern.exec(labels)?.[1] ?? "",
      value,
    ]);
    return counts.sort(([, a], [, b]) => b - a);
  }
}

/** How much a counter moved a second, between each two samples. */
export function ratesOf(of: readonly Sample[], name: string): (number | null)[] {
  return of.map((sample, index) => {
    const previous = of[index - 1];
    return previous === undefined ? null : rate(previous, sample, name);
  });
}

export function rate(from: Sample, to: Sample, name: string): number {
  const seconds = (to.atMs - from.atMs) / 1000;
  return seconds <= 0 ? 0 : Math.max(0, to.get(name) - from.get(name)) / seconds;
}

/**
 * Within how many seconds that share of what was timed between two samples was over, from a histogram's buckets; undefined:
 * nothing was timed.
 */
export function quantile(from: Sample, to: Sample, name: string, share: number): number | undefined {
  const before = new Map(from.by(`${name}_bucket`, "le"));
  const buckets = to
    .by(`${name}_bucket`, "le")
    .map(([bound, count]) => ({
      bound: Number(bound.replace("+Inf", "Infinity")),
      count: count - (before.get(bound) ?? 0),
    }))
    .sort((a, b) => a.bound - b.bound);
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return undefined;
  let below = { bound: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= share * total) {
      if (bucket.bound === Number.POSITIVE_INFINITY) return below.bound;
      const within = (share * total - below.count) / (bucket.count - below.count);
      return below.bound + within * (bucket.bound - below.bound);
    }
    below = bucket;
  }
  return undefined;
}
