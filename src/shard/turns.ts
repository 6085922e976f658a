// Whose turn it is among the members that can take something, by the strategy that the deployment has chosen.

import type { GroupMember, Members } from "./members.ts";
import { nextAfter, type ShareStrategy, stickTo } from "./strategy.ts";

export class Turns {
  readonly #strategy: ShareStrategy;
  /** From 0 to below 1. */
  readonly #random: () => number;
  /** Undefined until the first turn of this shard's life. */
  #lastSession: string | undefined;

  constructor(strategy: ShareStrategy, random: () => number) {
    this.#strategy = strategy;
    this.#random = random;
  }

  get isSticky(): boolean {
    return this.#strategy === "sticky";
  }

  /** Those who may be assigned something. A topic that sticks to a member waits for it while it is busy. */
  candidates(members: Members): readonly GroupMember[] {
    return members.present.filter(({ standing, room }) => {
      return this.isSticky ? standing.is !== "away" : standing.is === "ready" && room > 0;
    });
  }

  choose(candidates: readonly GroupMember[], topic: string): GroupMember | undefined {
    if (this.isSticky) return stickTo(candidates, topic);
    if (this.#strategy === "random") return this.#any(candidates);
    // A group has a turn in each shard, and a shard sleeps between messages: they must not all begin with the same member.
    const chosen = this.#lastSession === undefined ? this.#any(candidates) : nextAfter(candidates, this.#lastSession);
    if (chosen !== undefined) this.#lastSession = chosen.session;
    return chosen;
  }

  #any(candidates: readonly GroupMember[]): GroupMember | undefined {
    return candidates[Math.floor(this.#random() * candidates.length)];
  }

  /** Chooses for each of `count` messages that came together, as long as there is room. */
  deal(candidates: readonly GroupMember[], count: number): (topic: string) => GroupMember | undefined {
    // In turn, but in runs: should they all come back, those that follow one another still do.
    const run = this.#strategy === "round-robin" ? Math.ceil(count / candidates.length) : 1;
    let left = candidates;
    let chosen: GroupMember | undefined;
    let leftInRun = 0;
    return (topic) => {
      if (leftInRun === 0) {
        chosen = this.choose(left, topic);
        leftInRun = run;
      }
      if (chosen === undefined) return undefined;
      leftInRun--;
      chosen.room--;
      if (chosen.room <= 0 && !this.isSticky) {
        left = left.filter((member) => member !== chosen);
        leftInRun = 0;
      }
      return chosen;
    };
  }
}
