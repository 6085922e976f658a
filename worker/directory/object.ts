// A part of the list of sessions: what the sessions' own objects report of themselves, for who looks at all of them. It is on no
// message's path. Once a day it walks through its entries and asks about those that it doubts.

import { DurableObject } from "cloudflare:workers";
import { isDoubted, walkEveryMs } from "../../src/directory/doubt.ts";
import {
  ageOf,
  type Entry,
  type Report,
  type ReportAnswer,
  type ReportKey,
  reported,
} from "../../src/directory/entry.ts";
import { type ListRequest, listPart, type PartialList } from "../../src/directory/listing.ts";
import { DirectoryStore } from "../../src/store/directory-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { ObjectSql } from "../sql.ts";
import { sessionStub } from "../stubs.ts";

/** Sessions whose end is remembered, so that an earlier report which comes late does not bring them back. */
const endedMax = 10_000;
/** Entries that one alarm looks at, and sessions that it asks: what is left is for the next. */
const walkedMax = 5_000;
const askedMax = 200;
const askedAtOnce = 6;
const walkPauseMs = 1_000;

export class SessionDirectory extends DurableObject<Env> {
  readonly #store: DirectoryStore;
  readonly #ended = new Map<string, ReportKey>();
  #walkAtMs: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    this.#store = new DirectoryStore(new Sql(new ObjectSql(ctx.storage, "directory_rows_written")));
    this.#walkAtMs = this.#store.walk().atMs;
  }

  /** From a session's object. When this returns, it is durable. */
  async report(report: Report): Promise<ReportAnswer> {
    const { name, standing } = report;
    const before = this.#store.entry(name);
    const known = before ?? this.#ended.get(name);
    const age = ageOf(known, report);
    if (age === "stale") return { stale: (known as ReportKey).incarnation };
    if (age === "known") return { taken: true };
    if (standing === undefined) {
      this.#remember(name, report);
      if (before !== undefined) this.#store.delete(name);
    } else {
      this.#ended.delete(name);
      this.#store.put(reported(before, { ...report, standing }));
      if (this.#walkAtMs === 0) this.#walkLater("", walkEveryMs);
    }
    return { taken: true };
  }

  list(request: ListRequest): PartialList {
    return listPart((name, isIncluded, limit) => this.#store.entriesFrom(name, isIncluded, limit), request);
  }

  entry(name: string): Entry | undefined {
    return this.#store.entry(name);
  }

  override async alarm(): Promise<void> {
    counters.add("alarms");
    const nowMs = Date.now();
    const { after } = this.#store.walk();
    const entries = this.#store.entriesFrom(after, false, walkedMax);
    const doubted = entries.filter((entry) => isDoubted(entry, nowMs));
    const asked = doubted.slice(0, askedMax);
    for (let first = 0; first < asked.length; first += askedAtOnce) {
      await Promise.all(asked.slice(first, first + askedAtOnce).map((entry) => this.#ask(entry)));
    }
    const last = doubted.length > askedMax ? asked.at(-1) : entries.at(-1);
    const isOver = doubted.length <= askedMax && entries.length < walkedMax;
    if (!isOver) return this.#walkLater((last as Entry).name, walkPauseMs);
    // With nobody to look after there is nothing to wake for.
    if (after === "" && this.#store.entriesFrom("", false, 1).length === 0) this.#rest();
    else this.#walkLater("", walkEveryMs);
  }

  /** What it says of itself counts, unless it has reported meanwhile. */
  async #ask(entry: Entry): Promise<void> {
    const { name, incarnation, sequence } = entry;
    try {
      counters.add("object_calls");
      counters.add("directory_calls");
      const answer = await sessionStub(this.env, name).manage({ kind: "describe" });
      const now = this.#store.entry(name);
      if (now?.incarnation !== incarnation || now.sequence !== sequence) return;
      if (answer.kind === "absent") return this.#store.delete(name);
      if (answer.kind !== "described") return;
      const { standing } = answer;
      // A connection that lasts is asked about every day, which need not be written.
      if (standing.state === "connected" && now.state === "connected") return;
      this.#store.put(reported(now, { name, incarnation, sequence, standing, atMs: Date.now() }));
    } catch (error) {
      // It is asked again with the next walk.
      console.warn(JSON.stringify({ event: "session-unreachable", session: name, error: `${error}` }));
    }
  }

  #walkLater(after: string, inMs: number): void {
    this.#walkAtMs = Date.now() + inMs;
    this.#store.putWalk({ after, atMs: this.#walkAtMs });
    counters.add("alarms_set");
    this.ctx.storage.setAlarm(this.#walkAtMs);
  }

  #rest(): void {
    this.#walkAtMs = 0;
    this.#store.putWalk({ after: "", atMs: 0 });
  }

  #remember(name: string, { incarnation, sequence }: ReportKey): void {
    this.#ended.delete(name);
    this.#ended.set(name, { incarnation, sequence });
    if (this.#ended.size <= endedMax) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      break;
    }
  }
}
