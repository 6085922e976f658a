// The simulated platform: virtual time, all objects by name, and the network between them. Exactly one event happens at
// a time, and the code that it set in motion runs until nothing of it is left to do before the next one happens. So what
// happens depends on the seed alone.

import type { Random } from "../random.ts";
import type { Weather } from "../weather.ts";
import { Agenda } from "./agenda.ts";
import { turnOfEventLoop } from "./globals.ts";
import { bequeath } from "./heritage.ts";
import { type ObjectClass, ObjectHost } from "./host.ts";
import { type Life, LifeEnded } from "./life.ts";
import { CallFailed, Network } from "./network.ts";

/** What can be broken on purpose about the platform itself. */
export interface PlatformBugs {
  /** What an object sends leaves before what it wrote is committed. */
  readonly gateIsOpen?: boolean;
  /** Alarms never ring. */
  readonly alarmsAreDeaf?: boolean;
}

export interface PlatformOptions {
  readonly random: Random;
  readonly weather: Weather;
  readonly startMs: number;
  readonly bugs: PlatformBugs;
  /** Bindings and variables, but for the namespaces of the objects. */
  readonly variables: Readonly<Record<string, string>>;
  readonly classes: Readonly<Record<string, ObjectClass>>;
  /** Gets each line of what happens; undefined if nobody reads it. */
  readonly trace: ((line: string) => void) | undefined;
}

/** Twice as many as the busiest world has taken so far, seed 4001004. */
const turnsMax = 130_000;

export class StorageFailed extends Error {}

export class Platform {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly network: Network;
  readonly bugs: PlatformBugs;
  readonly env: Readonly<Record<string, unknown>>;
  readonly hosts = new Map<string, ObjectHost>();
  weather: Weather;
  /** By how much two lives can disagree about the time. */
  readonly skewMsMax: number;
  /** What no weather explains. */
  readonly surprises: string[] = [];
  turns = 0;
  resets = 0;
  evictions = 0;
  /** Of all that has happened, so that two runs can be held against each other. */
  digest = 0;
  readonly #trace: PlatformOptions["trace"];
  #entered: Life | undefined;

  constructor({ random, weather, startMs, bugs, variables, classes, trace }: PlatformOptions) {
    this.agenda = new Agenda(startMs);
    this.random = random;
    this.weather = weather;
    this.skewMsMax = 2 * weather.clockSkewMsMax;
    this.bugs = bugs;
    this.#trace = trace;
    this.network = new Network(this);
    const namespaces = Object.entries(classes).map(([binding, objectClass]) => {
      return [binding, { getByName: (name: string) => this.network.stub(this.host(binding, name, objectClass)) }];
    });
    this.env = { ...variables, ...Object.fromEntries(namespaces) };
    this.#classes = classes;
  }

  readonly #classes: Readonly<Record<string, ObjectClass>>;

  get isExhausted(): boolean {
    return this.turns >= turnsMax;
  }

  /** The life whose code runs now. */
  get current(): Life | undefined {
    return this.#entered;
  }

  /** The place of an object, whether or not it was ever used. */
  host(binding: string, name: string, objectClass = this.#classes[binding] as ObjectClass): ObjectHost {
    const known = this.hosts.get(name);
    if (known !== undefined) return known;
    const host = new ObjectHost(this, name, objectClass);
    bequeath(host.storage, binding, host.random);
    this.hosts.set(name, host);
    return host;
  }

  /** Until then, or until it is clear that it goes round in circles. */
  async run(endMs: number): Promise<void> {
    for (let next = this.agenda.take(endMs); next !== undefined; next = this.agenda.take(endMs)) {
      if (this.isExhausted) return;
      this.#mix(next.order);
      this.#mix(next.atMs);
      next.happen();
      const life = this.#entered;
      if (life === undefined) continue;
      this.turns++;
      await turnOfEventLoop();
      this.#entered = undefined;
      life.host.finishTurn(life);
    }
  }

  /** Code of this life runs now. An event enters one life at most. */
  enter(life: Life, action: () => void): void {
    if (this.#entered !== undefined) throw new Error("one event enters two objects");
    this.#entered = life;
    action();
  }

  note(kind: string, who: string, detail: string | (() => string)): void {
    this.#trace?.(`${this.agenda.nowMs} ${kind} ${who} ${typeof detail === "string" ? detail : detail()}`);
  }

  /** An error that came out of an object. */
  surprise(who: string, error: unknown): void {
    if (error instanceof LifeEnded || error instanceof CallFailed || error instanceof StorageFailed) return;
    const text = error instanceof Error ? (error.stack ?? `${error}`) : `${error}`;
    this.surpriseUnlessInjected(who, text);
  }

  surpriseUnlessInjected(who: string, text: string): void {
    if (text.includes(storageFailure)) return;
    this.note("surprise", who, text);
    this.surprises.push(`${who}: ${text}`);
  }

  storageMayFail(random: Random, statement: string): void {
    if (statement.startsWith("SELECT") || !random.chance(this.weather.storageFailure)) return;
    throw new StorageFailed(storageFailure);
  }

  close(): void {
    for (const host of this.hosts.values()) host.storage.close();
  }

  #mix(value: number): void {
    this.digest = (Math.imul(this.digest ^ value, 0x01000193) ^ (value / 0x1_0000_0000)) >>> 0;
  }
}

const storageFailure = "the storage fails here";
