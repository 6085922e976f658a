// What traces of topic filters hear from the shard of a topic: how many sessions and groups a message is routed to, and what came of
// it. Without a trace this is a list that is empty.

import { RecordReader } from "../../src/queue/record.ts";
import type { Plan } from "../../src/shard/plan.ts";
import type { TraceMarks } from "../../src/store/trace-marks.ts";
import { namedMax, shorten, type TraceEvent } from "../../src/trace/event.ts";
import { live } from "../../src/trace/mark.ts";
import { shownPayload } from "../../src/trace/packets.ts";
import { marksFor, type TopicMark, topicMarksMax } from "../../src/trace/topics.ts";
import type { Env } from "../env.ts";
import { clientIdIn } from "../names.ts";
import { TraceRecorder } from "../trace/recorder.ts";

export class ShardTracing {
  readonly #rows: TraceMarks;
  readonly #recorder: TraceRecorder;
  #marks: readonly TopicMark[];

  constructor(env: Env, rows: TraceMarks) {
    this.#rows = rows;
    this.#marks = rows.all();
    this.#recorder = new TraceRecorder(env, (id) => this.#forget(id));
  }

  /** False if there are as many as there may be. */
  follow(mark: TopicMark, nowMs: number): boolean {
    for (const { id, untilMs } of this.#marks) if (untilMs <= nowMs) this.#forget(id);
    if (this.#marks.length >= topicMarksMax && !this.#marks.some(({ id }) => id === mark.id)) return false;
    this.#rows.put(mark);
    this.#marks = [...this.#marks.filter(({ id }) => id !== mark.id), mark];
    return true;
  }

  get isOff(): boolean {
    return this.#marks.length === 0;
  }

  /** Messages of one publisher, and where they went. */
  routed(publisher: string, body: Uint8Array, plan: Plan, nowMs: number): void {
    const marks = live(this.#marks, nowMs);
    if (marks.length === 0) return;
    const reader = new RecordReader(body);
    for (let index = 0; reader.next(); index++) {
      const concerned = marksFor(marks, reader.topic);
      if (concerned.length === 0) continue;
      const { topic, qos, retain, payload } = reader;
      const sessions = plan.deliveries
        .filter(({ indexes, count }) => (indexes === undefined ? index < count : indexes.includes(index)))
        .map(({ session }) => clientIdIn(session));
      const groups = plan.shared.filter((shared) => shared.indexes.includes(index)).map(({ share }) => share);
      const event: TraceEvent = {
        atMs: nowMs,
        at: "shard",
        what: "routed",
        clientId: shorten(clientIdIn(publisher)),
        topic: shorten(topic),
        qos,
        ...(retain ? { retain } : {}),
        payloadBytes: payload.length,
        targets: sessions.length,
        ...(sessions.length === 0 ? {} : { sessions: sessions.slice(0, namedMax).map(shorten) }),
        ...(groups.length === 0 ? {} : { groups: groups.slice(0, namedMax).map(shorten) }),
      };
      this.#recorder.record(concerned, (mark) => (mark.payload ? { ...event, ...shownPayload(payload) } : event));
    }
  }

  /** What the shard or a session did not take: its publisher is told. */
  refused(publisher: string, body: Uint8Array, indexes: ReadonlySet<number>, nowMs: number): void {
    const marks = live(this.#marks, nowMs);
    if (marks.length === 0 || indexes.size === 0) return;
    const reader = new RecordReader(body);
    for (let index = 0; reader.next(); index++) {
      if (!indexes.has(index)) continue;
      const { topic, qos } = reader;
      const detail = "somebody who has to take it has no room: the publisher is told";
      const about = { clientId: shorten(clientIdIn(publisher)), topic: shorten(topic), qos, detail };
      this.#recorder.record(marksFor(marks, topic), () => ({ atMs: nowMs, at: "shard", what: "denied", ...about }));
    }
  }

  settled(): Promise<void> {
    return this.#recorder.settled();
  }

  #forget(id: string): void {
    this.#rows.delete(id);
    this.#marks = this.#marks.filter((mark) => mark.id !== id);
  }
}
