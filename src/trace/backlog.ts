// Events that wait to be told to their trace. What does not fit is not recorded, and counted.

import type { TraceEvent } from "./event.ts";

/** Of one trace. */
export const waitingMax = 1_000;
/** Of one call, so that its row stays far below what a row may have. */
export const togetherMax = 100;

export class TraceBacklog {
  #events: TraceEvent[] = [];
  #missed = 0;

  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#missed === 0;
  }

  /** False if there was no room for it. */
  add(event: TraceEvent): boolean {
    if (this.#events.length >= waitingMax) {
      this.#missed++;
      return false;
    }
    this.#events.push(event);
    return true;
  }

  take(): { readonly events: readonly TraceEvent[]; readonly missed: number } {
    const taken = { events: this.#events.slice(0, togetherMax), missed: this.#missed };
    this.#events = this.#events.slice(togetherMax);
    this.#missed = 0;
    return taken;
  }

  /** What was taken could not be told. */
  lost(count: number): void {
    this.#missed += count;
  }
}
