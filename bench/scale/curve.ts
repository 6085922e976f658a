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

/** 10, 100, ... up to `largest`, which is the last. */
export function sizesUpTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 10; size < largest; size *= 10) sizes.push(size);
  return [...sizes, largest];
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
