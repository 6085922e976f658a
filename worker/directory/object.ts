// A part of the list of sessions: what the sessions' own objects report of themselves, for who looks at all of them. It is on no
// message's path. Once a day it walks through its entries and asks about those that it doubts.

import { DurableObject } from "cloudflare:workers";
import { isDoubted, walkEveryMs } from "../../src/directory/doubt.ts";
import {
  ageOf,
  type Entry,
  newStages,
  type Report,
  type ReportAnswer,
  type ReportKey,
  reported,
  type Standing,
} from "../../src/directory/entry.ts";
import { type BrokerEvent, eventsBetween } from "../../src/directory/events.ts";
import {
  type ListRequest,
  listPart,
  type PartialList,
  recounted,
  type StateCounts,
} from "../../src/directory/listing.ts";
import { DirectoryStore } from "../../src/store/directory-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { Alarm, earlier } from "../alarm.ts";
import { carryOut } from "../carry-out.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { webhookSessionPrefix } from "../names.ts";
import { ObjectSql } from "../sql.ts";
import { sessionStub } from "../stubs.ts";
import type { HookNotice } from "../webhook/hooks.ts";
import { EventOutbox } from "../webhook/outbox.ts";

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
  readonly #outbox: EventOutbox;
  #walkAtMs: number;
  readonly #alarm: Alarm;
  #counts: StateCounts | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    this.#store = new DirectoryStore(new Sql(new ObjectSql(ctx.storage, "directory_rows_written")));
    this.#walkAtMs = this.#store.walk().atMs;
    this.#alarm = new Alarm(ctx.storage);
    this.#outbox = new EventOutbox(env, ctx.id.name as string, this.#store.events);
  }

  /** From a session's object. When this returns, it is durable. */
  async report(report: Report): Promise<ReportAnswer> {
    const { name, standing } = report;
    const before = this.#store.entry(name);
    const known = before ?? this.#ended.get(name);
    const age = ageOf(known, report);
    if (age === "stale") return { stale: (known as ReportKey).incarnation };
    if (age === "known") return { taken: true };
    this.#write(() => {
      this.#tell(before, known, report);
      if (standing === undefined) {
        this.#remember(name, report);
        if (before !== undefined) this.#delete(before);
      } else {
        this.#ended.delete(name);
        this.#put(before, reported(before, { ...report, standing }));
        if (this.#walkAtMs === 0) this.#walkLater("", walkEveryMs);
      }
    });
    this.#arm();
    return { taken: true };
  }

  /** What a session dropped, said by its object: see worker/session/drop-teller.ts. */
  async note(events: readonly BrokerEvent[]): Promise<void> {
    this.#write(() => this.#outbox.add(events));
    this.#arm();
  }

  /** Which events a webhook wants. */
  async hook(notice: HookNotice): Promise<void> {
    this.#write(() => this.#outbox.putHook(notice));
    this.#arm();
  }

  list(request: ListRequest): PartialList {
    return listPart((name, isIncluded, limit) => this.#store.entriesFrom(name, isIncluded, limit), request);
  }

  entry(name: string): Entry | undefined {
    return this.#store.entry(name);
  }

  /** For `/healthz`: it answers. */
  probe(): void {}

  /** Counted when it is first asked for, and from then on with each report. */
  count(): StateCounts {
    this.#counts ??= this.#store.counts();
    return this.#counts;
  }

  override alarm(): Promise<void> {
    return this.#alarm.ring(() => this.#ring());
  }

  async #ring(): Promise<void> {
    const { nowMs } = this.#alarm;
    await this.#outbox.flush(nowMs);
    if (this.#walkAtMs > 0 && this.#walkAtMs <= nowMs) await this.#walk(nowMs);
    this.#arm();
  }

  async #walk(nowMs: number): Promise<void> {
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
      if (answer.kind === "absent") {
        return this.#write(() => {
          this.#outbox.add(eventsBetween(name, now, { standing: undefined, atMs: Date.now() }));
          this.#delete(now);
        });
      }
      if (answer.kind !== "described") return;
      const { standing } = answer;
      // A connection that lasts is asked about every day, which need not be written.
      if (standing.state === "connected" && now.state === "connected") return;
      const atMs = Date.now();
      this.#write(() => {
        this.#outbox.add(eventsBetween(name, now, { standing, atMs }));
        this.#put(now, reported(now, { name, incarnation, sequence, standing, atMs }));
      });
    } catch (error) {
      // It is asked again with the next walk.
      console.warn(JSON.stringify({ event: "session-unreachable", session: name, error: `${error}` }));
    }
  }

  /** What is said of the same thing in several rows: all of it or nothing. */
  #write(action: () => void): void {
    const who = { directory: this.ctx.id.name as string };
    carryOut(this.ctx, who, () => this.ctx.storage.transactionSync(action));
  }

  #put(before: Entry | undefined, entry: Entry): void {
    this.#store.put(entry);
    if (this.#counts !== undefined) this.#counts = recounted(this.#counts, before?.state, entry.state);
  }

  #delete({ name, state }: Entry): void {
    this.#store.delete(name);
    if (this.#counts !== undefined) this.#counts = recounted(this.#counts, state, undefined);
  }

  #walkLater(after: string, inMs: number): void {
    this.#walkAtMs = Date.now() + inMs;
    this.#store.putWalk({ after, atMs: this.#walkAtMs });
  }

  /** One alarm for the walk and for what webhooks are to be told. */
  #arm(): void {
    const atMs = earlier(this.#walkAtMs || undefined, this.#outbox.dueAtMs || undefined);
    if (atMs !== undefined) this.#alarm.wakeAt(atMs);
  }

  /** Each stage that the session went through, with what it was before. */
  #tell(before: Entry | undefined, known: ReportKey | undefined, report: Report): void {
    const { name, missed = 0 } = report;
    // Webhooks are not told of themselves: each event would make the next.
    if (!this.#outbox.isWanted || name.startsWith(webhookSessionPrefix)) return;
    if (missed > 0) counters.addFor("events_missed", "too-fast", missed);
    let last: (Standing & Pick<Entry, "name">) | undefined = before;
    const events: BrokerEvent[] = [];
    for (const stage of newStages(known, report)) {
      events.push(...eventsBetween(name, last, stage));
      last = stage.standing === undefined ? undefined : { ...stage.standing, name };
    }
    this.#outbox.add(events);
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
