// Requests on a client's behalf that wait for topic shards: whoever asked is answered when all of them have confirmed.

import type { Effects } from "../../src/session/effects.ts";

export class Tickets {
  readonly #waiting = new Map<number, (isDone: boolean) => void>();
  #last = 0;

  next(): number {
    return ++this.#last;
  }

  /** False if a shard could not be brought to an answer. */
  settled(ticket: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(ticket, resolve);
    return promise;
  }

  settle({ carriedOut }: Effects): void {
    for (const { ticket, isDone } of carriedOut) {
      this.#waiting.get(ticket)?.(isDone);
      this.#waiting.delete(ticket);
    }
  }
}
