// The place of one named object: its storage and its sockets, which outlive it, and at most one life of it in memory.
// Every event of the object goes through `handle`, and every turn of its code ends in `finishTurn`, where it is decided
// whether that turn is committed, and whether the life survives it.

import type { Random } from "../random.ts";
import type { DurableObject } from "./cloudflare-workers.ts";
import { type Handling, Life } from "./life.ts";
import type { Line } from "./line.ts";
import type { Platform } from "./platform.ts";
import { durableState } from "./state.ts";
import { Storage } from "./storage.ts";

export type ObjectClass = new (state: DurableObjectState, env: never) => DurableObject;

/** The platform rings an alarm again after this, if its handler did not come to its end. */
const alarmRetryMs = 2_000;

/** A frame that is being handled: what the object does about it is told apart by it. */
export interface Cause {
  readonly line: Line;
  readonly frame: number;
}

export class ObjectHost {
  readonly platform: Platform;
  readonly name: string;
  readonly random: Random;
  readonly storage = new Storage();
  readonly lines = new Set<Line>();
  readonly #class: ObjectClass;
  #life: Life | undefined;
  #cause: Cause | undefined;
  #armedForMs: number | undefined;
  #cancelAlarm = () => {};
  #ringing: "no" | "handled" | "uncommitted" = "no";

  constructor(platform: Platform, name: string, objectClass: ObjectClass) {
    this.platform = platform;
    this.name = name;
    this.random = platform.random.branch(name);
    this.#class = objectClass;
  }

  get life(): Life | undefined {
    return this.#life;
  }

  get cause(): Cause | undefined {
    return this.#cause;
  }

  /** One event: wakes the object if it sleeps. */
  handle(work: (object: unknown) => unknown, handling: Handling, cause?: Cause): void {
    const { platform } = this;
    let life = this.#life;
    if (life === undefined) {
      life = new Life(this, this.random.between(-1, 1) * Math.floor(platform.weather.clockSkewMsMax));
      this.#life = life;
    }
    this.#cause = cause;
    const living = life;
    platform.enter(living, () => {
      living.run(() => {
        living.object ??= this.#construct(living);
        return living.whenReady(() => work(living.object));
      }, handling);
    });
  }

  /** An event that nobody waits for. */
  notify(work: (object: unknown) => unknown, cause?: Cause, ended = () => {}): void {
    const handling: Handling = {
      ended: (outcome) => {
        if ("error" in outcome) this.platform.surprise(this.name, outcome.error);
        ended();
      },
      broken: () => {},
    };
    this.handle(work, handling, cause);
  }

  /** The code of a turn has run as far as it goes. */
  finishTurn(life: Life): void {
    if (!life.isAlive) return;
    const { storage, platform, random } = this;
    const { weather, bugs } = platform;
    const isLast = random.chance(weather.reset);
    const fate = isLast ? random.pick(["uncommitted", "committed", "answered"] as const) : "survives";
    if (fate === "uncommitted" && random.chance(0.5)) return this.reset(fate);
    life.releaseFree();
    if (bugs.gateIsOpen) life.releaseHeld();
    if (fate === "uncommitted") return this.reset(fate);
    const lagMs = isLast ? 0 : random.between(0, weather.commitMsMax);
    if (!storage.isDirty || lagMs > 0) {
      if (storage.isDirty) this.#commitLater(life, lagMs);
      if (isLast) this.reset(fate);
      return;
    }
    this.#commit();
    if (fate === "committed") life.releaseSome(() => random.chance(0.5));
    else life.releaseHeld();
    if (isLast) this.reset(fate);
  }

  /** Its memory is lost, and what was not committed. Those who wait for it, and its sockets, learn that it is gone. */
  reset(why: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.platform.note("reset", this.name, why);
    this.platform.resets++;
    this.#life = undefined;
    this.storage.rollback();
    life.end();
    for (const line of this.lines) line.breakOff();
    this.lines.clear();
    if (this.#ringing !== "no") this.#ringAgain();
    this.#armAlarm();
  }

  /** Sleeps, if nothing is under way: its memory is lost, its sockets stay. */
  evict(): void {
    const life = this.#life;
    if (!life?.isIdle) return;
    this.platform.note("evict", this.name, "");
    this.platform.evictions++;
    life.end();
    this.#life = undefined;
  }

  /** A constructor that throws leaves nothing behind. */
  #construct(life: Life): DurableObject {
    try {
      return new this.#class(durableState(this, life), this.platform.env as never);
    } catch (error) {
      this.platform.surprise(this.name, error);
      this.reset("its constructor threw");
      throw error;
    }
  }

  #commitLater(life: Life, lagMs: number): void {
    if (life.commitIsDue) return;
    life.commitIsDue = true;
    this.platform.agenda.after(lagMs, () => {
      if (!life.isAlive) return;
      life.commitIsDue = false;
      this.#commit();
      life.releaseHeld();
    });
  }

  #commit(): void {
    this.storage.commit();
    if (this.#ringing === "uncommitted") this.#ringing = "no";
    this.#armAlarm();
  }

  /** Only one alarm rings at a time: one that is set while it does waits for its end. */
  #armAlarm(): void {
    const { alarmAtMs } = this.storage;
    if (alarmAtMs === this.#armedForMs || this.#ringing === "handled") return;
    this.#armedForMs = alarmAtMs;
    this.#cancelAlarm();
    if (alarmAtMs === undefined) return;
    const { agenda } = this.platform;
    const appointment = agenda.at(alarmAtMs + this.random.between(0, 20), () => this.#ring());
    this.#cancelAlarm = () => (appointment.isCancelled = true);
  }

  #ring(): void {
    if (this.platform.bugs.alarmsAreDeaf) return;
    this.platform.note("rings", this.name, "");
    this.storage.takeAlarm();
    this.#armedForMs = undefined;
    this.#ringing = "handled";
    this.handle((object) => (object as { alarm(): unknown }).alarm(), {
      ended: (outcome) => {
        if ("error" in outcome) {
          this.platform.surprise(this.name, outcome.error);
          this.#ringAgain();
        } else {
          this.#ringing = this.storage.isDirty ? "uncommitted" : "no";
          this.#armAlarm();
        }
      },
      broken: () => {},
    });
  }

  #ringAgain(): void {
    this.#ringing = "no";
    if (this.storage.alarmAtMs !== undefined) return;
    const { agenda } = this.platform;
    const appointment = agenda.after(alarmRetryMs, () => this.#ring());
    this.#cancelAlarm = () => (appointment.isCancelled = true);
  }
}
