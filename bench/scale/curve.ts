// A curve: what one operation costs at rising sizes.

export interface Point {
  readonly size: number;
  /** By the name of what was measured. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Curve {
  readonly name: string;
  /** What the sizes count. */
  readonly of: string;
  /** The unit of each value. */
  readonly units: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

export type Progress = (text: string) => void;

const powersOfTen = Array.from({ length: 9 }, (_unused, index) => 10 ** (index + 1));

/** Those of the sizes that are below `largest`, which is the last. */
export function sizesUpTo(largest: number, sizes: readonly number[] = powersOfTen): number[] {
  return [...sizes.filter((size) => size < largest), largest];
}

/** Milliseconds that one run of `work` takes: the median of so many. */
export function timeOf(times: number, work: (round: number) => void): number {
  const taken: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const startMs = performance.now();
    work(round);
    taken.push(performance.now() - startMs);
  }
  return taken.toSorted((left, right) => left - right)[Math.floor(times / 2)] ?? Number.NaN;
}
