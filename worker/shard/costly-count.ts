// A number that is found by reading every row it counts. Who asks often is told the last one: it is found anew when as many
// milliseconds have passed as there were rows, so that no more than a thousand rows are read for it in a second.

export class CostlyCount {
  readonly #count: () => number;
  #value = 0;
  #knownUntilMs = 0;

  constructor(count: () => number) {
    this.#count = count;
  }

  at(nowMs: number): number {
    if (nowMs >= this.#knownUntilMs) {
      this.#value = this.#count();
      this.#knownUntilMs = nowMs + this.#value;
    }
    return this.#value;
  }
}
