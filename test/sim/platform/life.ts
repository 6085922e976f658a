// One life of an object in memory, from its waking to its eviction or reset: the handlers it has under way, and what it
// sends. What it sends after a write leaves when that write is committed; what it sends before leaves at once.

import type { ObjectHost } from "./host.ts";

/** What stops the code of a life that has ended: it sees nothing of the world any more. */
export class LifeEnded extends Error {}

/** A handler under way. If its life ends it is never told how it went. */
export interface Handling {
  ended(outcome: Outcome): void;
  broken(): void;
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

interface Output {
  /** What leaves through one channel keeps its order; undefined for what has none to keep. */
  readonly channel: object | undefined;
  readonly leave: () => void;
  /** Instead, if the life ends before. */
  readonly lost: (() => void) | undefined;
}

export class Life {
  readonly host: ObjectHost;
  /** By how much its clock is off. */
  readonly skewMs: number;
  isAlive = true;
  object: unknown;
  timers = 0;
  /** Calls to other objects that await an answer. */
  calls = 0;
  commitIsDue = false;
  /** Of `blockConcurrencyWhile`: no event comes before it. */
  #blocked: Promise<void> | undefined;
  /** Since when each is under way. */
  readonly #handlings = new Map<Handling, number>();
  #free: Output[] = [];
  #held: Output[] = [];

  constructor(host: ObjectHost, skewMs: number) {
    this.host = host;
    this.skewMs = skewMs;
  }

  get handlers(): number {
    return this.#handlings.size;
  }

  /** Nothing is under way in it: it may be evicted. */
  get isIdle(): boolean {
    const outputs = this.#free.length + this.#held.length;
    return this.isAlive && this.handlers + this.timers + this.calls + outputs === 0 && !this.host.storage.isDirty;
  }

  assertAlive(): void {
    if (!this.isAlive) throw new LifeEnded("this life of the object has ended");
  }

  /** For how long the handler is under way that began first, in ms. */
  get oldestHandlerMs(): number {
    const { nowMs } = this.host.platform.agenda;
    return Math.max(0, ...Array.from(this.#handlings.values(), (sinceMs) => nowMs - sinceMs));
  }

  blockWhile(action: Promise<void>): Promise<void> {
    const blocked = action.then(() => {
      this.#blocked = undefined;
    });
    this.#blocked = blocked;
    return blocked;
  }

  /** Does the work, when nothing blocks any more. */
  whenReady(work: () => unknown): unknown {
    return this.#blocked === undefined ? work() : this.#blocked.then(work);
  }

  run(work: () => unknown, handling: Handling): void {
    this.#handlings.set(handling, this.host.platform.agenda.nowMs);
    const finish = (outcome: Outcome) => {
      if (this.isAlive && this.#handlings.delete(handling)) handling.ended(outcome);
    };
    let result: unknown;
    try {
      result = work();
    } catch (error) {
      return finish({ error });
    }
    Promise.resolve(result).then(
      (value) => finish({ value }),
      (error: unknown) => finish({ error }),
    );
  }

  emit(channel: object | undefined, leave: () => void, lost?: () => void): void {
    if (!this.isAlive) return;
    (this.host.storage.isDirty ? this.#held : this.#free).push({ channel, leave, lost });
  }

  releaseFree(): void {
    const free = this.#free;
    this.#free = [];
    for (const { leave } of free) leave();
  }

  releaseHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const { leave } of held) leave();
  }

  /** What was held leaves as far as `leaves` says: nothing overtakes what does not. */
  releaseSome(leaves: () => boolean): void {
    const stopped = new Set<object>();
    const lost = this.#held.filter(({ channel, leave }) => {
      if ((channel === undefined || !stopped.has(channel)) && leaves()) {
        leave();
        return false;
      }
      if (channel !== undefined) stopped.add(channel);
      return true;
    });
    this.#held = lost;
  }

  end(): void {
    this.isAlive = false;
    for (const { lost } of [...this.#free, ...this.#held]) lost?.();
    this.#free = [];
    this.#held = [];
    for (const handling of this.#handlings.keys()) handling.broken();
    this.#handlings.clear();
  }
}
