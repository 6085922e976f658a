// How long objects are awake: what the platform bills as duration, whatever they do in the time.

import { counterSink, type Dataset } from "./counter-sink.ts";
import { counters } from "./counters.ts";

export class Awake {
  #handlers = 0;
  #sinceMs = 0;
  readonly #dataset: Dataset | undefined;

  /** Where the counters of all copies are put together, if anywhere. */
  constructor(dataset: Dataset | undefined) {
    this.#dataset = dataset;
  }

  /** A handler runs from here to its end; several at once are one time. */
  async during<Result>(handler: () => Promise<Result>): Promise<Result> {
    if (this.#handlers++ === 0) this.#sinceMs = Date.now();
    try {
      return await handler();
    } finally {
      const nowMs = Date.now();
      if (--this.#handlers === 0) counters.add("awake_ms", nowMs - this.#sinceMs);
      counterSink.flush(this.#dataset, nowMs);
    }
  }
}
