// The one alarm of an object, and the time by which the object goes.

import { counters } from "./counters.ts";

/** Of the object's storage what is needed here. */
interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(atMs: number): unknown;
}

export class Alarm {
  readonly #storage: AlarmStorage;
  /** When it will ring; 0: not known to be set. */
  atMs = 0;
  /** As this life of the object set it. */
  #setForMs = 0;
  #rangAtMs = 0;
  #isRinging = false;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /**
   * For a life that cannot know what an earlier one has set: it would set one for later in its place, and what waits for that is
   * put off again by the next life, for as long as something wakes the object.
   */
  async load(): Promise<void> {
    this.atMs = (await this.#storage.getAlarm()) ?? 0;
  }

  /**
   * Milliseconds since 1970: never before the time for which an alarm was set that has rung. It rings by another clock: an
   * object whose own is behind would find that nothing is due yet, and set an alarm for what is past, again and again.
   */
  get nowMs(): number {
    return Math.max(Date.now(), this.#rangAtMs);
  }

  /** To ring earlier than it would: each setting is a row. A late one finds nothing to do. */
  wakeAt(atMs: number): void {
    if (this.atMs > 0 && this.atMs <= atMs) return;
    this.atMs = atMs;
    if (!this.#isRinging) this.#set();
  }

  /**
   * It rings: does what is due. What else there is to wake for is set when that is done: until then a crash makes this
   * alarm ring again at once, and one set for later would take its place.
   */
  async ring(handle: () => void | Promise<void>): Promise<void> {
    counters.add("alarms");
    if (this.#setForMs === this.atMs) this.#rangAtMs = Math.max(this.#rangAtMs, this.atMs);
    this.atMs = 0;
    this.#isRinging = true;
    try {
      await handle();
      if (this.atMs > 0) this.#set();
    } catch (error) {
      // The platform rings again.
      this.atMs = 0;
      throw error;
    } finally {
      this.#isRinging = false;
    }
  }

  #set(): void {
    this.#setForMs = this.atMs;
    counters.add("alarms_set");
    this.#storage.setAlarm(this.atMs);
  }
}

/** Of two times, either of which may not be. */
export function earlier(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.min(left, right);
}
