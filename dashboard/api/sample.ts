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
