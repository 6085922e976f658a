// What a step asks for. One function of the object applies it, in this order: persist (one transaction), route, send,
// close. A step has no other way to act.

import type { ServerPacket } from "../protocol/packet.ts";
import type { ReasonCode } from "../protocol/reason.ts";
import type { Change } from "./changes.ts";
import type { Hold } from "./holding.ts";
import { Outbox, type Routing } from "./outgoing.ts";

/** Something to count and to log: why, how often, and what an operator wants to know of it. */
export interface Report {
  readonly event: "drop" | "refusal";
  readonly reason: string;
  count: number;
  /** Of the first, where several of one reason happened in a step. */
  readonly detail: string;
}

export class Effects {
  readonly persist: Change[] = [];
  readonly outbox = new Outbox();
  readonly send: ServerPacket[] = [];
  readonly reports: Report[] = [];
  /** Set when the connection ends. What the client is told of it is the last packet in `send`. */
  close: ReasonCode | undefined;
  /** What the client is to be told under $SYS may be something else now. */
  sysChanged = false;
  /** The window's row is to be written, once, however often it changed in this step. */
  windowChanged = false;
  /** Requests on a client's behalf that the shards have carried out, or could not. */
  readonly carriedOut: { readonly ticket: number; readonly isDone: boolean }[] = [];
  /** What waits in the lane that has just answered must not follow: it fails too. */
  haltsLane = false;
  /** What was delivered is not written: the answer to its shard has to wait until it is settled. */
  held: Hold | undefined;
  /** What was held is acknowledged by the client, or written in this step. */
  readonly settled: Hold[] = [];

  routings(): Routing[] {
    return this.outbox.take();
  }

  /** A message given up. Counted in the session's own rows too, for whoever asks where it went. */
  drop(reason: string, detail: string, count = 1): void {
    this.#report("drop", reason, detail, count);
  }

  refuse(reason: string, detail: string): void {
    this.#report("refusal", reason, detail, 1);
  }

  #report(event: Report["event"], reason: string, detail: string, count: number): void {
    const same = this.reports.find((report) => report.event === event && report.reason === reason);
    if (same === undefined) this.reports.push({ event, reason, count, detail });
    else same.count += count;
  }
}
