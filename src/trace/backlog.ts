// Events that wait to be told to their trace. What does not fit is not recorded, and counted.

import type { TraceEvent } from "./event.ts";

/** Of one trace. */
export const waitingMax = 1_000;
/** Of one call. */
export const togetherMax = 100;
/** The same in characters of JSON, of which none has more than three bytes: a row may have two million. */
const togetherCharactersMax = 256 * 1024;

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
    const count = this.#countOfNext();
    const taken = { events: this.#events.slice(0, count), missed: this.#missed };
    this.#events = this.#events.slice(count);
    this.#missed = 0;
    return taken;
  }

  #countOfNext(): number {
    let characters = 0;
    for (const [index, event] of this.#events.entries()) {
      characters += JSON.stringify(event).length;
      if (index === togetherMax || (index > 0 && characters > togetherCharactersMax)) return index;
    }
    return this.#events.length;
  }

  /** What was taken could not be told. */
  lost(count: number): void {
    this.#missed += count;
  }
}
