// What a session's object tells the directory of it: that its client has connected or gone, that it was made or has ended. It
// is told after the fact, one call at a time and the latest only, and until it has been heard. Nothing else waits for it.

import type { NumberedStage } from "../../src/directory/entry.ts";
import { isStale } from "../../src/directory/entry.ts";
import { incarnationAbove } from "../../src/hop/key.ts";
import { standingOf } from "../../src/session/standing.ts";
import type { Session } from "../../src/session/state.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { withRetries } from "../retry.ts";
import { directoryStub } from "../stubs.ts";

/** The first alarm of a new session, should its object die before it was heard, and the pause after a call in vain. */
const retryMs = 15_000;

/** What happens faster than it can be told is left out, and said to be. */
const stagesMax = 16;

export class Reporter {
  readonly #env: Env;
  readonly #name: string;
  readonly #heard: () => void;
  #incarnation: number;
  #sequence = 0;
  #running = false;
  #started: Promise<void> | undefined;
  /** The two parts of the session that a change of its standing shows in. */
  #connection: Session["connection"];
  #record: Session["record"];
  /** As it was last told, or was when the object woke. */
  #last: string;
  /** What it went through and nobody has heard of, one after the other. */
  #stages: NumberedStage[] = [];
  /** Stages that were left out. */
  #missed = 0;
  /** The directory has heard of the session as it is now. */
  isHeard: boolean;
  /** It is new: a crash must not keep it from being heard of. */
  #needsAlarm = false;

  /** `heard` is called when something has changed about when it wants to be woken. */
  constructor(env: Env, session: Session, incarnation: number, isHeard: boolean, heard: () => void) {
    this.#env = env;
    this.#name = session.name;
    this.#incarnation = incarnation;
    this.#heard = heard;
    this.#connection = session.connection;
    this.#record = session.record;
    this.#last = textOf(session);
    this.isHeard = isHeard;
  }

  /** It turns out that the session is another than it seemed when the object woke. */
  correct(session: Session): void {
    this.#connection = session.connection;
    this.#record = session.record;
    this.#last = textOf(session);
  }

  /** To be called after each step; it says nothing where nothing has changed. */
  note(session: Session, nowMs: number): void {
    const { connection, record } = session;
    if (connection === this.#connection && record === this.#record) return;
    const isNew = this.#record === undefined && record !== undefined;
    this.#connection = connection;
    this.#record = record;
    const text = textOf(session);
    if (text === this.#last) return;
    this.#last = text;
    this.#needsAlarm = isNew && this.#last !== "";
    this.#tell(session, nowMs);
  }

  /** Something may have happened that nobody saw: says how it stands, if that may not have been heard. */
  remind(session: Session, nowMs: number): void {
    if (!this.isHeard && !this.#running) this.#tell(session, nowMs);
  }

  /** When the object has to wake for it. */
  wakeAtMs(nowMs: number): number | undefined {
    return this.#needsAlarm && !this.isHeard ? nowMs + retryMs : undefined;
  }

  /** What was set in motion, until it comes to rest. */
  async started(): Promise<void> {
    await this.#started;
  }

  #tell(session: Session, nowMs: number): void {
    this.isHeard = false;
    const standing = isAbsent(session) ? undefined : standingOf(session);
    this.#stages.push({ standing, atMs: nowMs, causes: session.causes, sequence: ++this.#sequence });
    this.#bound();
    if (this.#running) return;
    this.#running = true;
    this.#started = this.#run();
  }

  /** The latest is what the list needs; the one before says what happened last. */
  #bound(): void {
    const excess = this.#stages.length - stagesMax;
    if (excess <= 0) return;
    this.#stages.splice(0, excess);
    this.#missed += excess;
  }

  async #run(): Promise<void> {
    // What a handler does in one go is told once.
    await Promise.resolve();
    while (this.#stages.length > 0) {
      const stages = this.#stages;
      const missed = this.#missed;
      this.#stages = [];
      this.#missed = 0;
      try {
        await withRetries(() => this.#call(stages, missed));
        this.isHeard = this.#stages.length === 0;
      } catch (error) {
        console.warn(JSON.stringify({ event: "directory-unreachable", session: this.#name, error: `${error}` }));
        // One that has ended is found by the directory itself.
        this.#needsAlarm = stages.at(-1)?.standing !== undefined;
        const isNews = this.#stages.length > 0;
        this.#keep(stages, missed);
        if (!isNews) break;
      }
    }
    this.#running = false;
    this.#heard();
  }

  /** What was not heard is said with what is said next. */
  #keep(stages: readonly NumberedStage[], missed: number): void {
    this.#stages = [...stages, ...this.#stages];
    this.#missed += missed;
    this.#bound();
  }

  /** The same under the same key, however often: what was heard is not heard again. */
  async #call(stages: readonly NumberedStage[], missed: number): Promise<void> {
    const last = stages.at(-1) as NumberedStage;
    const earlier = stages.slice(0, -1);
    const rest = { ...(earlier.length === 0 ? {} : { earlier }), ...(missed === 0 ? {} : { missed }) };
    for (let attempt = 0; attempt < 2; attempt++) {
      counters.add("directory_calls");
      const report = { name: this.#name, incarnation: this.#incarnation, ...last, ...rest };
      const answer = await directoryStub(this.#env, this.#name).report(report);
      if (!isStale(answer)) return;
      this.#incarnation = incarnationAbove(answer.stale, this.#incarnation);
    }
    throw new Error("the directory refuses the newest incarnation");
  }
}

function isAbsent({ connection, record }: Session): boolean {
  return connection === undefined && record === undefined;
}

function textOf(session: Session): string {
  return isAbsent(session) ? "" : JSON.stringify(standingOf(session));
}
