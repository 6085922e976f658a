// How long objects are awake: what the platform bills as duration, whatever they do in the time.

import { counters } from "./counters.ts";

export class Awake {
  #handlers = 0;
  #sinceMs = 0;

  /** A handler runs from here to its end; several at once are one time. */
  async during<Result>(handler: () => Promise<Result>): Promise<Result> {
    if (this.#handlers++ === 0) this.#sinceMs = Date.now();
    try {
      return await handler();
    } finally {
      if (--this.#handlers === 0) counters.add("awake_ms", Date.now() - this.#sinceMs);
    }
  }
}
