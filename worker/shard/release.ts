// Publishes the delayed messages that are due, a page at a time: like any others, but that nobody waits to hear of them.

import type { ShardChange } from "../../src/shard/changes.ts";
import type { DelayedMessages, DelayedPage } from "../../src/shard/delayed.ts";
import type { Batch, Plan } from "../../src/shard/plan.ts";
import { counters } from "../counters.ts";
import type { FanOut } from "./fan-out.ts";
import type { Groups } from "./groups.ts";

/** No more at once; the next alarm goes on. */
const pagesMax = 64;

export interface ReleaseSteps {
  /** Where a batch goes; what it is to retain is retained. */
  plan(batch: Omit<Batch, "quota" | "delays">, retains: boolean): Plan;
  persist(changes: readonly ShardChange[]): void;
  nowMs(): number;
}

export class Release {
  readonly #delayed: DelayedMessages;
  readonly #fanOut: FanOut;
  readonly #groups: Groups;
  readonly #steps: ReleaseSteps;

  constructor(delayed: DelayedMessages, fanOut: FanOut, groups: Groups, steps: ReleaseSteps) {
    this.#delayed = delayed;
    this.#fanOut = fanOut;
    this.#groups = groups;
    this.#steps = steps;
  }

  async run(): Promise<void> {
    for (let pages = 0; pages < pagesMax; pages++) {
      const page = this.#delayed.nextPage(this.#steps.nowMs());
      if (page === undefined) return;
      await this.#publish(page);
    }
  }

  async #publish(page: DelayedPage): Promise<void> {
    const { begin, rows, count, end } = page;
    const repeated = begin === undefined;
    if (begin !== undefined) this.#steps.persist([begin]);
    const planned = rows.map(({ publisher, body }) => {
      const { deliveries, shared } = this.#steps.plan({ publisher, body, routedUpTo: () => 0, repeated }, !repeated);
      return { publisher, deliveries, shared };
    });
    // A source of its own, whose numbers have nothing to do with those of the publisher.
    await this.#fanOut.release(
      planned.map(({ publisher, deliveries }) => ({ publisher: `~${publisher}`, deliveries })),
    );
    this.#steps.persist([...planned.flatMap(({ shared }) => this.#groups.release(shared)), end]);
    this.#delayed.left(page);
    counters.add("messages_released", count);
    await Promise.all(planned.map(({ shared, publisher }) => this.#groups.dispatch(shared, publisher)));
  }
}
