// Lets the clients of all rooms come and go, and publishes at an even rate: one tick a tenth of a second decides who is due.

import { seededRandom } from "../kill/random.ts";
import type { Room, RoomCounts, RoomFaults, Visitor } from "./room.ts";

const tickMs = 100;
/** Messages that one publisher sends at once. */
const burst = 32;
const stayMs = { least: 20_000, most: 460_000 };
const awayMs = { least: 2_000, most: 40_000 };
/** The first come one after the other, for so long. */
const arrivalMs = 120_000;
/** Share of departures without DISCONNECT. */
const cutShare = 0.3;

interface Schedule {
  readonly visitor: Visitor;
  isHere: boolean;
  dueMs: number;
}

export class Population {
  readonly #rooms: readonly Room[];
  readonly #random: () => number;
  readonly #messagesPerTick: number;
  readonly #schedules: readonly Schedule[];
  #timer: NodeJS.Timeout | undefined;
  #credit = 0;
  /** Departures so far. */
  departures = 0;

  constructor(rooms: readonly Room[], messagesPerSecond: number, seed: number) {
    this.#rooms = rooms;
    this.#random = seededRandom(seed);
    this.#messagesPerTick = (messagesPerSecond * tickMs) / 1_000;
    this.#schedules = rooms.flatMap(({ visitors }) =>
      visitors.map((visitor) => ({ visitor, isHere: false, dueMs: 0 })),
    );
  }

  get connected(): number {
    return this.#schedules.filter(({ visitor }) => visitor.isConnected).length;
  }

  /** Those who would be connected, if all went well at once. */
  get present(): number {
    return this.#schedules.filter(({ isHere }) => isHere).length;
  }

  start(): void {
    for (const schedule of this.#schedules) schedule.dueMs = Date.now() + this.#random() * arrivalMs;
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Nobody comes or goes any more, nothing new is published. */
  stop(): void {
    clearInterval(this.#timer);
    for (const schedule of this.#schedules) schedule.isHere = true;
  }

  #tick(): void {
    const nowMs = Date.now();
    for (const schedule of this.#schedules) if (schedule.dueMs <= nowMs) this.#turn(schedule, nowMs);
    this.#credit += this.#messagesPerTick;
    for (let tries = 0; this.#credit >= burst && tries < 1_000; tries += 1) {
      const room = this.#rooms[Math.floor(this.#random() * this.#rooms.length)];
      if (room === undefined || !room.publisher.isUp) continue;
      room.publisher.allowUpTo(room.publisher.sent + burst);
      this.#credit -= burst;
    }
  }

  #turn(schedule: Schedule, nowMs: number): void {
    if (schedule.isHere) {
      schedule.visitor.go(this.#random() >= cutShare);
      this.departures += 1;
    } else schedule.visitor.come();
    schedule.isHere = !schedule.isHere;
    const { least, most } = schedule.isHere ? stayMs : awayMs;
    schedule.dueMs = nowMs + least + this.#random() * (most - least);
  }
}

export function added<Sums extends RoomFaults | RoomCounts>(items: readonly Sums[]): Sums {
  const sums: Record<string, number> = {};
  for (const item of items) {
    for (const [name, value] of Object.entries(item)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums as unknown as Sums;
}
