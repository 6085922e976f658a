// What traces that follow a session hear of it: packets in both directions, decisions about them, and what is delivered to it. Where
// no trace follows it, all of this is one question.

import { nameOf } from "../../src/auth/access.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, ServerPacket } from "../../src/protocol/packet.ts";
import { RecordReader } from "../../src/queue/record.ts";
import type { DeliveryAnswer, DeliveryPart } from "../../src/session/deliver.ts";
import type { Report } from "../../src/session/effects.ts";
import type { Session } from "../../src/session/state.ts";
import { isFollowed, marksOf, unfollow } from "../../src/session/tracing.ts";
import { shorten, type TraceEvent } from "../../src/trace/event.ts";
import { type TraceMark, withMarks } from "../../src/trace/mark.ts";
import { shownPacket, shownPayload } from "../../src/trace/packets.ts";
import type { Env } from "../env.ts";
import { clientIdIn } from "../names.ts";
import { TraceRecorder } from "../trace/recorder.ts";

/** As shards name it to sessions: with a sign in front, and perhaps a number. */
function publisherIn(source: string): string {
  return clientIdIn(source.replace(/^(=(\d+ )?|!)/, ""));
}

type Followed = () => { readonly session: Session; readonly nowMs: number };

const none: readonly TraceMark[] = [];

type Happening = Omit<TraceEvent, "atMs" | "at" | "clientId">;

export class SessionTracing {
  readonly #recorder: TraceRecorder;
  readonly #followed: Followed;
  /** Those that followed when the step began: with a connection that ends they go. */
  #before = none;

  constructor(env: Env, followed: Followed) {
    this.#followed = followed;
    this.#recorder = new TraceRecorder(env, (id) => unfollow(followed().session, id));
  }

  begin(): void {
    const session = this.#followed().session;
    this.#before = isFollowed(session) ? marksOf(session, this.#followed().nowMs) : none;
  }

  get #marks(): readonly TraceMark[] {
    const session = this.#followed().session;
    if (!isFollowed(session)) return this.#before;
    return withMarks(this.#before, marksOf(session, this.#followed().nowMs), this.#followed().nowMs);
  }

  received(packets: readonly (ClientPacket | ProtocolFailure)[]): void {
    const marks = this.#marks;
    if (marks.length === 0) return;
    const session = this.#followed().session;
    const aliases = new Map<number, string>();
    const topicOf = (alias: number) =>
      aliases.get(alias) ?? session.incomingAliases.get(alias)?.topic ?? session.reads.aliasTopic(alias);
    for (const packet of packets) {
      if (packet.type === "failure") {
        const { rule, detail } = packet;
        this.#record(marks, { what: "denied", rule, detail: shorten(detail) });
        continue;
      }
      const shown = shownPacket(packet, topicOf);
      if (packet.type !== "publish") {
        this.#record(marks, { what: "received", ...shown });
        continue;
      }
      if (packet.topicAlias > 0 && packet.topic !== "") aliases.set(packet.topicAlias, packet.topic);
      const topic = packet.topic === "" ? topicOf(packet.topicAlias) : packet.topic;
      const decision = topic === undefined ? undefined : session.permissions?.publication(topic, packet);
      const rule = decision === undefined ? {} : { rule: nameOf(decision) };
      this.#record(marks, { what: "received", ...shown, ...rule }, packet.payload);
    }
  }

  sent(packets: readonly ServerPacket[]): void {
    const marks = this.#marks;
    if (marks.length === 0) return;
    const { outgoingAliases } = this.#followed().session;
    for (const packet of packets) {
      const shown = shownPacket(packet, (alias) => outgoingAliases.topicOf(alias));
      this.#record(marks, { what: "sent", ...shown }, packet.type === "publish" ? packet.payload : undefined);
    }
  }

  /** Messages of a shard, which are sent, queued or turned down. False if nobody wants to hear of it. */
  delivered(parts: readonly DeliveryPart[], answer: DeliveryAnswer): boolean {
    const marks = this.#marks;
    if (marks.length === 0) return false;
    for (const [index, part] of parts.entries()) {
      const { gone, refused = [], share } = answer.parts[index] ?? { gone: false };
      const reader = new RecordReader(part.body);
      for (let record = 0; reader.next(); record++) {
        const isTaken = !answer.busy && !gone && !refused.includes(record) && record < (share?.taken ?? Infinity);
        const { topic, qos, retain, payload } = reader;
        const detail = `${isTaken ? "taken over" : gone ? "of an earlier session" : "no room"}, from ${publisherIn(part.publisher)}`;
        const about = { topic: shorten(topic), qos, ...(retain ? { retain } : {}), payloadBytes: payload.length };
        this.#record(marks, { what: isTaken ? "queued" : "dropped", ...about, detail: shorten(detail) }, payload);
      }
    }
    return true;
  }

  reported(reports: readonly Report[]): void {
    const marks = this.#marks;
    if (marks.length === 0) return;
    for (const { event, reason, count, detail } of reports) {
      const times = count > 1 ? `${count} times, first: ` : "";
      const words = { reason, detail: shorten(times + detail) };
      this.#record(marks, { what: event === "drop" ? "dropped" : "denied", ...words });
    }
  }

  disconnected(): void {
    const marks = this.#marks;
    if (marks.length > 0) this.#record(marks, { what: "closed" });
  }

  /** What is on its way to traces, until it has arrived. */
  settled(): Promise<void> {
    return this.#recorder.settled();
  }

  #record(marks: readonly TraceMark[], happening: Happening, payload?: Uint8Array): void {
    const event: TraceEvent = {
      atMs: this.#followed().nowMs,
      at: "session",
      clientId: shorten(clientIdIn(this.#followed().session.name)),
      ...happening,
    };
    this.#recorder.record(marks, (mark) =>
      mark.payload && payload !== undefined ? { ...event, ...shownPayload(payload) } : event,
    );
  }
}
