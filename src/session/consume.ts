// The session's queue as a worker sees it that has no MQTT connection: it pulls messages, which are leased to it, and
// acknowledges them when it has handled them. It is the queue and the window that MQTT delivery has, not a second queue:
// what is acknowledged here is finished there, and what is leased the next connection passes over.
//
// Which messages a pull gets, from the oldest on:
// 1. finished and dropped ones are passed over;
// 2. so are leased ones, until their lease ends;
// 3. so are those of QoS 2 whose delivery by MQTT has begun: the client remembers their identifiers, and ends it itself;
// 4. expired ones are given up, and counted;
// 5. of the rest as many as were asked for, as far as they fit; the first of them always does.

import type { QoS } from "../protocol/packet.ts";
import type { FoundRecord } from "../queue/queue.ts";
import { Progress } from "../queue/window.ts";
import type { Effects } from "./effects.ts";
import { fill } from "./fill.ts";
import { continueReplays } from "./replay.ts";
import { generationOf, type Session, wasOffered } from "./state.ts";

export interface PullRequest {
  readonly kind: "pull";
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** How long nobody else gets them. */
  readonly visibilityMs: number;
}

export interface PulledMessage {
  readonly position: number;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Uint8Array;
  /** As they stand in PUBLISH; see src/codec. */
  readonly properties: Uint8Array;
  readonly identifiers: readonly number[];
  /** 0: never. */
  readonly expiresAtMs: number;
  /** When it was stored; 0: not known, because earlier code has stored it. */
  readonly queuedAtMs: number;
  /** This time included. */
  readonly deliveries: number;
  /** Whether it was, or may have been, handed to anybody before. */
  readonly redelivered: boolean;
}

export type PullAnswer =
  | { readonly kind: "absent" }
  /** An MQTT client is connected, or there is a sink: its messages go to it. */
  | { readonly kind: "connected" }
  | {
      readonly kind: "pulled";
      readonly generation: number;
      readonly lease: number;
      readonly untilMs: number;
      readonly messages: readonly PulledMessage[];
      /** Messages that wait or are leased, these included. */
      readonly depth: number;
      /** When leased messages become visible again; absent if none are leased. */
      readonly nextVisibleAtMs?: number;
    };

/** Names a message that was handed out. */
export interface Handle {
  readonly generation: number;
  readonly lease: number;
  readonly position: number;
}

export interface SettleRequest {
  readonly kind: "settle";
  readonly handles: readonly Handle[];
  /** acknowledge: it is handled · return: somebody else shall have it, after so long · extend: it takes longer */
  readonly action: "acknowledge" | "return" | "extend";
  /** From now on, of what is returned or extended. */
  readonly visibleInMs: number;
}

/** done: as asked, or acknowledged before · lost: its lease had ended, and another has it or the session is another */
export type SettleStatus = "done" | "lost";

export interface SettleAnswer {
  readonly kind: "settled";
  readonly statuses: readonly SettleStatus[];
}

/** Messages handed out and not finished; more are not handed out before some are acknowledged or given back. */
const leasedMax = 4_096;

export function pull(session: Session, request: PullRequest, effects: Effects, nowMs: number): PullAnswer {
  const { window, queue, leases, record } = session;
  if (session.connection !== undefined || session.sink !== undefined) return { kind: "connected" };
  if (record === undefined) return { kind: "absent" };
  forgetFinished(session);
  const messages: PulledMessage[] = [];
  let bytes = 0;
  let taken = 0;
  let end = window.head;
  for (let next = nextVisible(session, end, nowMs); next !== undefined; next = nextVisible(session, end, nowMs)) {
    const { position, begun, found } = next;
    const known = leases.of(position);
    if (messages.length >= request.messagesMax || (known === undefined && leases.size + taken >= leasedMax)) break;
    const { reader, atMs } = found;
    end = position + 1;
    if (!begun && reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs) {
      effects.drop("expired", reader.topic);
      finish(session, position);
      effects.windowChanged = true;
      continue;
    }
    bytes += reader.end - reader.start;
    if (messages.length > 0 && bytes > request.bytesMax) break;
    if (known === undefined) taken++;
    const { topic, qos, retain, payload, properties, identifiers, expiresAtMs } = reader;
    messages.push({
      position,
      topic,
      qos,
      retain,
      payload: payload.slice(),
      properties: properties.slice(),
      identifiers,
      expiresAtMs,
      queuedAtMs: atMs,
      deliveries: (known?.deliveries ?? 0) + 1,
      redelivered: begun || known !== undefined,
    });
  }
  // Bodies that were handed out are read again from their rows, should it come to that.
  queue.sent(end);
  release(session, effects);
  continueReplays(session, effects, true);
  renew(session, effects, nowMs);
  const untilMs = nowMs + request.visibilityMs;
  let lease = 0;
  if (messages.length > 0) {
    const positions = messages.map((message) => message.position);
    lease = leases.take(positions, untilMs, nowMs);
    effects.persist.push({ kind: "put-leases", leases: leases.snapshot() });
  }
  const nextVisibleAtMs = leases.nextVisibleAtMs(nowMs);
  const { generation } = record;
  const depth = window.unfinishedBefore(queue.end);
  const answer = { kind: "pulled", generation, lease, untilMs, messages, depth } as const;
  return nextVisibleAtMs === undefined ? answer : { ...answer, nextVisibleAtMs };
}

/** Whether a pull would find something. */
export function hasVisible(session: Session, nowMs: number): boolean {
  return nextVisible(session, session.window.head, nowMs) !== undefined;
}

interface Visible {
  readonly position: number;
  readonly found: FoundRecord;
  /** It was, or may have been, sent to an MQTT client. */
  readonly begun: boolean;
}

/** The first message from `position` on that nobody has. */
export function nextVisible(session: Session, position: number, nowMs: number): Visible | undefined {
  const { window, queue, leases } = session;
  for (const end = Math.min(queue.end, window.spanEnd); position < end; position++) {
    if (window.progressAt(position) !== Progress.untouched || window.isDropped(position)) continue;
    if (leases.isHidden(position, nowMs)) continue;
    const found = queue.read(position);
    if (found === undefined) throw new Error(`no segment holds position ${position}`);
    const begun = position < window.dupBelow || wasOffered(session, position, found.offered);
    if (!begun || found.reader.qos === 1) return { position, found, begun };
  }
  return undefined;
}

export function settle(session: Session, request: SettleRequest, effects: Effects, nowMs: number): SettleAnswer {
  const { leases, window, queue } = session;
  let acknowledged = 0;
  let changed = 0;
  const visibleAtMs = nowMs + request.visibleInMs;
  const statuses = request.handles.map(({ generation, lease, position }): SettleStatus => {
    if (generation !== generationOf(session)) return "lost";
    if (isFinished(session, position)) {
      // Perhaps by a client, and as long as its segment is there no row need say so.
      if (request.action === "acknowledge" && position >= queue.bounds.first) effects.windowChanged = true;
      return "done";
    }
    if (leases.of(position)?.lease !== lease || isClients(session, position)) return "lost";
    changed++;
    switch (request.action) {
      case "acknowledge":
        finish(session, position);
        acknowledged++;
        break;
      case "return":
        leases.giveBack(position, visibleAtMs);
        break;
      case "extend":
        leases.postpone(position, visibleAtMs);
        break;
      default:
        request.action satisfies never;
    }
    return "done";
  });
  if (changed > 0) effects.persist.push({ kind: "put-leases", leases: leases.snapshot() });
  if (acknowledged > 0) {
    release(session, effects);
    // Where whole segments are finished their rows are gone, which says it all; otherwise the window's row has to.
    if (window.head !== queue.bounds.first || window.finishedAhead > 0) effects.windowChanged = true;
  }
  // An MQTT client may have come meanwhile, whom it was kept from.
  if (changed > acknowledged && session.connection !== undefined) fill(session, effects, nowMs);
  return { kind: "settled", statuses };
}

/**
 * A session that is read from is in use, and its time starts anew. Not with each pull, since that is a row: when a tenth of it
 * has passed.
 */
function renew(session: Session, effects: Effects, nowMs: number): void {
  const { record } = session;
  if (record === undefined || record.expiresAtMs === 0) return;
  const lifeMs = record.expirySeconds * 1000;
  if (nowMs < record.expiresAtMs - lifeMs * 0.9) return;
  session.record = { ...record, expiresAtMs: nowMs + lifeMs };
  effects.persist.push({ kind: "put-session", record: session.record });
}

/** Of what an MQTT connection has finished meanwhile. */
function forgetFinished(session: Session): void {
  for (const position of [...session.leases.positions]) {
    if (isFinished(session, position)) session.leases.forget(position);
  }
}

function isFinished({ window }: Session, position: number): boolean {
  return window.progressAt(position) === Progress.done;
}

/** An MQTT client has been sent it since its lease ended: of QoS 1 as long as it is connected, of QoS 2 for good. */
function isClients(session: Session, position: number): boolean {
  const { window, queue } = session;
  if (window.progressAt(position) !== Progress.untouched) return true;
  const found = queue.read(position);
  if (found === undefined || found.reader.qos !== 2) return false;
  return position < window.dupBelow || wasOffered(session, position, found.offered);
}

function finish({ window, leases }: Session, position: number): void {
  window.settle(position);
  leases.forget(position);
}

function release({ window, queue }: Session, effects: Effects): void {
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
}
