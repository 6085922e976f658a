// Sends what the window allows, in the order of the queue, and lets go of what is finished.

import { EMPTY_BYTES, type OutPublish } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { varintBytes } from "../protocol/varint.ts";
import type { RecordReader } from "../queue/record.ts";
import { Progress } from "../queue/window.ts";
import type { Effects } from "./effects.ts";
import { mayDeliver } from "./permission.ts";
import { type Connection, type Session, wasOffered } from "./state.ts";

/** Sent in one step at most; the acknowledgements of these bring the next. Bounds the frame and the memory it takes. */
const stepBytesMax = 2 * 1024 * 1024;
/** Positions that one row declares as possibly sent ahead of sending them. */
const reservedAhead = 4_096;

export function fill(session: Session, effects: Effects, nowMs: number): void {
  const { connection, window, queue, limits } = session;
  if (connection !== undefined) {
    const inflightMax = Math.min(connection.receiveMaximum, limits.inflightMax);
    let bytes = sendReturned(session, connection, inflightMax, effects, nowMs);
    while (window.next < queue.end && window.inflight < inflightMax && !window.spanIsFull && bytes < stepBytesMax) {
      bytes += advance(session, connection, effects, nowMs);
    }
    queue.sent(window.next);
  }
  // Rows of finished segments go as a whole; within a segment the window knows what is finished.
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
}

/** Sends, resends or skips the message at `next`; how many bytes it took. */
function advance(session: Session, connection: Connection, effects: Effects, nowMs: number): number {
  const { window } = session;
  if (window.passGap()) return 0;
  const position = window.next;
  if (session.leases.isHidden(position, nowMs)) {
    window.pass();
    return 0;
  }
  const progress = window.progressAt(position);
  if (progress === Progress.done) {
    // Of an earlier connection, or dropped.
    window.skip();
    return 0;
  }
  if (progress === Progress.released) {
    effects.send.push({ type: "pubrel", packetId: window.packetIdAt(position), reason: ReasonCode.success });
    window.sendRelease();
    return 4;
  }
  return sendMessage(session, connection, position, effects, nowMs);
}

/** What was passed because somebody had it over HTTP, and has it no more: it was not acknowledged. */
function sendReturned(
  session: Session,
  connection: Connection,
  inflightMax: number,
  effects: Effects,
  nowMs: number,
): number {
  const { leases, window } = session;
  let bytes = 0;
  if (leases.size === 0) return bytes;
  for (const position of leases.visible(nowMs)) {
    if (window.inflight >= inflightMax || bytes >= stepBytesMax) break;
    const progress = window.progressAt(position);
    if (progress === Progress.done) leases.forget(position);
    if (position >= window.next || progress !== Progress.untouched) continue;
    bytes += sendMessage(session, connection, position, effects, nowMs);
  }
  return bytes;
}

/** Sends or gives up a message that is not in flight. */
function sendMessage(
  session: Session,
  connection: Connection,
  position: number,
  effects: Effects,
  nowMs: number,
): number {
  const { window, queue } = session;
  const found = queue.read(position);
  if (found === undefined) throw new Error(`no segment holds position ${position}`);
  const { reader } = found;
  const dup = position < window.dupBelow || wasOffered(session, position, found.offered);
  // An expired message goes unsent, unless its delivery has begun [MQTT-3.3.2-5] [MQTT-4.3.3-7].
  if (!dup && isExpired(reader, nowMs)) return giveUp(session, position, "expired", reader.topic, effects);
  // Of QoS 2 its client may remember the identifier: what was begun is finished.
  if (!(dup && reader.qos === 2) && !mayDeliver(session, reader)) {
    return giveUp(session, position, "delivery-denied", reader.topic, effects);
  }
  const sized = publishPacket(session, connection, reader, window.packetIdAt(position), dup, nowMs);
  if (sized === undefined) return giveUp(session, position, "packet-too-large", reader.topic, effects);
  // Whether it was sent must be known after a crash: its segment says so, or the window's row, ahead of time.
  const saysSo = found.offered && position >= session.exactBelow;
  if (!saysSo && session.record !== undefined && position >= session.durableDupBelow) {
    putWindow(session, effects, position + reservedAhead);
  }
  window.send(reader.qos, position);
  effects.send.push(sized.packet);
  return sized.bytes;
}

/** Written down: an object that loses its memory would take it for one that was sent, and send it behind its followers. */
function giveUp({ window }: Session, position: number, reason: string, topic: string, effects: Effects): number {
  effects.drop(reason, topic);
  window.settle(position);
  effects.windowChanged = true;
  return 0;
}

/** A QoS 0 message goes out at once or not at all. */
export function sendQos0(
  session: Session,
  connection: Connection,
  reader: RecordReader,
  effects: Effects,
  nowMs: number,
): void {
  if (isExpired(reader, nowMs)) return effects.drop("expired", reader.topic);
  if (!mayDeliver(session, reader)) return effects.drop("delivery-denied", reader.topic);
  const sized = publishPacket(session, connection, reader, 0, false, nowMs);
  if (sized === undefined) return effects.drop("packet-too-large", reader.topic);
  effects.send.push(sized.packet);
}

/** The window's row, written once in a step however often it changes in it. */
export function putWindow(session: Session, effects: Effects, dupBelow: number): void {
  session.durableDupBelow = Math.max(session.durableDupBelow, dupBelow);
  effects.windowChanged = true;
}

function isExpired(reader: RecordReader, nowMs: number): boolean {
  return reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs;
}

/** The packet for one message on this connection, or undefined if it is larger than the client allows. */
function publishPacket(
  session: Session,
  connection: Connection,
  reader: RecordReader,
  packetId: number,
  dup: boolean,
  nowMs: number,
): { readonly packet: OutPublish; readonly bytes: number } | undefined {
  const isFive = connection.version === 5;
  const { topicBytes, properties, payload, qos, retain } = reader;
  const alias = connection.topicAliasMaximum > 0 ? session.outgoingAliases.for(reader.topic, connection) : noAlias;
  // The received interval less the time waited [MQTT-3.3.2-6].
  const expiry = isFive && reader.expiresAtMs > 0 ? Math.max(0, Math.ceil((reader.expiresAtMs - nowMs) / 1000)) : -1;
  const packet = {
    type: "publish" as const,
    qos,
    retain,
    dup,
    packetId,
    topicBytes: alias.isKnown ? EMPTY_BYTES : topicBytes,
    topicAlias: alias.alias,
    subscriptionIds: isFive ? reader.identifiers : [],
    properties,
    payload,
  };
  const bytes = publishBytes(packet, isFive, expiry >= 0);
  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
  if (bytes > connection.maximumPacketBytes) return undefined;
  if (alias.alias > 0) session.outgoingAliases.sent(reader.topic, alias.alias);
  return { packet: expiry < 0 ? packet : { ...packet, messageExpirySeconds: expiry }, bytes };
}

const noAlias = { alias: 0, isKnown: false };

/** Size of the packet on the wire. */
function publishBytes(packet: OutPublish, isFive: boolean, expires: boolean): number {
  let properties = 0;
  if (isFive) {
    properties = packet.properties.length + (expires ? 5 : 0) + (packet.topicAlias > 0 ? 3 : 0);
    for (const identifier of packet.subscriptionIds) properties += 1 + varintBytes(identifier);
    properties += varintBytes(properties);
  }
  const remaining = 2 + packet.topicBytes.length + (packet.qos > 0 ? 2 : 0) + properties + packet.payload.length;
  return 1 + varintBytes(remaining) + remaining;
}
