// Events on their way from where they happened to the sessions of the webhooks that want them. They are rows in the transaction
// of what happened, and an alarm hands them on, many at a time and in order. An object without webhooks has nothing of this.

import pMap from "p-map";
import { eventTopicPrefix } from "../../src/directory/event-types.ts";
import type { BrokerEvent } from "../../src/directory/events.ts";
import { isStale, Numbering } from "../../src/hop/key.ts";
import { RecordWriter } from "../../src/queue/record.ts";
import type { EventRows, Hook, KeptEvent } from "../../src/store/event-rows.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { newIncarnation } from "../incarnation.ts";
import { withRetries } from "../retry.ts";
import { sessionStub } from "../stubs.ts";

/** Beyond, the oldest go untold, counted. */
export const eventsMax = 10_000;
/** Calls at once. */
const atOnce = 6;
/** Of one call. */
const callEventsMax = 500;
const callBytesMax = 256 * 1024;
/** How long an event may wait for others. */
const lingerMs = 500;
const pauseFirstMs = 5_000;
const pauseMsMax = 300_000;
/** No topic shard has this number. */
const noShard = -2;
const encoder = new TextEncoder();
const empty = new Uint8Array(0);

interface Pause {
  readonly failures: number;
  readonly endsAtMs: number;
}

export class EventOutbox {
  readonly #env: Env;
  readonly #source: string;
  readonly #rows: EventRows;
  readonly #numbering: Numbering;
  #hooks: Hook[];
  #lastId: number;
  /** Of webhooks that could not be told, by their sessions. */
  readonly #pauses = new Map<string, Pause>();
  /** When events are to be handed on; 0: there are none. */
  dueAtMs: number;

  /** `source` is the name of the object whose events these are. */
  constructor(env: Env, source: string, rows: EventRows) {
    this.#env = env;
    this.#source = source;
    this.#rows = rows;
    this.#numbering = new Numbering(`events:${source}`, newIncarnation());
    this.#hooks = rows.hooks();
    this.#lastId = this.#hooks.length === 0 ? 0 : rows.lastId();
    this.dueAtMs = this.#hooks.length > 0 && rows.hasAny() ? Date.now() : 0;
  }

  /** Whether any webhook wants to hear of anything. */
  get isWanted(): boolean {
    return this.#hooks.length > 0;
  }

  /** From now on it is told of these events; none: of nothing. */
  putHook(hook: Omit<Hook, "sent">): void {
    const known = this.#hookOf(hook.session);
    if (known !== undefined && known.revision > hook.revision) return;
    const isNew = known === undefined || known.generation !== hook.generation;
    this.#replace({ ...hook, sent: isNew ? this.#lastId : known.sent });
    this.#pauses.delete(hook.session);
    this.#tidy();
    this.#plan();
  }

  /** To be called in the transaction of what happened. */
  add(events: readonly BrokerEvent[]): void {
    const wanted = events.filter(({ type }) => this.#hooks.some((hook) => hook.events.includes(type)));
    for (const event of wanted) {
      const number = ++this.#lastId;
      const id = event.id ?? `${this.#source}-${event.atMs.toString(36)}-${number}`;
      this.#rows.add(number, { ...event, id });
    }
    if (wanted.length === 0) return;
    this.#bound();
    this.#plan();
  }

  /** Hands on what there is, to each webhook for itself: one that cannot be told holds up no other. */
  async flush(nowMs: number): Promise<void> {
    const due = this.#hooks.filter(({ session }) => this.#pausedUntilMs(session) <= nowMs);
    await pMap(due, (hook) => this.#flushTo(hook), { concurrency: atOnce });
    this.#tidy();
    this.dueAtMs = 0;
    this.#plan();
  }

  async #flushTo({ session }: Hook): Promise<void> {
    for (;;) {
      const hook = this.#hookOf(session);
      if (hook === undefined) return;
      const kept = this.#rows.after(hook.sent, callEventsMax);
      const last = kept.at(-1);
      if (last === undefined) return;
      const { body, upTo } = bodyOf(kept.filter(({ type }) => hook.events.includes(type)));
      try {
        if (body.length > 0) await this.#call(hook, body);
      } catch (error) {
        console.warn(JSON.stringify({ event: "events-unsent", source: this.#source, session, error: `${error}` }));
        if (this.#hookOf(session) !== hook) continue;
        return this.#pause(session);
      }
      this.#pauses.delete(session);
      const now = this.#hookOf(session);
      // It may have been made anew meanwhile, and wants what came after that.
      if (now?.generation !== hook.generation) continue;
      this.#replace({ ...now, sent: upTo ?? last.id });
    }
  }

  async #call(hook: Hook, body: Uint8Array): Promise<void> {
    const { session, generation } = hook;
    // Nobody can be refused any more: a full queue drops the oldest.
    const parts = [{ publisher: "", publisherGeneration: 0, generation, body, owed: true }];
    let key = this.#numbering.next();
    const answer = await withRetries(async () => {
      const answered = await sessionStub(this.#env, session).deliver({ key, shard: noShard, parts });
      if (!isStale(answered)) return answered;
      this.#numbering.renew(answered.stale);
      key = this.#numbering.next();
      throw new Error("the session knows a later life of this object");
    });
    if (answer.busy) throw new Error("the session's queue is full");
    if (answer.parts[0]?.gone !== true || this.#hookOf(session)?.generation !== generation) return;
    // Its webhook is no more, and nobody has said so.
    counters.addFor("events_missed", "no-webhook");
    this.#replace({ ...hook, events: [] });
  }

  #pause(session: string): void {
    const failures = (this.#pauses.get(session)?.failures ?? 0) + 1;
    const pauseMs = Math.min(pauseFirstMs * 2 ** (failures - 1), pauseMsMax);
    this.#pauses.set(session, { failures, endsAtMs: Date.now() + pauseMs });
  }

  #pausedUntilMs(session: string): number {
    return this.#pauses.get(session)?.endsAtMs ?? 0;
  }

  /** When what there is goes on, if not before. */
  #plan(): void {
    const soonMs = Date.now() + lingerMs;
    for (const { session, sent } of this.#hooks) {
      if (sent === this.#lastId) continue;
      const atMs = Math.max(this.#pausedUntilMs(session), soonMs);
      if (this.dueAtMs === 0 || atMs < this.dueAtMs) this.dueAtMs = atMs;
    }
  }

  /** As it is known now: it may be made anew while its session is called. */
  #hookOf(session: string): Hook | undefined {
    return this.#hooks.find((hook) => hook.session === session);
  }

  #replace(hook: Hook): void {
    this.#rows.putHook(hook);
    this.#hooks = this.#hooks.filter(({ session }) => session !== hook.session);
    if (hook.events.length > 0) this.#hooks.push(hook);
    else this.#pauses.delete(hook.session);
  }

  /** What all have is forgotten. */
  #tidy(): void {
    if (this.#rows.hasAny()) this.#rows.deleteUpTo(this.isWanted ? this.#oldestSent() : this.#lastId);
  }

  #oldestSent(): number {
    return Math.min(...this.#hooks.map(({ sent }) => sent));
  }

  #bound(): void {
    const first = this.#lastId - eventsMax;
    if (this.#oldestSent() >= first) return;
    for (const hook of this.#hooks.filter(({ sent }) => sent < first)) {
      const missed = this.#rows.after(hook.sent, first - hook.sent).filter(({ type }) => hook.events.includes(type));
      counters.addFor("events_missed", "outbox-full", missed.length);
      this.#replace({ ...hook, sent: first });
    }
    this.#rows.deleteUpTo(first);
  }
}

/** As many as fit into one call; `upTo` is the last of them, if some did not. */
function bodyOf(events: readonly KeptEvent[]): { readonly body: Uint8Array; readonly upTo: number | undefined } {
  const writer = new RecordWriter();
  let last: number | undefined;
  for (const { id, type, json } of events) {
    const payload = encoder.encode(json);
    if (writer.byteLength > 0 && writer.byteLength + payload.length > callBytesMax) {
      return { body: writer.take(), upTo: last };
    }
    const topicBytes = encoder.encode(eventTopicPrefix + type);
    const rest = { retain: false, sequence: 0, expiresAtMs: 0, properties: empty };
    writer.append({ ...rest, qos: 1, topicBytes, payload });
    last = id;
  }
  return { body: writer.take(), upTo: undefined };
}
