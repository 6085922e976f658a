// One trace: its events in rows, for a time, and sockets of those who read it as it grows. It sleeps with them; two alarms end
// the trace and, later, what is kept of it.

import { DurableObject } from "cloudflare:workers";
import { Sql } from "../../src/store/sql.ts";
import { type TraceState, TraceStore, type TraceTotals } from "../../src/store/trace-store.ts";
import { Alarm } from "../alarm.ts";
import { closeQuietly } from "../close-quietly.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { ObjectSql } from "../sql.ts";
import type { TraceBatch, TracePage } from "./calls.ts";

/** Of one trace: with the first that does not fit it ends. */
export const eventsMax = 20_000;
const bytesMax = 16 * 1024 * 1024;
const readersMax = 20;
const word = "more";
const noTotals: TraceTotals = { events: 0, missed: 0, bytes: 0 };

export class TraceObject extends DurableObject<Env> {
  readonly #store: TraceStore;
  readonly #alarm: Alarm;
  #state: TraceState | undefined;
  #totals: TraceTotals;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    this.#store = new TraceStore(new Sql(new ObjectSql(ctx.storage)));
    this.#alarm = new Alarm(ctx.storage);
    this.#state = this.#store.state();
    this.#totals = this.#state === undefined ? noTotals : this.#store.totals();
  }

  begin(untilMs: number, keptUntilMs: number): void {
    if (this.#state !== undefined) return;
    this.#put({ untilMs, keptUntilMs });
    this.#alarm.wakeAt(untilMs);
  }

  /** False: the trace is over, and whoever recorded for it need not any more. */
  add({ events, missed }: TraceBatch): boolean {
    const state = this.#state;
    if (state === undefined || state.ended !== undefined || this.#alarm.nowMs >= state.untilMs) return false;
    const json = JSON.stringify(events);
    const { events: before, missed: missedBefore, bytes } = this.#totals;
    if (before + events.length > eventsMax || bytes + json.length > bytesMax) {
      counters.add("trace_events_missed", events.length + missed);
      this.#end("full");
      return false;
    }
    this.#store.add(before + 1, events, missed, json);
    this.#totals = { events: before + events.length, missed: missedBefore + missed, bytes: bytes + json.length };
    this.#tellReaders();
    return true;
  }

  page(after: number, limit: number): TracePage {
    const events = this.#state === undefined ? [] : this.#store.eventsAfter(after, limit);
    return { events, state: this.#state, totals: this.#totals };
  }

  stop(): void {
    if (this.#state !== undefined && this.#state.ended === undefined) this.#end("stopped");
  }

  /** Nothing of it is left. */
  async forget(): Promise<void> {
    this.#state = undefined;
    this.#totals = noTotals;
    for (const socket of this.ctx.getWebSockets()) closeQuietly(socket);
    await this.ctx.storage.deleteAll();
    this.#alarm.atMs = 0;
  }

  /** A reader's socket: a word on it says that there is more to read, or that the trace has ended. */
  override fetch(): Response {
    if (this.ctx.getWebSockets().length >= readersMax) return new Response(null, { status: 429 });
    const { 0: reader, 1: own } = new WebSocketPair();
    this.ctx.acceptWebSocket(own);
    return new Response(null, { status: 101, webSocket: reader });
  }

  override webSocketClose(socket: WebSocket): void {
    closeQuietly(socket);
  }

  override webSocketError(socket: WebSocket): void {
    closeQuietly(socket);
  }

  override alarm(): Promise<void> {
    return this.#alarm.ring(() => this.#ring());
  }

  #ring(): void | Promise<void> {
    const state = this.#state;
    if (state === undefined) return;
    const { nowMs } = this.#alarm;
    if (nowMs >= state.keptUntilMs) return this.forget();
    if (state.ended === undefined && nowMs >= state.untilMs) this.#end("time");
    else this.#alarm.wakeAt(state.ended === undefined ? state.untilMs : state.keptUntilMs);
  }

  #end(why: NonNullable<TraceState["ended"]>): void {
    this.#put({ ...(this.#state as TraceState), ended: why });
    this.#alarm.wakeAt((this.#state as TraceState).keptUntilMs);
    this.#tellReaders();
  }

  #put(state: TraceState): void {
    this.#store.putState(state);
    this.#state = state;
  }

  #tellReaders(): void {
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.send(word);
      } catch {
        // It has gone.
      }
    }
  }
}
