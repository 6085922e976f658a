// The counters of all copies of the Worker in one place: each copy writes how its own have moved, now and then, to the Analytics
// Engine dataset that is bound as METRICS, if one is. That waits for nothing, keeps nobody awake, and writes no row.

import { counters } from "./counters.ts";

const everyMs = 60_000;
/** The platform takes 250 of one event. What does not fit goes with the next. */
const pointsMax = 200;

export type Dataset = Pick<AnalyticsEngineDataset, "writeDataPoint">;

export class CounterSink {
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  readonly #written = new Map<string, number>();

  /** To be called when something has happened. */
  flush(dataset: Dataset | undefined, nowMs: number): void {
    if (dataset === undefined || nowMs - this.#writtenAtMs < everyMs) return;
    this.#writtenAtMs = nowMs;
    let points = 0;
    for (const { name, label, count } of counters.samples()) {
      const key = `${name} ${label}`;
      const moved = count - (this.#written.get(key) ?? 0);
      if (moved === 0) continue;
      if (++points > pointsMax) return;
      dataset.writeDataPoint({ indexes: [name], blobs: [name, label], doubles: [moved] });
      this.#written.set(key, count);
    }
  }
}

/** Of this copy. */
export const counterSink = new CounterSink();
